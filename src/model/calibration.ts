/**
 * Scores into p-values. Two stages, each with its own p, and one calibrated combination:
 * - A, structure: the novelty of the set of paths, ranked among all calibration observations;
 * - B, distance: the distance to the nearest medoid over that cluster's scale, ranked among the
 *   cluster's own calibration observations where it has at least 2/alpha of them, else among its
 *   stratum's, else among all (back-off: naive per-cluster ranks destroy recall).
 * The statistic is the smaller of the two. Splitting alpha by Bonferroni would waste what a discrete
 * stage A does not use, so the statistic is itself ranked among the calibration observations: split
 * conformal prediction (Vovk et al. 2005; Bates et al. 2023), P(p <= alpha) <= alpha for exchangeable
 * normal traffic whatever the two stages do. A rank over all would be that of the busiest entry operation:
 * health checks at 30 times the traffic made everything else strange. So each that has enough
 * observations is ranked by itself, and the others together.
 */
export interface Calibration {
  /** Calibration observations behind it. */
  readonly count: number
  /** Novelty scores, ascending. */
  readonly novelty: Float64Array<ArrayBuffer>
  /** Scale of each cluster (global index): what a distance is divided by. */
  readonly clusterScale: Float64Array<ArrayBuffer>
  /** Group of each cluster, an index into `groups`. */
  readonly groupOf: Int32Array<ArrayBuffer>
  readonly groups: readonly ScoreGroup[]
  /**
   * The combined statistics of calibration observations that are ranked together, ascending: those of an
   * entry operation that has enough of them, and those of all the others.
   */
  readonly ranks: readonly Float64Array<ArrayBuffer>[]
  /** Ranks of each cluster (global index), an index into `ranks`. */
  readonly rankOf: Int32Array<ArrayBuffer>
}

/** Scaled distances that are ranked together. */
export interface ScoreGroup {
  readonly level: 'cluster' | 'stratum' | 'all'
  /** Ascending. */
  readonly scores: Float64Array<ArrayBuffer>
  /** Beyond this score (the 95 % quantile) the tail is a generalised Pareto distribution. */
  readonly threshold: number
  readonly scale: number
  /** In [0, 0.5]: 0 is an exponential tail. */
  readonly shape: number
}

/** Observations with which a cluster's own scale counts as much as everybody's. */
const PRIOR_WEIGHT = 200
const TAIL = 0.05
const SMALLEST = 1e-12
/** Without spread in the tail any excess would be infinitely strange. */
const LEAST_EXCESS = 0.05

/** One judged observation. */
export interface PValues {
  p: number
  pStructure: number
  pDistance: number
}

/**
 * Calibrates from scored observations that were not used to fit.
 * @param strata stratum of each cluster (global index)
 */
export function calibrate(
  scored: {
    readonly cluster: Int32Array
    readonly distance: Float64Array
    readonly novelty: Float64Array
  },
  strata: Int32Array,
  alpha: number,
): Calibration {
  const count = scored.cluster.length
  const clusterScale = clusterScales(scored, strata.length)
  const scores = scored.distance.map((d, i) => d / clusterScale[scored.cluster[i]!]!)
  const { groups, groupOf } = scoreGroups(scored.cluster, scores, strata, 2 / alpha)
  const partial = {
    count,
    novelty: scored.novelty.slice().sort(),
    clusterScale,
    groupOf,
    groups,
  }
  const statistic = new Float64Array(count)
  const judged = { p: 1, pStructure: 1, pDistance: 1 }
  for (let i = 0; i < count; i++) {
    stages(partial, scored.cluster[i]!, scored.distance[i]!, scored.novelty[i]!, judged)
    statistic[i] = combine(judged)
  }
  return { ...partial, ...rankings(scored.cluster, statistic, strata, 2 / alpha) }
}

/** Who is ranked with whom: strata with `enough` observations by themselves, all others together. */
function rankings(
  cluster: Int32Array,
  statistic: Float64Array,
  strata: Int32Array,
  enough: number,
): Pick<Calibration, 'ranks' | 'rankOf'> {
  const byStratum = new Map<number, number[]>()
  statistic.forEach((value, i) => {
    collect(byStratum, strata[cluster[i]!]!, value)
  })
  const others = [...byStratum].filter(([, values]) => values.length < enough)
  const together = others.flatMap(([, values]) => values)
  const ranks = [Float64Array.from(together.length < enough ? statistic : together).sort()]
  const rankOf = new Int32Array(strata.length)
  for (const [stratum, values] of byStratum) {
    if (values.length < enough) continue
    const own = ranks.push(Float64Array.from(values).sort()) - 1
    for (let c = 0; c < strata.length; c++) if (strata[c] === stratum) rankOf[c] = own
  }
  return { ranks, rankOf }
}

/** Fills `out` for an observation at `distance` from cluster `cluster` (global index). */
export function pValues(
  calibration: Calibration,
  cluster: number,
  distance: number,
  novelty: number,
  out: PValues,
): void {
  stages(calibration, cluster, distance, novelty, out)
  const statistic = combine(out)
  const ranked = calibration.ranks[calibration.rankOf[cluster]!]!
  const below = upperBound(ranked, statistic)
  const p = (1 + below) / (ranked.length + 1)
  // Beyond every calibration observation the rank says no more: the statistic, itself a tail
  // probability, orders what is left. It never decides alone, as 1/(n+1) has to be under alpha first.
  const beyond = below === 0 && ranked.length > 0 ? statistic / ranked[0]! : 1
  out.p = Math.max(SMALLEST, p * beyond)
}

