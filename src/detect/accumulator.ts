import type { ElementTable } from '../features/element-table.ts'
import type { EvidenceReader } from '../features/kept-trace.ts'
import type { TraceElements } from '../features/trace-elements.ts'
import type { Model } from '../model/model.ts'
import { NULL_OPTIONS } from '../model/null-options.ts'
import { emptyPlaceNull } from '../model/place-null.ts'
import type { PlaceReference } from '../model/place-reference.ts'
import type { Scales } from '../model/scales.ts'
import { STRUCTURE } from '../model/series-kind.ts'
import { hashWords } from '../sample/random.ts'
import { describeCluster, type LivingCluster, type PublishContext } from './accumulator-cluster.ts'
import { AccumulatorClusters, type AccumulatorClustersState } from './accumulator-clusters.ts'
import type { AnomalyCluster, AnomalyClusterChange, ClusterChangeKind } from './anomaly-cluster.ts'
import { closingStep } from './closing-cusum.ts'
import { type Front, openFront, refreshFront, seriesKey } from './deviation-front.ts'
import type { KeptExample } from './deviation-members.ts'
import { Voices } from './deviation-voice.ts'
import { DeviationWatch, type DeviationWatchState } from './deviation-watch.ts'
import {
  alternativeShare,
  EVIDENCE_OPTIONS,
  type EvidenceOptions,
  sharesOf,
} from './evidence-options.ts'
import { ProfileDistances } from './profile-distances.ts'
import type { AccumulateSettings } from './settings.ts'

export type { KeptExample } from './deviation-members.ts'

/** Buckets without an occurrence after which a front ends when others of its cluster have ended. */
const SILENT_BUCKETS = 2

export interface ObservationContext {
  /** End of the observation, data time, ms; not later than the watermark. */
  readonly timeMs: number
  readonly flagged: boolean
  /** Structural p-value; null while there is none. */
  readonly pStructure: number | null
  /** First path that the nearest known shape lacks, else the first that is missing; -1 = none. */
  readonly differingPath: number
  /** Copies the observation; called only when it is wanted as an example. */
  keep(): KeptExample
}

/** The part of a model that the accumulator needs. */
export type EvidenceModel = Pick<Model, 'id' | 'fittedMs' | 'places' | 'scales'>

/** Accumulates deviations into anomaly clusters; see docs/concepts.md. */
export class Accumulator {
  readonly #seen = { observations: 0, unwatched: 0 }
  readonly #settings: AccumulateSettings
  readonly #options: EvidenceOptions
  readonly #table: ElementTable
  readonly #reference: PlaceReference
  readonly #reader: EvidenceReader
  readonly #voices: Voices
  readonly #clusters: AccumulatorClusters
  /** Series that were accepted, by key, with the data time of that: they open under no older null. */
  readonly #accepted = new Map<number, number>()
  #watch: DeviationWatch
  #scales: Scales | null = null
  #distances: ProfileDistances | null = null
  #model: string | null = null
  #bucket = -1
  #nextLookMs = 0
  #watermarkMs = 0
  #last: LivingCluster | null = null
  #pending: AnomalyClusterChange[] = []

