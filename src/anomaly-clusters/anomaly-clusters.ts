import { CONSTANTS } from '../baseline/constants.ts'
import { isUnusual } from '../baseline/entry-shares.ts'
import { emptyPlaceNull, type PlaceNull } from '../baseline/place-null.ts'
import type { PlaceReference } from '../baseline/place-reference.ts'
import type { IdSets } from '../columns/marks.ts'
import type { AnomalyCluster, AnomalyClusterChange } from '../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../contract/cluster-detail.ts'
import type { Acceptance, Answer, Signature, SignatureWords } from '../contract/signature.ts'
import { PlaceHistory } from '../evidence/place-history.ts'
import { SeriesMonitor } from '../evidence/series-monitor.ts'
import type { Model } from '../model/model.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { keptTime } from '../profile/profile.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { hashWords } from '../stats/random.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import { keyOf } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import { describeDetail, placeOf } from './cluster-detail.ts'
import { ClusterTimelines, type TimelineSources } from './cluster-timelines.ts'
import { whatText } from './episode.ts'
import { useCluster, useMember } from './ids-of-clusters.ts'
import { Lifecycle } from './lifecycle.ts'
import { type KeptExample, type Member, wantsMember } from './members.ts'
import { describeCluster } from './published-cluster.ts'
import { outcomeOf } from './recent-requests.ts'

/** How long something is accepted where nothing else was said, data time. */
const ACCEPTED_MS = 30 * 86_400_000

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

/** What was found of an observation. */
export interface Observed {
  /** Id of the open cluster that it belongs to, or null. */
  readonly cluster: string | null
  /** Whether it is similar, though flagged, to what a person accepted. */
  readonly accepted: boolean
}

export const IN_NO_CLUSTER: Observed = { cluster: null, accepted: false }
const ACCEPTED: Observed = { cluster: null, accepted: true }

/** The part of a model that anomaly clusters need. */
export type EvidenceModel = Pick<Model, 'id' | 'fittedMs' | 'scales'> & {
  readonly places: PlaceNull | null
}

/**
 * The step that makes anomaly clusters of many small deviations in one place. Every observation is
 * counted, flagged or not; per series (place, kind) and bucket of data time the share of deviating
 * occurrences is tested against its normal by a sequential e-detector, whose threshold follows from the
 * stated number of false clusters per week. See docs/concepts.md for what is assumed.
 */
export class AnomalyClusters {
  readonly #settings: AccumulateSettings
  readonly #table: ElementTable
  readonly #reference: PlaceReference
  readonly #life: Lifecycle
  readonly #history = new PlaceHistory()
  readonly #timelines = new ClusterTimelines()
  readonly #progress = { observations: 0, unwatched: 0, nextLookMs: 0, watermarkMs: 0 }

  /** `alpha`: share of normal observations that are flagged. */
  constructor(
    settings: AccumulateSettings,
    table: ElementTable,
    reference: PlaceReference,
    reader: EvidenceReader,
    alpha = 0.001,
  ) {
    this.#settings = settings
    this.#table = table
    this.#reference = reference
    const parts = { settings, table, reference, reader, alpha }
    const monitor = new SeriesMonitor(emptyPlaceNull(settings.bucketMs), table, CONSTANTS)
    this.#life = new Lifecycle(parts, monitor)
  }

  /** Plain numbers that only rise, but for `open` and `watched`. */
  get counts(): Readonly<Record<string, number>> {
    const { clusters, monitor, early, similar, signatures } = this.#life
    return {
      ...clusters.counts,
      observations: this.#progress.observations,
      unwatched: this.#progress.unwatched + monitor.deviations.unmonitored,
      examplesDropped: early.dropped,
      anomaliesDropped: similar.dropped,
      episodesDropped: signatures.dropped,
      historyDropped: this.#history.dropped,
      answerersDropped: this.#table.answered.dropped,
      open: clusters.open.length,
      watched: monitor.series.count,
      signatures: signatures.size,
    }
  }

