import type { Marks } from '../columns/marks.ts'
import { hashWords } from '../stats/random.ts'
import { DRIFT_DETECTORS, type DriftStream } from './drift-detectors.ts'
import type { DriftSettings } from './drift-settings.ts'
import { type DriftState, StreamMonitor, type StreamSnapshot } from './stream-monitor.ts'

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
  readonly unmonitored: number
  readonly changes: Readonly<Record<DriftState, number>>
}

interface StratumState {
  readonly stratum: number
  readonly observations: number
  readonly bins: readonly [number, number][]
  readonly distance: StreamSnapshot
  readonly share: StreamSnapshot
}

/** The streams of one stratum, and which bin each of its categories has. */
class StratumMonitor {
  observations = 0
  bins = new Map<number, number>()
  readonly distance: StreamMonitor
  readonly share: StreamMonitor

  constructor(stratum: number, settings: DriftSettings) {
    this.distance = new StreamMonitor('distance', settings, seedOf(settings, stratum, 0))
    this.share = new StreamMonitor('share', settings, seedOf(settings, stratum, 1))
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
  unmonitored = 0
  /** Changes into each state. */
  readonly changes: Record<DriftState, number> = {
    learning: 0,
    stable: 0,
    suspected: 0,
    drifting: 0,
  }
  readonly #settings: DriftSettings
  readonly #strata = new Map<number, StratumMonitor>()
  readonly #all: StratumMonitor

  constructor(settings: DriftSettings) {
    this.#settings = settings
    this.#all = new StratumMonitor(ALL_STRATA, settings)
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
    const monitor = this.#monitorOf(stratum)
    if (monitor === null) {
      this.unmonitored++
      return
    }
    monitor.observations++
    const { bins } = DRIFT_DETECTORS.distance
    const place = Number.isFinite(distance) ? Math.floor(distance * bins) : bins - 1
    const bin = Math.min(bins - 1, Math.max(0, place))
    this.#step(monitor.distance, bin, timeMs, told)
    this.#step(monitor.share, monitor.binOf(cluster), timeMs, told)
  }

  /** A refresh gave much of a stratum's traffic to other clusters: its shares begin anew. */
  relabel(stratum: number): void {
    const monitor = this.#strata.get(stratum)
    if (!monitor) return
    monitor.bins = new Map()
    monitor.share.restart()
  }

  /** Whether there is no room for another stratum. */
  get isFull(): boolean {
    return this.#strata.size >= this.#settings.maxStrata
  }

  /** Takes note of the strata that the mix of requests tells apart. */
  use(strata: Marks): void {
    strata.addAll(this.#all.bins.keys())
  }

  /** Watches these no longer, so that others may be. */
  giveUp(strata: Iterable<number>): void {
    for (const stratum of strata) this.#strata.delete(stratum)
  }

  /** Blocks of all streams that were set aside; see `StreamMonitor`. */
  get setAside(): number {
    let sum = this.#all.share.now.setAside
    for (const { distance, share } of this.#strata.values()) {
      sum += distance.now.setAside + share.now.setAside
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
      ...byTraffic.flatMap(([stratum, monitor]) => [
        statusOf(stratum, monitor, monitor.distance),
        statusOf(stratum, monitor, monitor.share),
      ]),
    ]
  }

  snapshot(): DriftMonitorState {
    const strata = [[ALL_STRATA, this.#all] as const, ...this.#strata].map(
      ([stratum, monitor]) => ({
        stratum,
        observations: monitor.observations,
        bins: [...monitor.bins],
        distance: monitor.distance.snapshot(),
        share: monitor.share.snapshot(),
      }),
    )
    return { strata, unmonitored: this.unmonitored, changes: { ...this.changes } }
  }

  static restore(saved: DriftMonitorState, settings: DriftSettings): DriftMonitor {
    const monitor = new DriftMonitor(settings)
    monitor.unmonitored = saved.unmonitored
    Object.assign(monitor.changes, saved.changes)
    for (const { stratum, observations, bins, distance, share } of saved.strata) {
      const one = stratum === ALL_STRATA ? monitor.#all : new StratumMonitor(stratum, settings)
      one.observations = observations
      one.bins = new Map(bins)
      one.distance.restore(distance)
      one.share.restore(share)
      if (stratum !== ALL_STRATA) monitor.#strata.set(stratum, one)
    }
    return monitor
  }

  #step(monitor: StreamMonitor, bin: number, timeMs: number, told: boolean): void {
    const before = monitor.now.state
    if (!monitor.observe(bin, timeMs, told) || monitor.now.state === before) return
    this.changes[monitor.now.state]++
  }

  #monitorOf(stratum: number): StratumMonitor | null {
    const known = this.#strata.get(stratum)
    if (known) return known
    if (this.isFull) return null
    const monitor = new StratumMonitor(stratum, this.#settings)
    this.#strata.set(stratum, monitor)
    return monitor
  }
}

function seedOf({ seed }: DriftSettings, stratum: number, stream: number): number {
  return hashWords(stratum, stream, 0, 0, seed)
}

function statusOf(
  stratum: number,
  { observations }: StratumMonitor,
  monitor: StreamMonitor,
): DriftStatus {
  const { state, statistic, threshold } = monitor.now
  const ratio = threshold > 0 ? statistic / threshold : 0
  return { stratum, stream: monitor.stream, state, ratio, threshold, observations }
}
