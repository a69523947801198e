import { LIKE } from '../baseline/series-kind.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import type { LivingCluster } from './accumulator-cluster.ts'
import type { AccumulatorClusters } from './accumulator-clusters.ts'
import { emptyFront, type Front } from './deviation-front.ts'
import {
  ALIKE,
  LikeAnomalies,
  type LikeState,
  logNormalAgain,
  type Stray,
} from './deviation-like.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Strays older than this do not join a group any more. */
const OLDEST_MS = 1_800_000
/** A group ends when its normal is this many times likelier than the share that it had. */
const CLOSING_ODDS = 20

/** Groups of like anomalies as fronts of anomaly clusters. Their series are numbered below 0. */
export class AccumulatorLike {
  readonly anomalies = new LikeAnomalies()
  readonly #clusters: AccumulatorClusters
  readonly #table: ElementTable
  readonly #settings: AccumulateSettings
  /** Share of the observations that is flagged normally. */
  readonly #alpha: number
  #opened = 0

  constructor(
    clusters: AccumulatorClusters,
    table: ElementTable,
    settings: AccumulateSettings,
    alpha: number,
  ) {
    this.#clusters = clusters
    this.#table = table
    this.#settings = settings
    this.#alpha = alpha
  }

  /** The open cluster of anomalies that a stray is like, or null. Counts it there. */
  join(stray: Stray, distances: ProfileDistances): LivingCluster | null {
    for (const { cluster, front } of this.#clusters.openFronts()) {
      if (front.kind !== LIKE || front.subject !== stray.stratum) continue
      const medoid = cluster.members.members[0]
      if (!medoid) continue
      const pair = [medoid.example.profile, stray.example.profile]
      if (distances.matrix(pair)[1]! > 2 * ALIKE) continue
      front.c++
      front.lastMs = Math.max(front.lastMs, stray.timeMs)
      front.n += this.anomalies.seen(front.subject) - front.seenN - front.seenC
      front.seenN = this.anomalies.seen(front.subject)
      front.seenC = 0
      return cluster
    }
    return null
  }

  /** Remembers a stray. */
  add(stray: Stray): void {
    this.anomalies.add(stray, stray.timeMs - OLDEST_MS)
  }

  /**
   * A group of strays that opens, if there is one. `isTaken`: whether something is open or about to
   * open in a series, whose strays are then no strays.
   */
  look(
    timeMs: number,
    distances: ProfileDistances,
    logThreshold: number,
    isTaken: (key: number) => boolean,
  ): { front: Front; strays: readonly Stray[] } | null {
    const { anomalies } = this
    if (!anomalies.fresh) return null
    anomalies.fresh = false
    anomalies.release(isTaken)
    const group = anomalies.strongestGroup(distances, this.#alpha)
    if (!group || group.logEvidence <= logThreshold) return null
    const { strays, logEvidence } = group
    anomalies.remove(strays)
    return { front: this.#front(strays, logEvidence, timeMs), strays }
  }

  #front(strays: readonly Stray[], logEvidence: number, timeMs: number): Front {
    const { stratum } = strays[0]!
    const times = strays.map((stray) => stray.timeMs)
    const seen = this.anomalies.seen(stratum)
    const own = strays.filter((stray) => stray.stratum === stratum)
    const entry = this.#table.paths.elementOf(this.#table.strata.entryOf(stratum))
    return {
      ...emptyFront(LIKE, stratum, -1 - this.#opened++, timeMs),
      peak: logEvidence,
      n: seen - Math.min(...own.map((stray) => stray.seen)) + 1,
      c: strays.length,
      seenN: seen,
      score: strays.length,
      firstMs: Math.min(...times),
      lastMs: Math.max(...times),
      rate: this.#alpha,
      service: mostNamed(strays, this.#table.serviceText(entry)),
    }
  }

  /** Whether the group's share since its last member is normal again. */
  hasEnded(front: Front, timeMs: number): boolean {
    const { bucketMs, silentMs } = this.#settings
    const since = this.anomalies.seen(front.subject) - front.seenN
    front.n += since - front.seenC
    front.seenC = since
    if (timeMs - front.openedMs < bucketMs) return false
    if (timeMs - front.lastMs > silentMs) return true
    const share = front.c / Math.max(front.c, front.n - since)
    return logNormalAgain(share, since, this.#alpha) > Math.log(CLOSING_ODDS)
  }

  state(): AccumulatorLikeState {
    return { opened: this.#opened, anomalies: this.anomalies.state() }
  }

  restore(state: AccumulatorLikeState): void {
    this.#opened = state.opened
    this.anomalies.restore(state.anomalies)
  }
}

export interface AccumulatorLikeState {
  readonly opened: number
  readonly anomalies: LikeState
}

function mostNamed(strays: readonly Stray[], otherwise: string): string {
  const counts = new Map<string, number>()
  for (const { service } of strays) {
    if (service !== '') counts.set(service, (counts.get(service) ?? 0) + 1)
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return most?.[0] ?? otherwise
}
