import { isUnusual } from '../baseline/entry-shares.ts'
import { emptyPlaceNull, type PlaceNull } from '../baseline/place-null.ts'
import type { PlaceReference } from '../baseline/place-reference.ts'
import { LIKE } from '../baseline/series-kind.ts'
import type { AnomalyCluster, AnomalyClusterChange } from '../contract/anomaly-cluster.ts'
import { DeviationWatch, type DeviationWatchState } from '../evidence/deviation-watch.ts'
import { EVIDENCE_OPTIONS, type EvidenceOptions } from '../evidence/evidence-options.ts'
import type { Model } from '../model/model.ts'
import type { Scales } from '../model/scales.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { hashWords } from '../stats/random.ts'
import type { AcceptedStoriesState } from './accepted-stories.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import { describeCluster, type LivingCluster } from './accumulator-cluster.ts'
import type { AccumulatorClustersState } from './accumulator-clusters.ts'
import { AccumulatorLife } from './accumulator-life.ts'
import type { AccumulatorLikeState } from './accumulator-like.ts'
import { kindOfKey, seriesKey, subjectOfKey } from './deviation-front.ts'
import type { KeptExample, Member } from './deviation-members.ts'
import type { WarmState } from './warm-examples.ts'

export interface ObservationContext {
  /** End of the observation, data time, ms; not later than the watermark. */
  readonly timeMs: number
  readonly flagged: boolean
  /** Structural p-value; null while there is none. */
  readonly pStructure: number | null
  /** The path that differs first from the nearest known set of paths, there or missing; -1 = none. */
  readonly differingPath: number
  /** Values of the configured categories of the entry; reused. */
  readonly categories: Int32Array
  /** Copies the observation; called only when it is wanted as an example. */
  keep(): KeptExample
}

/** The part of a model that the accumulator needs. */
export type EvidenceModel = Pick<Model, 'id' | 'fittedMs' | 'scales'> & {
  readonly places: PlaceNull | null
}

/**
 * Accumulates many small deviations in one place into anomaly clusters. Every observation is counted,
 * flagged or not; per series (place, kind) and bucket of data time the share of deviating occurrences
 * is tested against its normal by a sequential e-detector, whose threshold follows from the stated
 * number of false clusters per week. See docs/concepts.md for what is assumed.
 */
export class Accumulator {
  readonly #seen = { observations: 0, unwatched: 0 }
  readonly #settings: AccumulateSettings
  readonly #options: EvidenceOptions
  readonly #table: ElementTable
  readonly #reference: PlaceReference
  readonly #life: AccumulatorLife
  #nextLookMs = 0
  #watermarkMs = 0
  #last: LivingCluster | null = null
  #lastAccepted = false

  /** `alpha`: share of normal observations that are flagged. */
  constructor(
    settings: AccumulateSettings,
    table: ElementTable,
    reference: PlaceReference,
    reader: EvidenceReader,
    alpha = 0.001,
    options: EvidenceOptions = EVIDENCE_OPTIONS,
  ) {
    this.#settings = settings
    this.#options = options
    this.#table = table
    this.#reference = reference
    const parts = { settings, options, table, reference, reader, alpha }
    const watch = new DeviationWatch(emptyPlaceNull(settings.bucketMs), table, options)
    this.#life = new AccumulatorLife(parts, watch)
  }

  /** Plain numbers that only rise, but for `open` and `watched`. */
  get counts(): Readonly<Record<string, number>> {
    const { clusters, watch, warm, like } = this.#life
    return {
      ...clusters.counts,
      observations: this.#seen.observations,
      unwatched: this.#seen.unwatched + watch.counts.unwatched,
      examplesDropped: warm.dropped,
      straysDropped: like.anomalies.dropped,
      open: clusters.open.length,
      watched: watch.series.count,
    }
  }