  constructor(
    settings: AccumulateSettings,
    table: ElementTable,
    reference: PlaceReference,
    reader: EvidenceReader,
    options: EvidenceOptions = EVIDENCE_OPTIONS,
  ) {
    this.#settings = settings
    this.#options = options
    this.#table = table
    this.#reference = reference
    this.#reader = reader
    const { bucketMs, reopenMs, maxOpenClusters } = settings
    const { mergeOverlap } = options
    this.#voices = new Voices(table)
    this.#clusters = new AccumulatorClusters(this.#voices, {
      bucketMs,
      reopenMs,
      maxOpenClusters,
      mergeOverlap,
    })
    this.#watch = new DeviationWatch(emptyPlaceNull(bucketMs), table, options)
  }

  get counts(): Readonly<Record<string, number>> {
    const { series, counts } = this.#watch
    const unwatched = this.#seen.unwatched + counts.unwatched
    return { ...this.#clusters.counts, ...this.#seen, unwatched, watched: series.count }
  }

  /** Counts the deviations of one observation; true = it belongs to an open cluster. */
  observe(elements: TraceElements, context: ObservationContext): boolean {
    const timeMs = this.#begin(context.timeMs)
    const watch = this.#watch
    const { scan } = this.#reference
    scan.read(elements)
    watch.take(elements, scan)
    this.#seen.observations++
    if (context.pStructure !== null) {
      const unusual = context.pStructure <= NULL_OPTIONS.structureCut
      this.#reference.learnStructure(elements.stratum, unusual, timeMs)
      watch.takeStructure(elements.stratum, unusual, unusual ? signedPath(elements, context) : 0)
    }
    this.#last = null
    if (watch.deviating.count === 0) return false
    const { id } = elements.trace
    const hash = hashWords(id[0]!, id[1]!, id[2]!, id[3]!, 0x2f6d)
    watch.note(hash, timeMs)
    this.#last = this.#clusterOfDeviating()
    if (this.#last) this.#offer(this.#last, hash, context, timeMs)
    return this.#last !== null
  }

  /** After each record: data time has come this far. Adds what opened, changed and closed to `out`. */
  advance(watermarkMs: number, out: AnomalyClusterChange[]): void {
    if (watermarkMs > this.#watermarkMs) this.#watermarkMs = watermarkMs
    if (watermarkMs >= this.#nextLookMs) {
      const every = this.#settings.bucketMs * this.#options.lookShare
      this.#nextLookMs = (Math.floor(watermarkMs / every) + 1) * every
      this.#look(watermarkMs, false)
      this.#closeSilent(watermarkMs)
    }
    for (const change of this.#pending) out.push(change)
    this.#pending.length = 0
  }

  /** A new model takes effect. */
  install(model: EvidenceModel): void {
    this.#endBucket()
    const placeNull = model.places ?? emptyPlaceNull(this.#settings.bucketMs)
    const watch = new DeviationWatch(placeNull, this.#table, this.#options)
    watch.takeOver(this.#watch)
    this.#seen.unwatched += this.#watch.counts.unwatched
    const timeMs = this.#watermarkMs
    // A front whose series is watched no more has nothing to be tested against.
    for (const { front } of this.#clusters.openFronts()) {
      if (watch.series.find(front.kind, front.subject) < 0) this.#closeFront(front, timeMs)
    }
    this.#clusters.renumber((kind, subject) => watch.series.find(kind, subject))
    this.#watch = watch
    // A null fitted after an acceptance no longer knows what was normal before.
    for (const [key, acceptedMs] of this.#accepted) {
      if (model.fittedMs > acceptedMs) this.#accepted.delete(key)
    }
    this.#model = model.id
    this.#useScales(model.scales)
  }

  /** Id of the open cluster that the last observation belongs to, or null. */
  lastCluster(): string | null {
    return this.#last?.id ?? null
  }

  open(): AnomalyCluster[] {
    this.#refresh()
    return this.#clusters.open.map((cluster) => describeCluster(cluster, this.#context()))
  }

  /** A person says the cluster's behaviour is fine: ends it and learns its places anew. */
  accept(id: string, timeMs: number, out: AnomalyClusterChange[]): boolean {
    const cluster = this.#clusters.open.find((one) => one.id === id)
    if (!cluster) return false
    this.#refresh()
    for (const front of this.#clusters.accept(cluster, timeMs)) {
      this.#accepted.set(seriesKey(front.kind, front.subject), timeMs)
      this.#watch.evidence.restart(front.series)
      this.#freeze(front, 0)
      if (front.kind === STRUCTURE) this.#reference.forgetStratum(front.subject)
      else this.#reference.forgetPlace(front.subject)
    }
    out.push(this.#clusters.change('accepted', cluster, timeMs, this.#context()))
    return true
  }

  /** Plain data; arrays are shared with this until the next step. */
  state(): AccumulatorState {
    return {
      seen: { ...this.#seen },
      watch: this.#watch.state(),
      clusters: this.#clusters.state(),
      accepted: [...this.#accepted],
      scales: this.#scales,
      model: this.#model,
      bucket: this.#bucket,
      nextLookMs: this.#nextLookMs,
      watermarkMs: this.#watermarkMs,
      pending: [...this.#pending],
    }
  }

  /** Takes over a state; only valid on a fresh accumulator with the same settings and table. */
  restore(state: AccumulatorState): void {
    Object.assign(this.#seen, state.seen)
    this.#watch = DeviationWatch.restore(state.watch, this.#table, this.#options)
    this.#clusters.restore(state.clusters)
    for (const [key, timeMs] of state.accepted) this.#accepted.set(key, timeMs)
    this.#useScales(state.scales)
    this.#model = state.model
    this.#bucket = state.bucket
    this.#nextLookMs = state.nextLookMs
    this.#watermarkMs = state.watermarkMs
    this.#pending = [...state.pending]
  }

  #useScales(scales: Scales | null): void {
    this.#scales = scales
    this.#distances = scales && new ProfileDistances(scales)
  }

  /** Data time of an observation; ends the running bucket if it lies beyond it. */
  #begin(timeMs: number): number {
    const bucket = Math.floor(timeMs / this.#settings.bucketMs)
    if (bucket > this.#bucket) {
      this.#endBucket()
      this.#bucket = bucket
    }
    return timeMs
  }

  #clusterOfDeviating(): LivingCluster | null {
    if (this.#clusters.open.length === 0) return null
    const { count, series } = this.#watch.deviating
    for (let i = 0; i < count; i++) {
      const found = this.#clusters.at(series[i]!)
      if (found) return found.cluster
    }
    return null
  }

  #offer(cluster: LivingCluster, hash: number, context: ObservationContext, timeMs: number): void {
    if (!cluster.members.wants(hash)) return
    const { deviating, series } = this.#watch
    const keys: number[] = []
    for (let i = 0; i < deviating.count; i++) {
      const one = deviating.series[i]!
      keys.push(seriesKey(series.kind[one]!, series.subject[one]!))
    }
    cluster.members.add({ hash, example: context.keep(), series: keys })
    if (!cluster.shown) this.#publish('updated', cluster, timeMs)
  }

  /** Looks at the running bucket, which may be at its end: what closes, what opens. */
  #look(timeMs: number, atEnd: boolean): void {
    for (const { front } of this.#clusters.openFronts()) this.#lookAtOpen(front, timeMs, atEnd)
    const watch = this.#watch
    const { deviated, deviatedCount } = watch.counts
    const threshold = watch.logThreshold(this.#settings.falseClustersPerWeek)
    const opening: Front[] = []
    for (let i = 0; i < deviatedCount; i++) {
      const series = deviated[i]!
      if (!watch.isElevated(series) || this.#isAccepted(series)) continue
      if (this.#clusters.at(series)) continue
      const logM = watch.prefix(series)
      if (logM > threshold) opening.push(openFront(series, watch.series, timeMs, logM))
    }
    if (opening.length > 0) this.#openAll(opening, timeMs)
  }

  #lookAtOpen(front: Front, timeMs: number, atEnd: boolean): void {
    const watch = this.#watch
    const { series } = front
    const n = watch.counts.occurrences(series)
    if (n === 0) return
    front.activeMs = timeMs
    front.peak = Math.max(front.peak, watch.prefix(series))
    const ratio = watch.ratioOf(series, this.#shareOf(front))
    const closing = closingStep(front.closing, ratio)
    const dwelt = timeMs - front.openedMs >= this.#settings.bucketMs
    if (dwelt && closing > Math.log(this.#options.closingOdds)) {
      this.#closeFront(front, timeMs)
      return
    }
    if (!atEnd) return
    front.closing = closing
    if (ratio <= 0) return
    front.seenN += n
    front.seenC += watch.counts.c[series]!
  }

  /** The share of deviating occurrences seen while it was open; never below the least that is claimed. */
  #shareOf(front: Front): number {
    const { evidence, series, counts } = this.#watch
    const rate = series.rate[front.series]!
    const least = alternativeShare(sharesOf(front.kind, this.#options)[0]!, rate)
    let n = front.seenN
    let c = front.seenC
    if (n === 0) {
      n = evidence.n[front.series]! + counts.occurrences(front.series)
      c = evidence.c[front.series]! + counts.c[front.series]!
    }
    return Math.min(0.99, Math.max(least, c / Math.max(1, n)))
  }

  #openAll(opening: readonly Front[], timeMs: number): void {
    for (const front of opening) this.#refreshOne(front)
    // The strongest first, so that the others join its cluster.
    const sorted = [...opening].sort((a, b) => b.score - a.score || a.series - b.series)
    const { opened, joined, refused } = this.#clusters.add(sorted, timeMs, this.#watch.evidence)
    for (const front of refused) this.#watch.evidence.restart(front.series)
    for (const front of sorted) if (!refused.has(front)) this.#freeze(front, 1)
    for (const cluster of opened) this.#publish('opened', cluster, timeMs)
    for (const cluster of joined) this.#publish('updated', cluster, timeMs)
  }

  #closeFront(front: Front, timeMs: number): void {
    this.#refreshOne(front)
    this.#watch.evidence.restart(front.series)
    this.#freeze(front, 0)
    const ended = this.#clusters.close(front, timeMs)
    if (ended) this.#publish('closed', ended, timeMs)
  }

  #closeSilent(timeMs: number): void {
    const { silentMs, bucketMs } = this.#settings
    for (const { cluster, front } of this.#clusters.openFronts()) {
      const alone = cluster.fronts.every(({ closedMs }) => closedMs === null)
      const patience = alone ? silentMs : Math.min(silentMs, SILENT_BUCKETS * bucketMs)
      if (timeMs - front.activeMs > patience) this.#closeFront(front, timeMs)
    }
  }

  #endBucket(): void {
    if (this.#bucket < 0) return
    const endMs = (this.#bucket + 1) * this.#settings.bucketMs
    this.#look(endMs, true)
    const watch = this.#watch
    this.#refresh()
    const found = watch.findTouched()
    for (let i = 0; i < found; i++) {
      const series = watch.touched[i]!
      watch.endSeries(series, this.#clusters.at(series) !== undefined)
    }
    watch.counts.clear()
    const { evidence } = watch
    for (const { older, younger } of this.#clusters.mergeOverlapping(endMs, evidence)) {
      this.#publish('closed', younger, endMs)
      this.#publish('merged', older, endMs)
    }
    for (const cluster of this.#clusters.open) this.#publish('updated', cluster, endMs)
  }

  #refresh(): void {
    for (const { front } of this.#clusters.openFronts()) this.#refreshOne(front)
  }

  #refreshOne(front: Front): void {
    refreshFront(front, this.#watch.evidence, this.#watch.running(front.series))
  }

  #freeze(front: Front, value: 0 | 1): void {
    const { frozen, frozenStrata } = this.#reference
    if (front.kind === STRUCTURE) frozenStrata[front.subject] = value
    else frozen[front.subject] = value
  }

  #isAccepted(series: number): boolean {
    if (this.#accepted.size === 0) return false
    const { kind, subject } = this.#watch.series
    return this.#accepted.has(seriesKey(kind[series]!, subject[series]!))
  }

  #publish(kind: ClusterChangeKind, cluster: LivingCluster, timeMs: number): void {
    this.#pending.push(this.#clusters.change(kind, cluster, timeMs, this.#context()))
  }

  #context(): PublishContext {
    return {
      table: this.#table,
      voices: this.#voices,
      reader: this.#reader,
      distances: this.#distances,
      callerOf: this.#options.callerOf,
      model: this.#model,
    }
  }
}

/** The path that differs first, negative where the observation lacks it; 0 = none. */
function signedPath(elements: TraceElements, { differingPath }: ObservationContext): number {
  if (differingPath <= 0) return 0
  for (let i = 0; i < elements.count; i++) {
    if (elements.path[i] === differingPath) return differingPath
  }
  return -differingPath
}

export interface AccumulatorState {
  readonly seen: { readonly observations: number; readonly unwatched: number }
  readonly watch: DeviationWatchState
  readonly clusters: AccumulatorClustersState
  readonly accepted: readonly (readonly [key: number, timeMs: number])[]
  readonly scales: Scales | null
  readonly model: string | null
  readonly bucket: number
  readonly nextLookMs: number
  readonly watermarkMs: number
  readonly pending: readonly AnomalyClusterChange[]
}
