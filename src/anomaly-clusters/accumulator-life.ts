import type { PlaceReference } from '../baseline/place-reference.ts'
import { CATEGORY, LIKE, PLACE_KINDS, STRUCTURE } from '../baseline/series-kind.ts'
import type { AnomalyClusterChange, ClusterChangeKind } from '../contract/anomaly-cluster.ts'
import type { DeviatingSeries } from '../evidence/deviating-series.ts'
import type { DeviationWatch } from '../evidence/deviation-watch.ts'
import type { EvidenceOptions } from '../evidence/evidence-options.ts'
import type { Scales } from '../model/scales.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { AcceptedStories } from './accepted-stories.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import type { LivingCluster, PublishContext } from './accumulator-cluster.ts'
import { AccumulatorClusters } from './accumulator-clusters.ts'
import { AccumulatorLike } from './accumulator-like.ts'
import {
  emptyFront,
  type Front,
  kindOfKey,
  openFront,
  refreshFront,
  subjectOfKey,
} from './deviation-front.ts'
import { hasEnded } from './deviation-front-test.ts'
import type { Stray } from './deviation-like.ts'
import type { KeptExample } from './deviation-members.ts'
import { Voices } from './deviation-voice.ts'
import { ProfileDistances } from './profile-distances.ts'
import { WarmExamples } from './warm-examples.ts'

/** Buckets without an occurrence after which a front ends when others of its cluster have ended. */
const SILENT_BUCKETS = 2
/** ln M from which examples of a series are kept, in case it opens. */
const WARM = 3

export interface LifeParts {
  readonly settings: AccumulateSettings
  readonly options: EvidenceOptions
  readonly table: ElementTable
  readonly reference: PlaceReference
  readonly reader: EvidenceReader
  readonly alpha: number
}

/** The life of anomaly clusters: what opens, joins, ends, merges and splits, and says so. */
export class AccumulatorLife {
  readonly clusters: AccumulatorClusters
  readonly like: AccumulatorLike
  readonly warm = new WarmExamples()
  /** Changes that were not handed over yet. */
  pending: AnomalyClusterChange[] = []
  readonly accepted = new AcceptedStories()
  watch: DeviationWatch
  model: string | null = null
  scales: Scales | null = null
  distances: ProfileDistances | null = null
  readonly #parts: LifeParts
  readonly #voices: Voices