  /** Counts the deviations of one observation, and says what it belongs to. */
  observe(elements: TraceElements, context: ObservationContext): Observed {
    this.#begin(context.timeMs)
    const { monitor, similar } = this.#life
    const { scan } = this.#reference
    scan.read(elements)
    monitor.count(elements, scan)
    this.#history.count(elements, scan)
    this.#progress.observations++
    similar.observed(elements.stratum)
    if (context.pStructure !== null) {
      const unusual = isUnusual(context.pStructure)
      monitor.countStructure(elements.stratum, unusual, unusual ? signedPath(elements, context) : 0)
      monitor.countCategories(elements.stratum, context.categories, scan, elements.count)
    }
    this.#countRequest(elements, context)
    const isPlain = monitor.deviations.ofObservation.count === 0 && !context.flagged
    return isPlain ? IN_NO_CLUSTER : this.#observeDeviating(elements, context)
  }

  /** After each record: data time has come this far. Adds what opened, changed and closed to `out`. */
  advance(watermarkMs: number, out: AnomalyClusterChange[]): void {
    const progress = this.#progress
    if (watermarkMs > progress.watermarkMs) progress.watermarkMs = watermarkMs
    if (watermarkMs >= progress.nextLookMs) {
      const every = this.#settings.bucketMs / CONSTANTS.looks
      progress.nextLookMs = (Math.floor(watermarkMs / every) + 1) * every
      this.#life.look({ timeMs: watermarkMs, atEnd: false })
      this.#life.endSilent(watermarkMs)
    }
    const { pending } = this.#life
    if (pending.length === 0) return
    for (const change of pending) out.push(change)
    pending.length = 0
  }

  /** Data time was wrong and was set back: what was counted in a later bucket goes on in the one of now. */
  turnBack(timeMs: number): void {
    this.#endBucket()
    this.#life.monitor.evidence.bucket = Math.floor(timeMs / this.#settings.bucketMs)
    this.#progress.watermarkMs = timeMs
    this.#progress.nextLookMs = timeMs
    this.#history.turnBack(timeMs)
    this.#timelines.turnBack(timeMs)
  }

