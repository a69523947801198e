import { OCTAVES, octaveOf, relativeExcess } from './excess-time.ts'

/**
 * Statistics into p-values. The two questions of a verdict are ranked apart, each among calibration
 * observations that the fit did not use (split conformal prediction: Vovk et al. 2005; Bates et al.
 * 2023), and each has its own part of alpha, so that P(p <= alpha) <= alpha for exchangeable normal
 * traffic. In one ranking the shapes of an incident and the stalls of normal calls would hide each
 * other.
 *
 * A rank among all would be that of the busiest entry operation: health checks at 30 times the traffic
 * made everything else strange. So each that has enough observations is ranked by itself, and the
 * others together.
 */
export interface Calibration {
  /** Calibration observations behind it. */
  readonly count: number
  /** By stratum of the model and octave of expected time: what its excess is divided by, 1 or more. */
  readonly widening: Float64Array<ArrayBuffer>
  /** ln of the widened excess. */
  readonly time: Ranking
  /** Nats, which mean the same in every stratum: one ranking for all. */
  readonly shape: RankedGroup
  /** Nats from which all of alpha is reached: where there is no time to ask for. */
  readonly shapeAlone: number
  /** Distance to the nearest medoid, whose rank is watched for drift. */
  readonly distance: Ranking
  /** Nats of the sets of call paths alone, ascending: one ranking for all strata. */
  readonly structure: Float64Array<ArrayBuffer>
}

/** A statistic among the calibration observations of strata that are ranked together. */
export interface Ranking {
  readonly groups: readonly RankedGroup[]
  /** Group of each stratum of the model. */
  readonly groupOf: Int32Array<ArrayBuffer>
}

export interface RankedGroup {
  /** Ascending. */
  readonly values: Float64Array<ArrayBuffer>
  /** Beyond the largest, p falls by exp(-steepness * excess). */
  readonly steepness: number
  /** The value from which the question's part of alpha is reached. */
  readonly line: number
}

/** What is known of calibration observations: stratum of the model by index, and the statistics. */
export interface Scored {
  readonly stratum: Int32Array
  readonly excessMs: Float64Array
  readonly expectedMs: Float64Array
  readonly shape: Float64Array
  readonly structure: Float64Array
  readonly distance: Float64Array
}

/** Most faults cost time, and shapes take few values: a smaller part is enough for them. */
export const PART_OF_ALPHA = { time: 0.9, shape: 0.1 } as const
/** Observations with which the spread of comparable ones counts as much as everybody's. */
const PRIOR_WEIGHT = 200
/** A fiftieth of what an observation usually takes is nothing to call strange, however constant it is. */
const MATERIAL_SHARE = 0.02
/** A microsecond: what clocks tell apart. */
const LEAST_EXPECTED_MS = 0.001
const SMALLEST = 1e-12
/** Share of the largest values that say how the tail falls, and the fewest of them that can. */
const TAIL_SHARE = 0.05
const LEAST_TAIL = 10
/** Latency has heavy tails: a power law of this exponent is as light as is believed from few values. */
const STEEPEST = 2
/** Surprises below this are no reason for a verdict: something seen in a third of all cases. */
const LEAST_NATS = 1

/** Both questions of one observation, answered. */
export interface PValues {
  p: number
  pTime: number
  pShape: number
  /** Rank of the distance to the nearest medoid: not part of `p`. */
  pDistance: number
  /** Excess time and nats, each over the value at which alpha is reached; their sum is the score. */
  timeScore: number
  shapeScore: number
}

/** What the questions are asked with. */
export interface Statistics {
  excessMs: number
  expectedMs: number
  /** Nats. */
  shape: number
  distance: number
}

export function calibrate(scored: Scored, strata: number, alpha: number): Calibration {
  const { stratum, excessMs, expectedMs, shape } = scored
  const count = stratum.length
  const widening = widenings(scored, strata)
  const time = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const expected = Math.max(expectedMs[i]!, LEAST_EXPECTED_MS)
    const excess = Math.max(excessMs[i]!, MATERIAL_SHARE * expected)
    time[i] = timeStatistic(widening, stratum[i]!, { excessMs: excess, expectedMs: expectedMs[i]! })
  }
  const { time: timePart, shape: shapePart } = PART_OF_ALPHA
  return {
    count,
    widening,
    time: rank(time, stratum, strata, alpha, timePart * alpha),
    shape: surprises(shape, shapePart * alpha),
    shapeAlone: surprises(shape, alpha).line,
    distance: rank(scored.distance, stratum, strata, alpha, alpha),
    structure: scored.structure.slice().sort(),
  }
}

/** Fills `out` for an observation of a stratum of the model, given by its index. */
export function pValues(
  calibration: Calibration,
  stratum: number,
  statistics: Statistics,
  out: PValues,
): void {
  const { time, shape, shapeAlone, distance, widening } = calibration
  const byTime = time.groups[time.groupOf[stratum]!]!
  const excess = timeStatistic(widening, stratum, statistics)
  out.pTime = tailProbability(byTime, excess)
  out.pShape = surpriseProbability(shape, statistics.shape)
  out.pDistance = tailProbability(distance.groups[distance.groupOf[stratum]!]!, statistics.distance)
  // What takes no time, a session of log records, is asked for its shape alone.
  if (statistics.expectedMs === 0) {
    out.p = out.pShape
    out.timeScore = 0
    out.shapeScore = statistics.shape / shapeAlone
    return
  }
  out.p = Math.min(1, out.pTime / PART_OF_ALPHA.time, out.pShape / PART_OF_ALPHA.shape)
  out.timeScore = Math.exp(excess - byTime.line)
  out.shapeScore = statistics.shape / shape.line
}

