/**
 * The central band of a binomial count: the smallest and the largest count whose tails, on either
 * side, hold at least (1 - level) / 2. Exact, by summing probabilities in log space.
 * @returns [low, high], both inclusive
 */
export function binomialBand(n: number, rate: number, level: number): [number, number] {
  const tail = (1 - level) / 2
  let low = -1
  let cumulated = 0
  let logTerm = n * Math.log1p(-rate)
  for (let k = 0; k <= n; k++) {
    cumulated += Math.exp(logTerm)
    if (low < 0 && cumulated >= tail) low = k
    if (cumulated >= 1 - tail) return [low, k]
    logTerm += Math.log((n - k) / (k + 1)) + Math.log(rate / (1 - rate))
  }
  return [Math.max(low, 0), n]
}
