import { SeededRandom } from '../../src/stats/random.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** What changes, from `fromMs` on; a ramp grows over `rampMs`. */
export interface Drift {
  readonly kind: 'distance' | 'share' | 'mix'
  readonly stratum: number
  /** `distance`: added, in standard deviations; `share`, `mix`: part of the traffic that moves. */
  readonly size: number
  readonly fromMs: number
  readonly toMs?: number
  readonly rampMs?: number
}

export interface TrafficOptions {
  readonly seed: number
  readonly durationMs: number
  readonly drifts?: readonly Drift[]
  /** Mean over the day of all strata together. */
  readonly perSecond?: number
}

export interface Observation {
  stratum: number
  distance: number
  cluster: number
  timeMs: number
}

const STRATA = 12
const CLUSTERS = 8
/** Standard deviation of a distance around its cluster's mean. */
const SPREAD = 0.08

/**
 * Judged observations of a system that is not kind to detectors: twelve strata of very different
 * traffic, a daily load cycle of four to one, heavy tails, bursts of some minutes in which a stratum
 * is slower, and slow waves in which clusters are used.
 */
export function* driftingTraffic(options: TrafficOptions): Generator<Observation> {
  const { seed, durationMs, drifts = [], perSecond = 1.5 } = options
  const random = new SeededRandom(seed)
  const u = (): number => random.next()
  const weights = Array.from({ length: STRATA }, (_, i) => 1 / (1 + i))
  const bursts = Array.from({ length: STRATA }, () => ({ untilMs: 0, nextMs: u() * HOUR_MS }))
  const waves = Array.from({ length: STRATA }, () => ({ phase: u() * 6, hours: 3 + 5 * u() }))
  const out: Observation = { stratum: 0, distance: 0, cluster: 0, timeMs: 0 }
  let timeMs = 0
  while (true) {
    // Four times the traffic at noon as at midnight.
    const load = 1 - 0.6 * Math.cos((timeMs / DAY_MS) * 2 * Math.PI)
    timeMs += (-Math.log(1 - u()) * 1000) / (perSecond * load)
    if (timeMs >= durationMs) return
    let stratum = pick(weights, u())
    for (const drift of drifts) {
      if (drift.kind === 'mix' && u() < grown(drift, timeMs)) stratum = drift.stratum
    }
    const burst = bursts[stratum]!
    if (timeMs > burst.nextMs) {
      burst.untilMs = timeMs + 60_000 + u() * 8 * 60_000
      burst.nextMs = burst.untilMs + u() * 4 * HOUR_MS
    }
    const wave = waves[stratum]!
    const sway = 0.03 * Math.sin((timeMs / HOUR_MS / wave.hours) * 2 * Math.PI + wave.phase)
    let cluster = u() < 0.3 + sway ? 0 : 1 + Math.floor(u() * u() * (CLUSTERS - 1))
    let shift = timeMs < burst.untilMs ? SPREAD : 0
    for (const drift of drifts) {
      if (drift.stratum !== stratum) continue
      if (drift.kind === 'distance') shift += SPREAD * grown(drift, timeMs)
      if (drift.kind === 'share' && u() < grown(drift, timeMs)) cluster = CLUSTERS - 1
    }
    const tail = u() < 0.03 ? 0.3 * u() : 0
    const noise = SPREAD * Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u())
    out.stratum = stratum
    out.cluster = cluster
    out.distance = Math.min(1, Math.max(0, 0.2 + 0.02 * cluster + noise + shift + tail))
    out.timeMs = timeMs
    yield out
  }
}

/** Size of a drift at a time: 0 outside of it. */
function grown({ size, fromMs, toMs = Infinity, rampMs = 0 }: Drift, timeMs: number): number {
  if (timeMs < fromMs || timeMs >= toMs) return 0
  return rampMs > 0 ? size * Math.min(1, (timeMs - fromMs) / rampMs) : size
}

function pick(weights: readonly number[], u: number): number {
  let left = u * weights.reduce((sum, weight) => sum + weight, 0)
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!
    if (left < 0) return i
  }
  return weights.length - 1
}