/** The share of the calibration observations whose sets of paths are at least as surprising. */
export function structuralP(
  { count, structure }: Pick<Calibration, 'count' | 'structure'>,
  nats: number,
): number {
  return nats === 0 ? 1 : (1 + count - lowerBound(structure, nats)) / (count + 1)
}

function timeStatistic(
  widening: Float64Array,
  stratum: number,
  time: { readonly excessMs: number; readonly expectedMs: number },
): number {
  const wide = widening[stratum * OCTAVES + octaveOf(time.expectedMs)]!
  return Math.log(relativeExcess(time) / wide)
}

/**
 * Comparable observations (of a stratum, with like expected times) whose excess spreads more than
 * everybody's are measured by their own spread, the more of them there are the more so. None by a
 * smaller one: of few observations a small spread says little.
 */
function widenings(
  { stratum, excessMs, expectedMs }: Scored,
  strata: number,
): Float64Array<ArrayBuffer> {
  const groups = new Map<number, number[]>()
  const all = new Float64Array(stratum.length)
  for (let i = 0; i < stratum.length; i++) {
    const time = { excessMs: excessMs[i]!, expectedMs: expectedMs[i]! }
    all[i] = relativeExcess(time)
    collect(groups, stratum[i]! * OCTAVES + octaveOf(time.expectedMs), all[i]!)
  }
  const usual = quantile95(all)
  const widening = new Float64Array(strata * OCTAVES).fill(1)
  if (usual === 0) return widening
  for (const [group, values] of groups) {
    const n = values.length
    const own = quantile95(Float64Array.from(values))
    widening[group] = Math.max(1, (n * (own / usual) + PRIOR_WEIGHT) / (n + PRIOR_WEIGHT))
  }
  return widening
}

/** Strata with enough observations by themselves, all others together. */
function rank(
  values: Float64Array,
  stratum: Int32Array,
  strata: number,
  alpha: number,
  part: number,
): Ranking {
  const byStratum = new Map<number, number[]>()
  for (let i = 0; i < values.length; i++) collect(byStratum, stratum[i]!, values[i]!)
  const own = [...byStratum].filter(([, { length }]) => length * alpha >= 1)
  const together = [...byStratum].flatMap(([, all]) => (all.length * alpha < 1 ? all : []))
  if (together.length < PRIOR_WEIGHT) {
    for (const [, all] of own) together.push(...evenly(all, PRIOR_WEIGHT))
  }
  const groups = [rankedGroup(together, part)]
  const groupOf = new Int32Array(strata)
  for (const [index, ranked] of own) {
    groupOf[index] = groups.push(rankedGroup(ranked, part)) - 1
  }
  return { groups, groupOf }
}

/** At most so many of the values, evenly chosen: nobody is more than others in a pool of few. */
function evenly(values: readonly number[], most: number): ArrayLike<number> & Iterable<number> {
  if (values.length <= most) return values
  const sorted = Float64Array.from(values).sort()
  return Float64Array.from(
    { length: most },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / most)]!,
  )
}

function rankedGroup(unsorted: ArrayLike<number>, alpha: number): RankedGroup {
  const values = Float64Array.from(unsorted).sort()
  const n = values.length
  const top = n === 0 ? 0 : values[n - 1]!
  const steepness = steepnessOf(values)
  const allowed = Math.floor(alpha * (n + 1)) - 1
  const line = allowed >= 0 ? values[n - 1 - allowed]! : top - Math.log(alpha * (n + 1)) / steepness
  return { values, steepness, line }
}

/** A ranking of nats: beyond the largest, e times rarer with each. */
function surprises(unsorted: Float64Array, part: number): RankedGroup {
  const group = rankedGroup(unsorted, part)
  const { values } = group
  const n = values.length
  const known = part * (n + 1) >= 1 ? group.line : (values[n - 1] ?? 0) - Math.log(part * (n + 1))
  const line = part * (n + 1) >= 1 ? known : Math.max(known, -Math.log(part))
  return { values, steepness: 1, line: Math.max(LEAST_NATS, line) }
}

/** Hill's estimate of the exponent from the largest values, which are logarithms (Ann. Stat. 3, 1975). */
function steepnessOf(values: Float64Array): number {
  const n = values.length
  const tail = Math.max(LEAST_TAIL, Math.floor(TAIL_SHARE * n))
  if (tail >= n) return 1
  let sum = 0
  for (let i = n - tail; i < n; i++) sum += values[i]! - values[n - 1 - tail]!
  return Math.min(STEEPEST, Math.max(1, tail / sum))
}

/**
 * The rank, and beyond every calibration observation, where the rank says no more, a power law of the
 * statistic: it orders what is left, and lets small samples speak of what is far beyond them.
 */
function tailProbability({ values, steepness }: RankedGroup, value: number): number {
  const n = values.length
  const at = lowerBound(values, value)
  if (at < n) return (1 + n - at) / (n + 1)
  const beyond = n === 0 ? 1 : Math.exp(-steepness * (value - values[n - 1]!))
  return Math.max(SMALLEST, beyond / (n + 1))
}

/** No rarer than the nats themselves say, however few the calibration observations show as much. */
function surpriseProbability(group: RankedGroup, nats: number): number {
  const least = 1 / (group.values.length + 1)
  return Math.max(tailProbability(group, nats), Math.min(least, Math.exp(-nats)))
}

function collect(into: Map<number, number[]>, key: number, value: number): void {
  const list = into.get(key)
  if (list) list.push(value)
  else into.set(key, [value])
}

function quantile95(values: Float64Array): number {
  return values.length === 0 ? 0 : values.sort()[Math.floor(0.95 * (values.length - 1))]!
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