function stages(
  calibration: Omit<Calibration, 'ranks' | 'rankOf'>,
  cluster: number,
  distance: number,
  novelty: number,
  out: PValues,
): void {
  out.pStructure = structuralP(calibration, novelty)
  const group = calibration.groups[calibration.groupOf[cluster]!]!
  out.pDistance = tailProbability(group, distance / calibration.clusterScale[cluster]!)
}

/** Stage A alone: the share of the calibration observations that are at least as novel. */
export function structuralP(
  { count, novelty: ranked }: Pick<Calibration, 'count' | 'novelty'>,
  novelty: number,
): number {
  return novelty === 0 ? 1 : (1 + count - lowerBound(ranked, novelty)) / (count + 1)
}

function tailProbability(group: ScoreGroup, score: number): number {
  const { scores, threshold, scale, shape } = group
  const n = scores.length
  if (score <= threshold) return (1 + n - lowerBound(scores, score)) / (n + 1)
  const excess = (score - threshold) / scale
  const tail = shape < 1e-6 ? Math.exp(-excess) : (1 + shape * excess) ** (-1 / shape)
  return Math.max(SMALLEST, TAIL * tail)
}

/** The smaller p; the larger one only orders ties. */
function combine({ pStructure, pDistance }: PValues): number {
  const low = Math.min(pStructure, pDistance)
  return low * (0.999 + 0.001 * Math.max(pStructure, pDistance))
}

function clusterScales(
  scored: { readonly cluster: Int32Array; readonly distance: Float64Array },
  clusters: number,
): Float64Array<ArrayBuffer> {
  const all = quantile95(scored.distance.slice().sort()) || 1
  const members: number[][] = Array.from({ length: clusters }, () => [])
  scored.cluster.forEach((cluster, i) => {
    members[cluster]!.push(scored.distance[i]!)
  })
  return Float64Array.from(members, (distances) => {
    const own = quantile95(Float64Array.from(distances).sort())
    const n = distances.length
    return Math.max(all, (n * own + PRIOR_WEIGHT * all) / (n + PRIOR_WEIGHT))
  })
}

function scoreGroups(
  cluster: Int32Array,
  scores: Float64Array,
  strata: Int32Array,
  enough: number,
): { groups: ScoreGroup[]; groupOf: Int32Array<ArrayBuffer> } {
  const byCluster = new Map<number, number[]>()
  const byStratum = new Map<number, number[]>()
  scores.forEach((score, i) => {
    collect(byCluster, cluster[i]!, score)
    collect(byStratum, strata[cluster[i]!]!, score)
  })
  const groups: ScoreGroup[] = [scoreGroup('all', scores)]
  const stratumGroup = new Map<number, number>()
  const groupOf = new Int32Array(strata.length)
  for (let c = 0; c < strata.length; c++) {
    const own = byCluster.get(c) ?? []
    const stratum = byStratum.get(strata[c]!) ?? []
    if (own.length >= enough) {
      groupOf[c] = groups.push(scoreGroup('cluster', own)) - 1
    } else if (stratum.length >= enough) {
      const known = stratumGroup.get(strata[c]!)
      groupOf[c] = known ?? groups.push(scoreGroup('stratum', stratum)) - 1
      stratumGroup.set(strata[c]!, groupOf[c]!)
    }
  }
  return { groups, groupOf }
}

function collect(into: Map<number, number[]>, key: number, value: number): void {
  const list = into.get(key)
  if (list) list.push(value)
  else into.set(key, [value])
}

function scoreGroup(level: ScoreGroup['level'], scores: ArrayLike<number>): ScoreGroup {
  const sorted = Float64Array.from(scores).sort()
  const threshold = quantile95(sorted)
  const excesses = sorted.filter((score) => score > threshold).map((score) => score - threshold)
  return { level, scores: sorted, threshold, ...fitTail(excesses) }
}

/**
 * Generalised Pareto tail by probability-weighted moments (Hosking, Wallis, Technometrics 29, 1987),
 * which stay sane for the few dozen excesses there are. The shape is kept in [0, 0.5]: bounded
 * tails are not believed, infinite variance is not needed to rank.
 */
function fitTail(excesses: Float64Array): { scale: number; shape: number } {
  const n = excesses.length
  let mean = 0
  let weighted = 0
  for (let i = 0; i < n; i++) {
    mean += excesses[i]! / n
    weighted += (excesses[i]! * (1 - (i + 0.65) / n)) / n
  }
  const shape = n < 10 ? 0 : Math.min(0.5, Math.max(0, 2 - mean / (mean - 2 * weighted)))
  return { scale: Math.max(LEAST_EXCESS, mean * (1 - shape)), shape }
}

function quantile95(sorted: Float64Array): number {
  return sorted.length === 0 ? 0 : sorted[Math.floor(0.95 * (sorted.length - 1))]!
}

/** Index of the first entry >= value. */
function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the first entry > value. */
function upperBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}
