/**
 * k distinct points of n at random, those with weight before those without (a medoid of weight 0
 * stands for nobody). Ascending by draw; O(n).
 */
export function randomMedoids(
  n: number,
  k: number,
  weights: Float64Array,
  random: () => number,
): Int32Array {
  const heavy: number[] = []
  const light: number[] = []
  for (let o = 0; o < n; o++) (weights[o]! > 0 ? heavy : light).push(o)
  const drawn = drawSome(heavy, Math.min(k, heavy.length), random)
  return Int32Array.from([...drawn, ...drawSome(light, k - drawn.length, random)])
}

/** `count` of the items without replacement, in random order; changes the order of `items`. */
export function drawSome(items: number[], count: number, random: () => number): number[] {
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (items.length - i))
    const item = items[j]!
    items[j] = items[i]!
    items[i] = item
  }
  return items.slice(0, count)
}
