import { hashWords } from '../stats/random.ts'
import { DRIFT_DETECTORS, type DriftStream } from './drift-detectors.ts'
import type { DriftSettings } from './drift-settings.ts'
import { type DriftState, StreamWatch, type StreamWatchState } from './stream-watch.ts'

/** Stands for all strata together: its `share` stream is the mix of requests. */
export const ALL_STRATA = -1

/** One stream of one stratum, as people and metrics see it. */
export interface DriftStatus {
  /** Id of the stratum, or `ALL_STRATA`. */
  readonly stratum: number
  readonly stream: DriftStream
  readonly state: DriftState
  /** Distance of the last window from the reference over its threshold; 0 while learning. */
  readonly ratio: number
  /** In the statistic's own unit; 0 while learning. */
  readonly threshold: number
  readonly observations: number
}

/** Plain data. */
export interface DriftMonitorState {
  readonly strata: readonly StratumState[]
  readonly unwatched: number
  readonly changes: Readonly<Record<DriftState, number>>
}

interface StratumState {
  readonly stratum: number
  readonly observations: number
  readonly bins: readonly [number, number][]
  readonly distance: StreamWatchState
  readonly share: StreamWatchState
}

/** The streams of one stratum, and which bin each of its categories has. */
class StratumWatch {
  observations = 0
  bins = new Map<number, number>()
  readonly distance: StreamWatch
  readonly share: StreamWatch

  constructor(stratum: number, settings: DriftSettings) {
    this.distance = new StreamWatch('distance', settings, seedOf(settings, stratum, 0))
    this.share = new StreamWatch('share', settings, seedOf(settings, stratum, 1))
  }

  /** The first categories get bins of their own, the last bin is everybody else's. */
  binOf(category: number): number {
    const known = this.bins.get(category)
    if (known !== undefined) return known
    const last = DRIFT_DETECTORS.share.bins - 1
    if (this.bins.size >= last) return last
    const bin = this.bins.size
    this.bins.set(category, bin)
    return bin
  }
}

/**
 * The drift of the stream, by stratum: whether distances to the nearest medoid, or the shares of the
 * normal clusters, have moved away from what they were; and over all strata, whether the mix of
 * requests has. Deterministic: the same observations and seed give the same states.
 *
 * A distance in [0, 1] should be one that a refresh of the model does not change by itself; the
 * calibrated rank 1 - p of the distance is.
 */
export class DriftMonitor {
  /** Observations of strata beyond `maxStrata`. */
  unwatched = 0
  /** Changes into each state. */
  readonly changes: Record<DriftState, number> = {
    learning: 0,
    stable: 0,
    suspected: 0,
    drifting: 0,
  }
  readonly #settings: DriftSettings
  readonly #strata = new Map<number, StratumWatch>()
  readonly #all: StratumWatch

  constructor(settings: DriftSettings) {
    this.#settings = settings
    this.#all = new StratumWatch(ALL_STRATA, settings)
  }

  /**
   * Takes one judged observation.
   * @param distance in [0, 1]
   * @param cluster a number that its nearest normal cluster keeps over refreshes
   * @param told whether it belongs to an open anomaly cluster, which has an alert of its own; the mix
   *   of requests counts it all the same, since what is asked for is not what goes wrong
   */
  observe(stratum: number, distance: number, cluster: number, timeMs: number, told = false): void {
    this.#all.observations++
    const mix = this.#all.binOf(stratum)
    this.#step(this.#all.share, mix, timeMs, false)
    const watch = this.#watchOf(stratum)
    if (watch === null) {
      this.unwatched++
      return
    }
    watch.observations++
    const { bins } = DRIFT_DETECTORS.distance
    const place = Number.isFinite(distance) ? Math.floor(distance * bins) : bins - 1
    const bin = Math.min(bins - 1, Math.max(0, place))
    this.#step(watch.distance, bin, timeMs, told)
    this.#step(watch.share, watch.binOf(cluster), timeMs, told)
  }

  /** A refresh gave much of a stratum's traffic to other clusters: its shares begin anew. */
  relabel(stratum: number): void {
    const watch = this.#strata.get(stratum)
    if (!watch) return
    watch.bins = new Map()
    watch.share.restart()
  }

  /** Blocks of all streams that were set aside; see `StreamWatch`. */
  get setAside(): number {
    let sum = this.#all.share.setAside
    for (const { distance, share } of this.#strata.values()) {
      sum += distance.setAside + share.setAside
    }
    return sum
  }

  /** All streams, those of all strata first, then by stratum, the busiest first. */
  status(): DriftStatus[] {
    const byTraffic = [...this.#strata].sort(
      ([a, left], [b, right]) => right.observations - left.observations || a - b,
    )
    return [
      statusOf(ALL_STRATA, this.#all, this.#all.share),
      ...byTraffic.flatMap(([stratum, watch]) => [
        statusOf(stratum, watch, watch.distance),
        statusOf(stratum, watch, watch.share),
      ]),
    ]
  }

  snapshot(): DriftMonitorState {
    const strata = [[ALL_STRATA, this.#all] as const, ...this.#strata].map(([stratum, watch]) => ({
      stratum,
      observations: watch.observations,
      bins: [...watch.bins],
      distance: watch.distance.snapshot(),
      share: watch.share.snapshot(),
    }))
    return { strata, unwatched: this.unwatched, changes: { ...this.changes } }
  }

  static restore(saved: DriftMonitorState, settings: DriftSettings): DriftMonitor {
    const monitor = new DriftMonitor(settings)
    monitor.unwatched = saved.unwatched
    Object.assign(monitor.changes, saved.changes)
    for (const { stratum, observations, bins, distance, share } of saved.strata) {
      const watch = stratum === ALL_STRATA ? monitor.#all : new StratumWatch(stratum, settings)
      watch.observations = observations
      watch.bins = new Map(bins)
      watch.distance.restore(distance)
      watch.share.restore(share)
      if (stratum !== ALL_STRATA) monitor.#strata.set(stratum, watch)
    }
    return monitor
  }

  #step(watch: StreamWatch, bin: number, timeMs: number, told: boolean): void {
    const before = watch.state
    if (!watch.observe(bin, timeMs, told) || watch.state === before) return
    this.changes[watch.state]++
  }

  #watchOf(stratum: number): StratumWatch | null {
    const known = this.#strata.get(stratum)
    if (known) return known
    if (this.#strata.size >= this.#settings.maxStrata) return null
    const watch = new StratumWatch(stratum, this.#settings)
    this.#strata.set(stratum, watch)
    return watch
  }
}

function seedOf({ seed }: DriftSettings, stratum: number, stream: number): number {
  return hashWords(stratum, stream, 0, 0, seed)
}

function statusOf(
  stratum: number,
  { observations }: StratumWatch,
  watch: StreamWatch,
): DriftStatus {
  const { stream, state, statistic, threshold } = watch
  const ratio = threshold > 0 ? statistic / threshold : 0
  return { stratum, stream, state, ratio, threshold, observations }
}
