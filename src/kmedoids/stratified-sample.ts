import { drawSome } from './random-medoids.ts'

/** Points drawn from n, each with the weight of all that it stands for. */
export interface Sample {
  /** Ascending. */
  readonly points: Int32Array
  readonly weights: Float64Array
}

/**
 * `size` of n points, some of every stratum: each gets `floor` points (or all that it has) before the
 * rest is shared out by weight, and is weighted back to what it weighs in the whole. So a class of one
 * in a thousand is in every sample, and no louder than it is. Within a stratum points are drawn without
 * replacement, each as likely, and keep their weights in proportion. Without strata all are one.
 *
 * Points without weight are not drawn. Throws RangeError on strata that are not n whole numbers of at
 * least 0. O(n).
 */
export function stratifiedSample(
  n: number,
  size: number,
  weights: Float64Array,
  strata: Int32Array | undefined,
  floor: number,
  random: () => number,
): Sample {
  const groups = groupsOf(n, weights, strata)
  const quotas = shareOut(groups, Math.min(size, n), floor)
  const points: number[] = []
  const scale = new Map<number, number>()
  groups.forEach(({ members, weight }, g) => {
    const drawn = drawSome(members, quotas[g]!, random)
    const sum = drawn.reduce((total, o) => total + weights[o]!, 0)
    for (const o of drawn) {
      points.push(o)
      scale.set(o, weight / sum)
    }
  })
  points.sort((a, b) => a - b)
  return {
    points: Int32Array.from(points),
    weights: Float64Array.from(points, (o) => weights[o]! * (scale.get(o) ?? 1)),
  }
}

/** Throws RangeError unless there are n strata, whole numbers of at least 0. */
export function checkStrata(strata: Int32Array, n: number): void {
  if (strata.length !== n) {
    throw new RangeError(`Expected ${n} strata, one for each point, got ${strata.length}.`)
  }
  const bad = strata.findIndex((stratum) => stratum < 0)
  if (bad >= 0) {
    throw new RangeError(`Stratum of point ${bad} is ${strata[bad]}; it must be at least 0.`)
  }
}

interface Group {
  readonly members: number[]
  weight: number
}

function groupsOf(n: number, weights: Float64Array, strata: Int32Array | undefined): Group[] {
  if (strata) checkStrata(strata, n)
  const groups = new Map<number, Group>()
  for (let o = 0; o < n; o++) {
    if (!(weights[o]! > 0)) continue
    const stratum = strata ? strata[o]! : 0
    const group = groups.get(stratum) ?? { members: [], weight: 0 }
    group.members.push(o)
    group.weight += weights[o]!
    groups.set(stratum, group)
  }
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group)
}

/** How many of each group: the floor, then by weight, largest remainder first; never more than it has. */
function shareOut(groups: readonly Group[], size: number, floor: number): number[] {
  const quotas = groups.map(({ members }) => Math.min(members.length, floor))
  let left = size - quotas.reduce((sum, quota) => sum + quota, 0)
  while (left > 0) {
    const open = groups.map((_, g) => g).filter((g) => quotas[g]! < groups[g]!.members.length)
    if (open.length === 0) break
    const total = open.reduce((sum, g) => sum + groups[g]!.weight, 0)
    const wanted = open.map((g) => ({ g, exact: (left * groups[g]!.weight) / total }))
    let given = 0
    for (const { g, exact } of wanted) {
      const more = Math.min(Math.floor(exact), groups[g]!.members.length - quotas[g]!)
      quotas[g] = quotas[g]! + more
      given += more
    }
    left -= given
    if (given > 0) continue
    wanted.sort((a, b) => b.exact - a.exact || a.g - b.g)
    for (const { g } of wanted.slice(0, left)) quotas[g] = quotas[g]! + 1
    left -= Math.min(left, wanted.length)
  }
  return quotas
}