  /** A new model takes effect. */
  install(model: EvidenceModel): void {
    this.#endBucket()
    const life = this.#life
    const { watermarkMs } = this.#progress
    const placeNull = model.places ?? emptyPlaceNull(this.#settings.bucketMs)
    const monitor = new SeriesMonitor(placeNull, this.#table, CONSTANTS)
    monitor.takeOver(life.monitor, (series) => life.clusters.at(series) !== undefined)
    this.#progress.unwatched += life.monitor.deviations.unmonitored
    life.useMonitor(monitor, watermarkMs)
    life.releaseAccepted(model.fittedMs, watermarkMs)
    life.useModel({ id: model.id, scales: model.scales })
  }

  open(): AnomalyCluster[] {
    this.#life.refresh()
    return this.#described(this.#life.clusters.open)
  }

  /** The latest clusters that are over, in the order of their end. */
  past(): AnomalyCluster[] {
    return this.#described(this.#life.clusters.past)
  }

  /** What there is to see of a cluster beside what is published of it; null where there is no such one. */
  detail(id: string): ClusterDetail | null {
    const { open, past } = this.#life.clusters
    const cluster = [...open, ...past].find((one) => one.id === id)
    if (!cluster) return null
    const context = this.#life.context()
    const kept = this.#timelines.of(cluster, this.#sources(), (one) => placeOf(context, one))
    return describeDetail(cluster, context, kept, this.#history, this.#progress.watermarkMs)
  }

  /**
   * A person says the cluster's behaviour is fine: ends it and learns its places anew; where it is over
   * already, it is no news when it comes back.
   * @returns false where there is no such cluster, or it was accepted before
   */
  accept(id: string, timeMs: number, out: AnomalyClusterChange[], said: Answer = {}): boolean {
    const life = this.#life
    const { by = '', reason = '', untilMs = timeMs + ACCEPTED_MS } = said
    const own = { cluster: id, atMs: timeMs, by, reason, untilMs }
    const open = life.clusters.open.find((one) => one.id === id)
    const past = life.clusters.past.find((one) => one.id === id && one.state === 'resolved')
    if (open) out.push(life.accept(open, own))
    else if (past) out.push(life.acceptPast(past, own))
    return open !== undefined || past !== undefined
  }

  /** Takes back that a cluster was accepted. @returns false where it was not */
  unaccept(id: string): boolean {
    return this.#life.unaccept(id)
  }

  /** What a person calls what keeps coming back. @returns false where there is no such signature */
  describeSignature(id: string, words: Partial<SignatureWords>): boolean {
    return this.#life.signatures.describe(id, words)
  }

  /** What keeps coming back, the latest first. */
  signatures(): Signature[] {
    const all = this.#life.signatures.all(this.#progress.watermarkMs)
    return all
      .map(({ whats, ...rest }) => ({
        ...rest,
        places: whats.map((what) => whatText(what, this.#table)),
      }))
      .sort((a, b) => b.lastMs - a.lastMs || (a.id < b.id ? -1 : 1))
  }

  acceptances(): Acceptance[] {
    return this.#life.signatures.acceptances(this.#progress.watermarkMs)
  }

  #described(clusters: readonly Cluster[]): AnomalyCluster[] {
    const context = this.#life.context()
    return clusters.map((one) => describeCluster(one, context, this.#progress.watermarkMs))
  }

  #sources(): TimelineSources {
    return { history: this.#history, series: this.#life.monitor.series }
  }

  /** Ends the running bucket and minute if an observation lies beyond them. */
  #begin(timeMs: number): void {
    if (this.#history.begin(timeMs)) {
      const { open, past } = this.#life.clusters
      const context = this.#life.context()
      this.#timelines.extend(open, past, this.#sources(), (one) => placeOf(context, one))
    }
    const { evidence } = this.#life.monitor
    const bucket = Math.floor(timeMs / this.#settings.bucketMs)
    if (bucket <= evidence.bucket) return
    this.#endBucket()
    evidence.bucket = bucket
  }

  #endBucket(): void {
    const { bucket } = this.#life.monitor.evidence
    if (bucket >= 0) this.#life.endBucket((bucket + 1) * this.#settings.bucketMs)
  }

  /** A request, for those clusters whose entry operations it is of. It suffers from those it deviates in. */
  #countRequest({ stratum, trace, failed }: TraceElements, { timeMs }: ObservationContext): void {
    const { monitor, clusters, recent } = this.#life
    const overTail = keptTime(trace.durationNs[0]!) / monitor.series.tailNs(stratum)
    const outcome = failed[0] === 1 ? 'failed' : outcomeOf(overTail)
    recent.add(stratum, timeMs, outcome)
    for (const cluster of clusters.open) {
      if (!cluster.story.impact.some((one) => one.stratum === stratum)) continue
      clusters.count(cluster, stratum, this.#deviatesIn(cluster) ? outcome : 'fine')
    }
  }

  /** Whether the last observation deviates where a cluster has an open alarm. */
  #deviatesIn(cluster: Cluster): boolean {
    const { monitor, clusters } = this.#life
    const { count, series } = monitor.deviations.ofObservation
    for (let i = 0; i < count; i++) if (clusters.at(series[i]!) === cluster) return true
    return false
  }

  /** An observation that deviates somewhere, or was flagged. */
  #observeDeviating(elements: TraceElements, context: ObservationContext): Observed {
    const { monitor, clusters, early } = this.#life
    const { id } = elements.trace
    const hash = hashWords(id[0]!, id[1]!, id[2]!, id[3]!, 0x2f6d)
    monitor.note(hash, context.timeMs)
    const { count, series } = monitor.deviations.ofObservation
    let growing = -1
    for (let i = 0; i < count; i++) {
      const cluster = clusters.open.length > 0 ? clusters.at(series[i]!) : undefined
      if (cluster) return this.#observeMember(cluster, hash, context)
      if (early.size > 0 && early.wants(series[i]!)) growing = series[i]!
    }
    if (context.flagged) return this.#observeLone(elements, hash, context)
    if (growing >= 0) early.add(growing, this.#member(hash, context))
    return IN_NO_CLUSTER
  }

  #observeMember(cluster: Cluster, hash: number, context: ObservationContext): Observed {
    if (wantsMember(cluster.members, hash)) {
      this.#life.clusters.addMember(cluster, this.#member(hash, context))
      // By data time, not by the observation, which may have ended earlier than others that were told of.
      if (!cluster.shown) this.#life.publish('updated', cluster, this.#progress.watermarkMs)
    }
    return { cluster: cluster.id, accepted: false }
  }

  /** An anomaly that deviates where nothing is open. */
  #observeLone(elements: TraceElements, hash: number, context: ObservationContext): Observed {
    const { stratum } = elements
    const { timeMs } = context
    const life = this.#life
    const member = this.#member(hash, context)
    if (life.isAccepted(member.example, timeMs)) return ACCEPTED
    const { count, series } = life.monitor.deviations.ofObservation
    const service = life.blamedBy(series, count, timeMs)
    const seen = life.similar.seen(stratum)
    const cluster = life.takeAnomaly({ ...member, timeMs, stratum, seen, service })
    return cluster ? { cluster: cluster.id, accepted: false } : IN_NO_CLUSTER
  }

  #member(hash: number, context: ObservationContext): Member {
    const { deviations, series } = this.#life.monitor
    const deviating = deviations.ofObservation
    const keys: number[] = []
    for (let i = 0; i < deviating.count; i++) {
      const one = deviating.series[i]!
      keys.push(keyOf(series.signal(one).name, series.rows.of.subject[one]!))
    }
    return { hash, example: context.keep(), series: keys }
  }

  /** Takes note of the ids that clusters and memories refer to. */
  use(used: IdSets): void {
    const { clusters, similar, early, accepted, recent, signatures } = this.#life
    for (const cluster of [...clusters.open, ...clusters.past]) useCluster(used, cluster)
    for (const member of [...similar.waiting, ...early.all()]) useMember(used, member)
    for (const { stratum } of similar.waiting) used.strata.add(stratum)
    accepted.use(used)
    signatures.use(used)
    used.strata.addAll(recent.strata())
    used.places.addAll(this.#timelines.places())
  }

  /** ... that the model and the null in effect refer to. */
  useFitted(used: IdSets): void {
    const { monitor, model } = this.#life
    monitor.use(used)
    if (model) used.paths.addAll(model.scales.paths)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    this.#life.monitor.forget(gone)
    this.#life.similar.forget(gone.strata)
    this.#history.forget(gone.places)
  }

  /** Plain data; arrays are shared with this until the next step. */
  state() {
    const { monitor, clusters, similar, early, accepted, recent, signatures, model, pending } =
      this.#life
    return {
      progress: { ...this.#progress },
      monitor: monitor.state(),
      clusters: clusters.state(),
      similar: similar.state(),
      early: early.state(),
      accepted: accepted.state(),
      signatures: signatures.state(),
      recent: recent.state(),
      model,
      pending: [...pending],
      history: this.#history.state(),
      timelines: this.#timelines.state(),
    }
  }

  /** Takes over a state; only valid on a fresh instance with the same settings and table. */
  restore(state: AnomalyClustersState): void {
    const life = this.#life
    Object.assign(this.#progress, state.progress)
    life.monitor = SeriesMonitor.restore(state.monitor, this.#table, CONSTANTS)
    life.clusters.restore(state.clusters)
    life.similar.restore(state.similar)
    life.early.restore(state.early)
    life.accepted.restore(state.accepted)
    life.signatures.restore(state.signatures)
    life.recent.restore(state.recent)
    life.useModel(state.model)
    life.pending.push(...state.pending)
    this.#history.restore(state.history)
    this.#timelines.restore(state.timelines)
  }
}

/** The path that differs first, negative where the observation lacks it; 0 = none. */
function signedPath(elements: TraceElements, { differingPath }: ObservationContext): number {
  if (differingPath <= 0) return 0
  const isThere = elements.path.subarray(0, elements.count).includes(differingPath)
  return isThere ? differingPath : -differingPath
}

export type AnomalyClustersState = ReturnType<AnomalyClusters['state']>
