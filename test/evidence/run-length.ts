/** Mean of so many run lengths, and its standard error. */
export function meanRunLength(runs: number, run: () => number): { mean: number; error: number } {
  let total = 0
  let squares = 0
  for (let i = 0; i < runs; i++) {
    const steps = run()
    total += steps
    squares += steps * steps
  }
  const mean = total / runs
  return { mean, error: Math.sqrt((squares / runs - mean * mean) / runs) }
}
