import { SIGNALS } from '../baseline/signals.ts'
import type { MonitoredSeries } from '../evidence/monitored-series.ts'
import {
  MINUTE_MS,
  MINUTES,
  type PlaceHistory,
  type PlaceMinute,
} from '../evidence/place-history.ts'
import type { Cluster } from './cluster.ts'

/** Minutes that are shown from before a cluster began, and after it has ended. */
const MINUTES_BEFORE = 30
const MINUTES_AFTER = 10
/** Points that one timeline may have; beyond them two become one. */
const MOST_POINTS = 128

/** A stretch of `minutes` minutes; see `PlaceMinute`. */
interface Stretch extends PlaceMinute {
  readonly minutes: number
}

/** What is normal in a place: self times in ns, and the share that fails; NaN where nothing is known. */
interface KeptBand {
  readonly p10: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly failed: number
}

/** A place over time as far as its cluster is about it. Plain data. */
export interface KeptTimeline {
  readonly place: number
  readonly normal: KeptBand
  readonly stretches: readonly Stretch[]
}

/** Where the minutes come from, and what is normal. */
export interface TimelineSources {
  readonly history: PlaceHistory
  readonly series: MonitoredSeries
}

/**
 * The place of each cluster over time. The history of places forgets within the hour, so what a cluster
 * needs of it is kept for as long as the cluster is, as it grows old in ever longer stretches.
 */
export class ClusterTimelines {
  readonly #kept = new Map<string, KeptTimeline>()

  /**
   * After the end of a minute: adds what ended since. `placeOf`: the place that a cluster is about most,
   * 0 where there is none.
   */
  extend(
    open: readonly Cluster[],
    past: readonly Cluster[],
    sources: TimelineSources,
    placeOf: (cluster: Cluster) => number,
  ): void {
    const since = (sources.history.minute - MINUTES_AFTER) * MINUTE_MS
    for (const cluster of [...open, ...past]) {
      if (cluster.closedMs !== null && cluster.closedMs <= since) continue
      const timeline = this.of(cluster, sources, placeOf)
      if (timeline) this.#kept.set(cluster.id, timeline)
    }
    const known = new Set([...open, ...past].map(({ id }) => id))
    for (const id of this.#kept.keys()) if (!known.has(id)) this.#kept.delete(id)
  }

  /** Places that there are timelines of. */
  *places(): Generator<number> {
    for (const { place } of this.#kept.values()) yield place
  }

  /** The timeline of a cluster up to the running minute; null where there is none. Changes nothing. */
  of(
    cluster: Cluster,
    { history, series }: TimelineSources,
    placeOf: (cluster: Cluster) => number,
  ): KeptTimeline | null {
    const known = this.#kept.get(cluster.id)
    const since = (history.minute - MINUTES_AFTER) * MINUTE_MS
    if (known && cluster.closedMs !== null && cluster.closedMs <= since) return known
    const place = placeOf(cluster)
    const [first] = known?.stretches ?? []
    // Another place is followed only as long as the history reaches back to where the timeline begins.
    if (known && first && (place === known.place || first.minute < history.minute - MINUTES)) {
      const last = known.stretches.at(-1) ?? first
      const news = history.since(known.place, last.minute + last.minutes).map(stretch)
      return { ...known, stretches: bounded([...known.stretches, ...news]) }
    }
    if (place <= 0) return null
    const firstMs = Math.min(...cluster.alarms.map((alarm) => alarm.firstMs))
    const all = history.since(place, Math.floor(firstMs / MINUTE_MS) - MINUTES_BEFORE)
    const begins = all.findIndex(({ n }) => n > 0)
    const stretches = begins < 0 ? [] : all.slice(begins).map(stretch)
    return { place, normal: bandOf(series, place), stretches }
  }

  /** Data time was wrong and was set back: what lies beyond it never was. */
  turnBack(timeMs: number): void {
    const now = Math.floor(timeMs / MINUTE_MS)
    for (const [id, kept] of this.#kept) {
      const stretches = kept.stretches.filter(({ minute, minutes }) => minute + minutes <= now)
      this.#kept.set(id, { ...kept, stretches })
    }
  }

  /** Plain data. */
  state(): [string, KeptTimeline][] {
    return [...this.#kept]
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore(state: readonly (readonly [string, KeptTimeline])[]): void {
    for (const [id, kept] of state) this.#kept.set(id, kept)
  }
}

function stretch(minute: PlaceMinute): Stretch {
  return { ...minute, minutes: 1 }
}

/** As many as there may be: where there are more, each two become one. */
function bounded(stretches: readonly Stretch[]): readonly Stretch[] {
  if (stretches.length <= MOST_POINTS) return stretches
  const longer: Stretch[] = []
  for (let i = 0; i < stretches.length; i += 2) {
    const [first, second] = [stretches[i]!, stretches[i + 1]]
    longer.push(second ? joined(first, second) : first)
  }
  return longer
}

/** Quantiles of both together: the mean by calls, and of what is rare the higher. */
function joined(a: Stretch, b: Stretch): Stretch {
  const n = a.n + b.n
  return {
    minute: a.minute,
    minutes: a.minutes + b.minutes,
    n,
    errors: a.errors + b.errors,
    p50: n === 0 ? 0 : (a.n * a.p50 + b.n * b.p50) / n,
    p99: Math.max(a.p99, b.p99),
  }
}

function bandOf(series: MonitoredSeries, place: number): KeptBand {
  const { level, normal } = series.rows.of
  const read = (column: Float64Array, signal: keyof typeof SIGNALS): number =>
    column[series.find(SIGNALS[signal].number, place)] ?? Number.NaN
  return {
    p10: read(level, 'selfTimeP10'),
    p50: read(normal, 'selfTimeP90'),
    p90: read(level, 'selfTimeP90'),
    p99: read(level, 'selfTimeP99'),
    failed: read(normal, 'errors'),
  }
}