  constructor(parts: LifeParts, watch: DeviationWatch) {
    const { settings, options, table, alpha } = parts
    this.#parts = parts
    this.watch = watch
    this.#voices = new Voices(table)
    const { bucketMs, reopenMs, maxOpenClusters } = settings
    const { mergeOverlap, callerOf } = options
    const limits = { bucketMs, reopenMs, maxOpenClusters, mergeOverlap, callerOf }
    this.clusters = new AccumulatorClusters(this.#voices, limits)
    this.like = new AccumulatorLike(this.clusters, table, settings, alpha)
  }

  useScales(scales: Scales | null): void {
    this.scales = scales
    this.distances = scales && new ProfileDistances(scales)
  }

  /** Looks at the running bucket, which may be at its end: what closes, what opens. */
  look(timeMs: number, atEnd: boolean): void {
    const { watch } = this
    this.#closeEnded(timeMs, atEnd)
    const { deviated, deviatedCount } = watch.counts
    const threshold = this.logThreshold
    const opening: Front[] = []
    for (let i = 0; i < deviatedCount; i++) {
      const series = deviated[i]!
      if (!watch.isElevated(series) || this.clusters.at(series)) continue
      if (
        this.accepted.hasSeries(
          watch.series.rows.of.signal[series]!,
          watch.series.rows.of.subject[series]!,
        )
      ) {
        continue
      }
      const logM = watch.prefix(series)
      if (logM > threshold) {
        const rate = watch.counts.baseRate(series)
        opening.push(openFront(series, watch.series, timeMs, logM, rate))
      } else if (logM > WARM) this.warm.warm(series)
    }
    if (opening.length > 0) this.#openAll(opening, timeMs)
    this.#lookAtStrays(timeMs, threshold)
    if (!atEnd) watch.counts.mark()
  }

  get logThreshold(): number {
    return this.watch.logThreshold(this.#parts.settings.falseClustersPerWeek)
  }

  /** Ends the running bucket, which ends at `endMs`. */
  endBucket(endMs: number): void {
    this.look(endMs, true)
    const { watch } = this
    this.refresh()
    const found = watch.findTouched()
    for (let i = 0; i < found; i++) {
      const series = watch.touched[i]!
      watch.endSeries(series, this.clusters.at(series) !== undefined)
    }
    watch.counts.clear()
    if (this.warm.size > 0) this.warm.keepOnly((series) => watch.standing(series) > WARM)
    const { evidence } = watch
    for (const { older, younger } of this.clusters.mergeOverlapping(endMs, evidence)) {
      this.publish('closed', younger, endMs)
      this.publish('merged', older, endMs)
    }
    if (this.distances) {
      for (const part of this.clusters.splitApart(endMs, evidence, this.distances)) {
        this.publish('split', part, endMs)
      }
    }
    for (const cluster of this.clusters.open) this.publish('updated', cluster, endMs)
  }

  /** A flagged observation without an open place: the cluster of like anomalies that it joins, or null. */
  stray(stray: Stray): LivingCluster | null {
    const known = this.distances && this.like.join(stray, this.distances)
    if (!known) this.like.add(stray)
    return known
  }

  /** The service that the rarest of some deviations accuses; '' without any. */
  accusedBy({ count, series }: DeviatingSeries): string {
    const { baseRate, signal, subject } = this.watch.series.rows.of
    let rarest = -1
    for (let i = 0; i < count; i++) {
      if (rarest < 0 || baseRate[series[i]!]! < baseRate[rarest]!) rarest = series[i]!
    }
    if (rarest < 0) return ''
    return this.#voices.of(emptyFront(signal[rarest]!, subject[rarest]!, rarest, 0)).service
  }

  /** Ends fronts whose place was not seen for long. */
  closeSilent(timeMs: number): void {
    const { silentMs, bucketMs } = this.#parts.settings
    for (const { cluster, front } of this.clusters.openFronts()) {
      if (front.kind === LIKE) continue
      const alone = cluster.fronts.every(({ closedMs }) => closedMs === null)
      const patience = alone ? silentMs : Math.min(silentMs, SILENT_BUCKETS * bucketMs)
      if (timeMs - front.activeMs > patience) this.closeFront(front, timeMs)
    }
  }

  closeFront(front: Front, timeMs: number): void {
    if (front.kind !== LIKE) {
      refreshFront(front, this.watch.evidence, this.watch.running(front.series))
      this.watch.evidence.restart(front.series)
    }
    const ended = this.clusters.close(front, timeMs)
    this.#freeze(front)
    if (ended) this.publish('closed', ended, timeMs)
  }

  /** Accepts a cluster: its places are learned anew, and open again only under a null that knows them. */
  accept(cluster: LivingCluster, timeMs: number): void {
    this.refresh()
    const voices = cluster.fronts.map((front) => this.#voices.of(front))
    this.accepted.add(cluster, voices, timeMs)
    for (const front of this.clusters.accept(cluster, timeMs)) {
      this.#freeze(front)
      if (front.kind !== LIKE) this.#learnAnew(front, timeMs)
    }
  }

  /** Whether a flagged observation is like the examples of an accepted story. */
  isAccepted({ profile }: KeptExample, timeMs: number): boolean {
    return this.distances !== null && this.accepted.isLike(profile, timeMs, this.distances)
  }

  /** Brings all open fronts up to date. */
  refresh(): void {
    for (const { front } of this.clusters.openFronts()) {
      if (front.kind !== LIKE) this.#refreshOne(front)
    }
  }

  publish(kind: ClusterChangeKind, cluster: LivingCluster, timeMs: number): void {
    this.pending.push(this.clusters.change(kind, cluster, timeMs, this.context()))
  }

  context(): PublishContext {
    const { table, reader, options, settings } = this.#parts
    const { distances, model } = this
    const { callerOf } = options
    const { askAfterMs } = settings
    return { table, voices: this.#voices, reader, distances, callerOf, model, askAfterMs }
  }

  #closeEnded(timeMs: number, atEnd: boolean): void {
    const { settings, options } = this.#parts
    const at = { timeMs, atEnd, bucketMs: settings.bucketMs }
    for (const { front } of this.clusters.openFronts()) {
      const ended =
        front.kind === LIKE
          ? this.like.hasEnded(front, timeMs)
          : hasEnded(front, this.watch, at, options)
      if (ended) this.closeFront(front, timeMs)
    }
  }

  #lookAtStrays(timeMs: number, threshold: number): void {
    if (!this.distances) return
    const { clusters, warm, watch } = this
    const isTaken = (key: number): boolean => {
      const series = watch.series.find(kindOfKey(key), subjectOfKey(key))
      return series >= 0 && (warm.has(series) || clusters.at(series) !== undefined)
    }
    const group = this.like.look(timeMs, this.distances, threshold, isTaken)
    if (!group) return
    const { opened, joined } = clusters.add([group.front], timeMs, watch.evidence)
    for (const cluster of [...opened, ...joined]) {
      for (const { hash, example, series } of group.strays) {
        if (cluster.members.wants(hash)) cluster.members.add({ hash, example, series })
      }
      this.publish(opened.has(cluster) ? 'opened' : 'updated', cluster, timeMs)
    }
  }

  #openAll(opening: readonly Front[], timeMs: number): void {
    for (const front of opening) this.#refreshOne(front)
    const news = opening.filter((front) => !this.#wasAccepted(front, timeMs))
    if (news.length === 0) return
    // The strongest first, so that the others join its cluster.
    const sorted = [...news].sort((a, b) => b.score - a.score || a.series - b.series)
    const { opened, joined, refused } = this.clusters.add(sorted, timeMs, this.watch.evidence)
    for (const front of sorted) {
      const examples = this.warm.take(front.series)
      if (refused.has(front)) {
        this.watch.evidence.restart(front.series)
        continue
      }
      this.#freeze(front)
      this.#unlearn(front)
      const members = this.clusters.at(front.series)?.cluster.members
      for (const example of examples) if (members?.wants(example.hash)) members.add(example)
    }
    for (const cluster of opened) this.publish('opened', cluster, timeMs)
    for (const cluster of joined) this.publish('updated', cluster, timeMs)
  }

  #refreshOne(front: Front): void {
    refreshFront(front, this.watch.evidence, this.watch.running(front.series))
  }

  /** A place is learned from only while no front is open there. */
  #freeze({ kind, subject }: Front): void {
    if (kind === LIKE || kind === CATEGORY) return
    const structure = kind === STRUCTURE
    const alike = (other: number): boolean => (structure ? other === kind : other < PLACE_KINDS)
    const open = this.clusters
      .openFronts()
      .some(({ front }) => front.subject === subject && alike(front.kind))
    const { frozen, frozenStrata } = this.#parts.reference
    const of = structure ? frozenStrata : frozen
    of[subject] = open ? 1 : 0
  }

  /** What led to a front is no example of what is normal either. */
  #unlearn({ kind, subject, firstMs }: Front): void {
    const { reference } = this.#parts
    if (kind === STRUCTURE) reference.dropStratumSince(subject, firstMs)
    else if (kind < PLACE_KINDS) reference.dropPlaceSince(subject, firstMs)
  }

  /** Whether a front is a late part of an accepted story; then its place is learned anew as well. */
  #wasAccepted(front: Front, timeMs: number): boolean {
    if (!this.accepted.tells(this.#voices.of(front), front.firstMs)) return false
    this.warm.take(front.series)
    this.#learnAnew(front, timeMs)
    return true
  }

  #learnAnew(front: Front, timeMs: number): void {
    const { reference } = this.#parts
    const { kind, subject, series } = front
    this.accepted.addSeries(front, timeMs)
    this.watch.evidence.restart(series)
    if (kind === STRUCTURE) reference.forgetStratum(subject)
    else if (kind < PLACE_KINDS) reference.forgetPlace(subject)
  }
}
