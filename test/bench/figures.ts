/** Middle of the values; of an even number the upper one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** One figure of a bench: what was measured, what it must reach. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly what: string
  /** The bar, as text; '' where there is none. */
  readonly bar: string
}

/** Prints figures as a table, or as one JSON object with numbers by name. */
export function printFigures(figures: readonly Figure[], json: boolean): void {
  if (json) {
    console.log(JSON.stringify(Object.fromEntries(figures.map(({ name, value }) => [name, value]))))
    return
  }
  const shown = (value: number): string =>
    Number.isInteger(value) ? String(value) : value.toPrecision(4)
  const width = Math.max(...figures.map(({ name }) => name.length))
  for (const { name, value, what, bar } of figures) {
    console.log(`${name.padEnd(width)}  ${shown(value).padStart(10)}  ${what}${bar && ` (${bar})`}`)
  }
}
