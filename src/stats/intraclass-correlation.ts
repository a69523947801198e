/**
 * Share of the variance of the ranks of some values that lies between groups: the intraclass correlation by a
 * one-way analysis of variance (Fisher 1925), of ranks so that an odd value does not count.
 * @param group of the values in ascending order, in [from, to); two groups or more, and more values than groups
 */
export function rankIntraclassCorrelation(group: Int32Array, from: number, to: number): number {
  const count = group.length
  const n = new Float64Array(to - from)
  const sum = new Float64Array(to - from)
  let squares = 0
  for (let rank = 0; rank < count; rank++) {
    n[group[rank]! - from]!++
    sum[group[rank]! - from]! += rank
    squares += rank * rank
  }
  const groups = n.reduce((total, one) => total + Number(one > 0), 0)
  const all = sum.reduce((total, one) => total + one, 0)
  const explained = sum.reduce((total, one, g) => total + (n[g]! > 0 ? one ** 2 / n[g]! : 0), 0)
  const between = (explained - all ** 2 / count) / (groups - 1)
  const within = Math.max(0, squares - explained) / (count - groups)
  const sizes = n.reduce((total, one) => total + one ** 2, 0)
  const size = (count - sizes / count) / (groups - 1)
  const total = between + (size - 1) * within
  return total > 0 ? (between - within) / total : 0
}