  /** Counts the deviations of one observation; true = it belongs to an open cluster. */
  observe(elements: TraceElements, context: ObservationContext): boolean {
    this.#begin(context.timeMs)
    const { watch, like } = this.#life
    const { scan } = this.#reference
    scan.read(elements)
    watch.take(elements, scan)
    this.#seen.observations++
    like.anomalies.observed(elements.stratum)
    if (context.pStructure !== null) {
      const unusual = isUnusual(context.pStructure)
      watch.takeStructure(elements.stratum, unusual, unusual ? signedPath(elements, context) : 0)
      watch.takeCategories(elements.stratum, context.categories, scan, elements.count)
    }
    this.#last = null
    this.#lastAccepted = false
    if (watch.deviating.count > 0 || context.flagged) this.#deviate(elements, context)
    return this.#last !== null
  }

  /** After each record: data time has come this far. Adds what opened, changed and closed to `out`. */
  advance(watermarkMs: number, out: AnomalyClusterChange[]): void {
    if (watermarkMs > this.#watermarkMs) this.#watermarkMs = watermarkMs
    if (watermarkMs >= this.#nextLookMs) {
      const every = this.#settings.bucketMs * this.#options.lookShare
      this.#nextLookMs = (Math.floor(watermarkMs / every) + 1) * every
      this.#life.look(watermarkMs, false)
      this.#life.closeSilent(watermarkMs)
    }
    const { pending } = this.#life
    if (pending.length === 0) return
    for (const change of pending) out.push(change)
    pending.length = 0
  }

  /** A new model takes effect. */
  install(model: EvidenceModel): void {
    this.#endBucket()
    const life = this.#life
    const placeNull = model.places ?? emptyPlaceNull(this.#settings.bucketMs)
    const watch = new DeviationWatch(placeNull, this.#table, this.#options)
    watch.takeOver(life.watch)
    this.#seen.unwatched += life.watch.counts.unwatched
    // A front whose series is watched no more has nothing to be tested against.
    for (const { front } of life.clusters.openFronts()) {
      if (front.kind !== LIKE && watch.series.find(front.kind, front.subject) < 0) {
        life.closeFront(front, this.#watermarkMs)
      }
    }
    life.clusters.renumber((kind, subject) => watch.series.find(kind, subject))
    life.warm.clear()
    life.watch = watch
    // What was counted of them meanwhile is against a null that did not know them.
    for (const key of life.accepted.fitted(model.fittedMs, this.#watermarkMs)) {
      const series = watch.series.find(kindOfKey(key), subjectOfKey(key))
      if (series >= 0) watch.evidence.restart(series)
    }
    life.model = model.id
    life.useScales(model.scales)
  }

  /** Id of the open cluster that the last observation belongs to, or null. */
  lastCluster(): string | null {
    return this.#last?.id ?? null
  }

  /** Whether the last observation, though flagged, is like what a person accepted. */
  lastAccepted(): boolean {
    return this.#lastAccepted
  }

  open(): AnomalyCluster[] {
    const life = this.#life
    life.refresh()
    const now = this.#watermarkMs
    return life.clusters.open.map((cluster) => describeCluster(cluster, life.context(), now))
  }

  /** The latest clusters that are over, in the order of their end. */
  past(): AnomalyCluster[] {
    const life = this.#life
    const now = this.#watermarkMs
    return life.clusters.past.map((cluster) => describeCluster(cluster, life.context(), now))
  }

  /**
   * A person says the cluster's behaviour is fine: ends it and learns its places anew.
   * @returns false where no such cluster is open
   */
  accept(id: string, timeMs: number, out: AnomalyClusterChange[]): boolean {
    const life = this.#life
    const cluster = life.clusters.open.find((one) => one.id === id)
    if (!cluster) return false
    life.accept(cluster, timeMs)
    out.push(life.clusters.change('accepted', cluster, timeMs, life.context()))
    return true
  }

  /** Ends the running bucket if an observation lies beyond it. */
  #begin(timeMs: number): void {
    const { evidence } = this.#life.watch
    const bucket = Math.floor(timeMs / this.#settings.bucketMs)
    if (bucket <= evidence.bucket) return
    this.#endBucket()
    evidence.bucket = bucket
  }

  #endBucket(): void {
    const { bucket } = this.#life.watch.evidence
    if (bucket >= 0) this.#life.endBucket((bucket + 1) * this.#settings.bucketMs)
  }

  /** An observation that deviates somewhere, or was flagged. */
  #deviate(elements: TraceElements, context: ObservationContext): void {
    const life = this.#life
    const { watch, clusters, warm } = life
    const { id } = elements.trace
    const hash = hashWords(id[0]!, id[1]!, id[2]!, id[3]!, 0x2f6d)
    watch.note(hash, context.timeMs)
    const { count, series } = watch.deviating
    let warmSeries = -1
    for (let i = 0; i < count && this.#last === null; i++) {
      if (clusters.open.length > 0) this.#last = clusters.at(series[i]!)?.cluster ?? null
      if (warm.size > 0 && warm.wants(series[i]!)) warmSeries = series[i]!
    }
    if (this.#last) {
      if (!this.#last.members.wants(hash)) return
      this.#last.members.add(this.#member(hash, context))
      if (!this.#last.shown) life.publish('updated', this.#last, context.timeMs)
    } else if (context.flagged) this.#last = this.#stray(elements, hash, context)
    else if (warmSeries >= 0) warm.add(warmSeries, this.#member(hash, context))
  }

  #member(hash: number, context: ObservationContext): Member {
    const { deviating, series } = this.#life.watch
    const { signal, subject } = series.rows.of
    const keys: number[] = []
    for (let i = 0; i < deviating.count; i++) {
      const one = deviating.series[i]!
      keys.push(seriesKey(signal[one]!, subject[one]!))
    }
    return { hash, example: context.keep(), series: keys }
  }

  #stray(elements: TraceElements, hash: number, context: ObservationContext): LivingCluster | null {
    const { stratum } = elements
    const { watch, like } = this.#life
    const { example, series } = this.#member(hash, context)
    this.#lastAccepted = this.#life.isAccepted(example, context.timeMs)
    if (this.#lastAccepted) return null
    return this.#life.stray({
      hash,
      timeMs: context.timeMs,
      stratum,
      seen: like.anomalies.seen(stratum),
      service: this.#life.accusedBy(watch.deviating),
      series,
      example,
    })
  }

  /** Plain data; arrays are shared with this until the next step. */
  state(): AccumulatorState {
    const life = this.#life
    return {
      seen: { ...this.#seen },
      watch: life.watch.state(),
      clusters: life.clusters.state(),
      like: life.like.state(),
      warm: life.warm.state(),
      accepted: life.accepted.state(),
      scales: life.scales,
      model: life.model,
      nextLookMs: this.#nextLookMs,
      watermarkMs: this.#watermarkMs,
      pending: [...life.pending],
    }
  }

  /** Takes over a state; only valid on a fresh accumulator with the same settings and table. */
  restore(state: AccumulatorState): void {
    const life = this.#life
    Object.assign(this.#seen, state.seen)
    life.watch = DeviationWatch.restore(state.watch, this.#table, this.#options)
    life.clusters.restore(state.clusters)
    life.like.restore(state.like)
    life.warm.restore(state.warm)
    life.accepted.restore(state.accepted)
    life.useScales(state.scales)
    life.model = state.model
    this.#nextLookMs = state.nextLookMs
    this.#watermarkMs = state.watermarkMs
    life.pending = [...state.pending]
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
  readonly like: AccumulatorLikeState
  readonly warm: WarmState
  readonly accepted: AcceptedStoriesState
  readonly scales: Scales | null
  readonly model: string | null
  readonly nextLookMs: number
  readonly watermarkMs: number
  readonly pending: readonly AnomalyClusterChange[]
}
