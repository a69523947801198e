import type { Change, LoadChange, MixChange } from './changes.ts'
import { derive, unit } from './random.ts'
import type { Entry, Shop } from './shop.ts'

const DAY_MS = 86_400_000
/** The busiest time of the day. */
const PEAK_MS = 14 * 3_600_000

const GAP = 1
const ACCEPTED = 2
const ENTRY = 3

export interface TrafficOptions {
  readonly seed: number
  readonly startMs: number
  readonly durationMs: number
  /** Mean over the day. */
  readonly tracesPerSecond: number
  /** How far the daily sine swings around the mean, as a share of it: in [0, 1). */
  readonly dailySwing: number
  readonly changes: readonly Change[]
}

export interface Arrival {
  /** Counts candidates, so it is unique but has gaps. */
  readonly index: number
  /** ms after the start of the run. */
  readonly timeMs: number
  readonly entry: Entry
  /** Traffic now over mean traffic. */
  readonly load: number
}

/**
 * Requests as an inhomogeneous Poisson process, by thinning (Lewis & Shedler, 1979): a daily sine,
 * times the load changes; in the order of time.
 */
export function* arrivals(shop: Shop, options: TrafficOptions): Generator<Arrival> {
  const { seed, durationMs, tracesPerSecond, dailySwing, changes } = options
  const loads = changes.filter((change) => change.kind === 'load')
  const mixes = changes.filter((change) => change.kind === 'mix')
  const highest = loads.reduce((most, { factor }) => most * Math.max(1, factor), 1 + dailySwing)
  const perMs = (tracesPerSecond * highest) / 1000
  if (!(perMs > 0)) return
  let timeMs = 0
  for (let index = 0; ; index++) {
    const own = derive(seed, index)
    timeMs -= Math.log(unit(own, GAP)) / perMs
    if (timeMs >= durationMs) return
    const load = loadAt(options, loads, timeMs)
    if (unit(own, ACCEPTED) * highest >= load) continue
    yield { index, timeMs, load, entry: pickEntry(shop, mixes, timeMs, unit(own, ENTRY)) }
  }
}

function loadAt(options: TrafficOptions, loads: readonly LoadChange[], timeMs: number): number {
  const { startMs, dailySwing } = options
  let load = 1 + dailySwing * Math.cos(((startMs + timeMs - PEAK_MS) / DAY_MS) * 2 * Math.PI)
  for (const { factor, fromMs, toMs, rampMs = 0 } of loads) {
    if (timeMs < fromMs || timeMs >= toMs) continue
    const grown = rampMs > 0 ? Math.min(1, (timeMs - fromMs) / rampMs) : 1
    load *= 1 + (factor - 1) * grown
  }
  return load
}

function pickEntry(shop: Shop, mixes: readonly MixChange[], timeMs: number, u: number): Entry {
  const active = mixes.filter(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs)
  const weightOf = (entry: Entry): number =>
    active.reduce((weight, { factors }) => weight * (factors[entry.name] ?? 1), entry.weight)
  let total = 0
  for (const entry of shop.entries) total += weightOf(entry)
  let left = u * total
  for (const entry of shop.entries) {
    left -= weightOf(entry)
    if (left < 0) return entry
  }
  return shop.entries[shop.entries.length - 1]!
}
