import { CONSTANTS } from '../baseline/constants.ts'
import type { PlaceReference } from '../baseline/place-reference.ts'
import { SIGNALS, signalOf } from '../baseline/signals.ts'
import type { AnomalyClusterChange, ClusterChangeKind } from '../contract/anomaly-cluster.ts'
import type { Acceptance, Recalled } from '../contract/signature.ts'
import type { SeriesMonitor } from '../evidence/series-monitor.ts'
import type { Scales } from '../model/scales.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import { AcceptedBehaviour } from './accepted-behaviour.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import {
  type Alarm,
  keyOf,
  partsOfKey,
  raisedAlarm,
  refreshedAlarm,
  type TestedAlarm,
} from './alarm.ts'
import { type Cluster, firstDeviationMs, openAlarms } from './cluster.ts'
import { decide, decideMerge, decideSplit, type Grounds } from './decide.ts'
import { EarlyExamples } from './early-examples.ts'
import { isSilent, type Look, type Looked, lookAt, lookAtSimilar } from './ending.ts'
import { type Extent, NO_EXTENT, whatOfSeries, widened } from './episode.ts'
import { EntriesOfPlaces, type EntryImpact, withEntries } from './impact.ts'
import { LivingClusters } from './living-clusters.ts'
import type { KeptExample, Member } from './members.ts'
import { ProfileDistances } from './profile-distances.ts'
import { type DescribeContext, describeCluster, storyOf } from './published-cluster.ts'
import { RecentRequests } from './recent-requests.ts'
import { Signatures } from './signatures.ts'
import { type LoneAnomaly, SimilarAnomalies } from './similar-anomalies.ts'
import { Suspects } from './suspects.ts'

/** Whether so much speaks for a change that examples of it are kept, in case an alarm comes of it. */
function grows(logM: number): boolean {
  return logM > Math.log(CONSTANTS.likelyOdds)
}

export interface LifecycleParts {
  readonly settings: AccumulateSettings
  readonly table: ElementTable
  readonly reference: PlaceReference
  readonly reader: EvidenceReader
  /** Share of normal observations that are flagged. */
  readonly alpha: number
}

/**
 * The life of anomaly clusters: asks at each look at the evidence what begins and what ends, at each
 * end of a bucket what belongs together and what does not, has it decided (decide.ts) and applied
 * (living-clusters.ts), and tells what came of it.
 */
export class Lifecycle {
  readonly clusters = new LivingClusters()
  readonly similar = new SimilarAnomalies()
  readonly early = new EarlyExamples()
  readonly accepted = new AcceptedBehaviour()
  readonly signatures: Signatures
  readonly recent = new RecentRequests()
  /** Changes that were not handed over yet. */
  readonly pending: AnomalyClusterChange[] = []
  monitor: SeriesMonitor
  /** The model in effect. */
  model: { readonly id: string; readonly scales: Scales } | null = null
  #distances: ProfileDistances | null = null
  readonly #parts: LifecycleParts
  readonly #suspects: Suspects
  readonly #entries: EntriesOfPlaces

  constructor(parts: LifecycleParts, monitor: SeriesMonitor) {
    this.#parts = parts
    this.monitor = monitor
    this.#suspects = new Suspects(parts.table)
    this.signatures = new Signatures(parts.settings.bucketMs)
    this.#entries = new EntriesOfPlaces(parts.table)
  }

  useModel(model: Lifecycle['model']): void {
    this.model = model
    this.#distances = model && new ProfileDistances(model.scales)
  }

  /** Looks at the running bucket: what ends, and what begins. */
  look(look: Look): void {
    this.#endAlarms(look)
    const logThreshold = this.monitor.logThreshold(this.#parts.settings.falseClustersPerWeek)
    this.#raiseAlarms(look.timeMs, logThreshold)
    this.#groupSimilar(look.timeMs, logThreshold)
    if (!look.atEnd) this.monitor.deviations.mark()
  }

  /** Ends the running bucket, which ends at `endMs`. */
  endBucket(endMs: number): void {
    this.look({ timeMs: endMs, atEnd: true })
    const { monitor, early } = this
    this.refresh()
    const found = monitor.findTouched()
    for (let i = 0; i < found; i++) {
      const series = monitor.touched[i]!
      monitor.endSeries(series, this.clusters.at(series) !== undefined)
    }
    monitor.deviations.clear()
    if (early.size > 0) early.keepOnly((series) => grows(monitor.standing(series)))
    this.#mergeTied(endMs)
    this.#splitUntied(endMs)
    for (const cluster of this.clusters.open) this.#measure(cluster, endMs)
    for (const cluster of this.clusters.open) this.publish('updated', cluster, endMs)
  }

  /** A flagged observation with no open place: the cluster of similar anomalies it joins, or null. */
  takeAnomaly(anomaly: LoneAnomaly): Cluster | null {
    const cluster = this.#similarTo(anomaly)
    if (!cluster) this.similar.add(anomaly)
    return cluster
  }

  /** The service that the rarest of some deviations blames; '' without any. */
  blamedBy(series: ArrayLike<number>, count: number, timeMs: number): string {
    const { baseRate } = this.monitor.series.rows.of
    let rarest = -1
    for (let i = 0; i < count; i++) {
      if (rarest < 0 || baseRate[series[i]!]! < baseRate[rarest]!) rarest = series[i]!
    }
    return rarest < 0 ? '' : this.#suspects.of(raisedAlarm(this.monitor, rarest, timeMs, 0)).service
  }

  /** Ends alarms whose subject was not seen for long. */
  endSilent(timeMs: number): void {
    for (const alarm of this.clusters.openAlarms()) {
      if (alarm.on === 'similar anomalies') continue
      const cluster = this.clusters.at(alarm.series)!
      if (isSilent(alarm, cluster, timeMs, this.#parts.settings)) this.endAlarm(alarm, timeMs)
    }
  }

  /** Ends an alarm as it stands, and starts its evidence anew; its cluster ends with the last one. */
  endAlarm(alarm: Alarm, timeMs: number): void {
    const last = this.#refreshed(alarm)
    if (alarm.on !== 'similar anomalies') this.monitor.evidence.restart(alarm.series)
    const ended = this.clusters.apply({ decision: 'end', alarm: last }, timeMs)
    this.#freeze(alarm)
    if (!ended) return
    this.#measure(ended, timeMs)
    this.signatures.add(ended.id, ended.extent)
    this.publish('closed', ended, timeMs)
  }

  /** A new null takes effect, under which series have other numbers. */
  useMonitor(monitor: SeriesMonitor, timeMs: number): void {
    const numberOf = ({ signal, subject }: Alarm): number =>
      monitor.series.find(SIGNALS[signal].number, subject)
    // An alarm whose series is watched no more has nothing to be tested against.
    for (const alarm of this.clusters.openAlarms()) {
      if (alarm.on !== 'similar anomalies' && numberOf(alarm) < 0) this.endAlarm(alarm, timeMs)
    }
    this.clusters.renumber((alarm) =>
      alarm.on === 'similar anomalies' ? alarm.series : numberOf(alarm),
    )
    this.early.clear()
    this.monitor = monitor
  }

  /** What was accepted before a null was fitted may raise alarms again. */
  releaseAccepted(fittedMs: number, timeMs: number): void {
    const { series } = this.monitor
    const isAssumed = (key: number): boolean => {
      const [signal, stratum] = partsOfKey(key)
      const isOfFailures = signal === SIGNALS.failures.number && !series.isGivenUp(stratum)
      return isOfFailures && !series.knowsFailures(stratum)
    }
    this.#mayAlarm(this.accepted.release(fittedMs, timeMs, isAssumed))
  }

  /** Accepts a cluster: its places are learned anew, and raise alarms only under a null that knows them. */
  accept(cluster: Cluster, acceptance: Acceptance): AnomalyClusterChange {
    const timeMs = acceptance.atMs
    this.refresh()
    this.#measure(cluster, timeMs)
    this.signatures.accept(this.signatures.add(cluster.id, cluster.extent), acceptance)
    const suspects = cluster.alarms.map((alarm) => this.#suspects.of(alarm))
    this.accepted.add(cluster, suspects, timeMs)
    const open = openAlarms(cluster)
    this.clusters.apply({ decision: 'accept', cluster }, timeMs)
    for (const alarm of open) {
      this.#freeze(alarm)
      if (alarm.on !== 'similar anomalies') this.#learnAnew(alarm, timeMs)
    }
    return this.#change('accepted', cluster, timeMs)
  }

  /** Accepts a cluster that is over: it is no news when it comes back. */
  acceptPast(cluster: Cluster, acceptance: Acceptance): AnomalyClusterChange {
    this.signatures.accept(this.signatures.of(cluster.id), acceptance)
    this.clusters.acceptPast(cluster)
    return this.#change('accepted', cluster, acceptance.atMs)
  }

  /** Takes back that a cluster was accepted: what it showed may raise alarms again. */
  unaccept(cluster: string): boolean {
    if (!this.signatures.unaccept(cluster)) return false
    this.#mayAlarm(this.accepted.takeBack(cluster))
    return true
  }

  /** Whether a flagged observation is similar to examples of what was accepted. */
  isAccepted({ profile }: KeptExample, timeMs: number): boolean {
    return this.#distances !== null && this.accepted.isSimilar(profile, timeMs, this.#distances)
  }

  /** Brings all open alarms up to date with the evidence. */
  refresh(): void {
    for (const alarm of this.clusters.openAlarms()) this.clusters.update(this.#refreshed(alarm))
  }

  publish(kind: ClusterChangeKind, cluster: Cluster, timeMs: number): void {
    this.pending.push(this.#change(kind, cluster, timeMs))
  }

  context(): DescribeContext {
    const { table, reader, settings } = this.#parts
    return {
      table,
      suspects: this.#suspects,
      reader,
      distances: this.#distances,
      model: this.model?.id ?? null,
      askAfterMs: settings.askAfterMs,
      categoryText: (category, value) => reader.categoryText(category, value),
      isNew: (path) => this.#isNew(path),
      severity: settings.severity,
    }
  }

  #change(change: ClusterChangeKind, cluster: Cluster, timeMs: number): AnomalyClusterChange {
    const context = this.context()
    this.clusters.tell(cluster, storyOf(cluster, context, this.#impactOf(cluster)))
    const described = describeCluster(cluster, context, timeMs)
    this.clusters.markShown(cluster, described.representative !== null)
    return { change, timeMs, cluster: described }
  }

  /** What was counted of series while they raised no alarm is against a null that did not know it. */
  #mayAlarm(keys: readonly number[]): void {
    const { series, evidence } = this.monitor
    for (const key of keys) {
      const number = series.find(...partsOfKey(key))
      if (number >= 0) evidence.restart(number)
    }
  }

  /** The entry operations of a cluster, those of alarms that joined it meanwhile included. */
  #impactOf(cluster: Cluster): readonly EntryImpact[] {
    const { story, alarms, state } = cluster
    if (state !== 'open') return story.impact
    const strata = alarms.flatMap((alarm) => this.#entries.of(alarm))
    return withEntries(story.impact, strata, this.recent, firstDeviationMs(cluster))
  }

  #grounds(timeMs: number): Grounds {
    const { settings } = this.#parts
    const { sketches } = this.monitor.evidence
    return {
      timeMs,
      limits: settings,
      suspectOf: (alarm) => this.#suspects.of(alarm),
      knownAs: (alarm) => this.#knownAs(this.#widened(NO_EXTENT, [alarm]), timeMs),
      isCall: (alarm, other) => this.#isCall(alarm, other) || this.#isCall(other, alarm),
      isSameOperation: (alarm, other) => this.#isSameOperation(alarm, other),
      overlap: (series, other, least) => sketches.overlap(series, other, least),
    }
  }

  #widened(extent: Extent, alarms: readonly Alarm[]): Extent {
    const { places } = this.#parts.table
    return widened(extent, alarms, (place) => places.callerOf(place) === 0)
  }

  /** The known signature that something stays within, or null. */
  #knownAs(extent: Extent, timeMs: number): Recalled | null {
    const recalled = this.signatures.recall(extent, timeMs)
    return recalled?.known && recalled.excess === null ? recalled : null
  }

  /** Notes how far a cluster has gone by now, and tells of it once it outgrows what is known. */
  #measure(cluster: Cluster, timeMs: number): void {
    const own = cluster.alarms.filter(({ openedMs }) => openedMs >= cluster.sinceMs)
    const extent = this.#widened(cluster.extent, own)
    // What was known and has outgrown that says so until it ends.
    const outgrown = cluster.told && cluster.recalled?.known === true
    const recalled = outgrown ? cluster.recalled : this.signatures.recall(extent, timeMs)
    const isKnown = recalled?.known === true && recalled.excess === null
    this.clusters.note(cluster, { extent, recalled, told: cluster.told || !isKnown })
  }

  /** Whether the baseline does not know the place that a call path ends in. */
  #isNew(path: number): boolean {
    return this.monitor.series.known[this.#parts.table.placeOfPath(path)] !== 1
  }

  /** Whether what an alarm is about is called by what the other is about. */
  #isCall(caller: Alarm, callee: Alarm): boolean {
    const { places } = this.#parts.table
    if (caller.on !== 'place' || callee.on !== 'place') return false
    return places.calleeOf(caller.subject) === places.callerOf(callee.subject)
  }

  #isSameOperation(alarm: Alarm, other: Alarm): boolean {
    const { places } = this.#parts.table
    if (alarm.on !== 'place' || other.on !== 'place') return false
    return places.calleeOf(alarm.subject) === places.calleeOf(other.subject)
  }

  #endAlarms(look: Look): void {
    for (const alarm of this.clusters.openAlarms()) {
      const looked = this.#lookAt(alarm, look)
      this.clusters.update(looked.alarm)
      if (looked.ends) this.endAlarm(looked.alarm, look.timeMs)
    }
  }

  #lookAt(alarm: Alarm, look: Look): Looked<Alarm> {
    const { settings, alpha } = this.#parts
    if (alarm.on !== 'similar anomalies')
      return lookAt(alarm, look, this.monitor, settings.bucketMs)
    const seen = this.similar.seen(alarm.subject)
    return lookAtSimilar(alarm, seen, look.timeMs, alpha, settings)
  }

  /** Raises an alarm for each series whose evidence has passed the threshold. */
  #raiseAlarms(timeMs: number, logThreshold: number): void {
    const { monitor } = this
    const { signal, subject } = monitor.series.rows.of
    const { ids, count } = monitor.deviations.bySeries
    const raised: TestedAlarm[] = []
    const growing: TestedAlarm[] = []
    for (let i = 0; i < count; i++) {
      const series = ids[i]!
      if (!monitor.isElevated(series) || this.clusters.at(series)) continue
      if (this.accepted.hasSeries(keyOf(signalOf(signal[series]!).name, subject[series]!))) continue
      const logM = monitor.prefix(series)
      if (logM > logThreshold && logM > logThreshold + this.#surcharge(series, timeMs)) {
        raised.push(this.#refreshed(raisedAlarm(monitor, series, timeMs, logM)))
      } else if (grows(logM)) {
        this.early.begin(series)
        if (signal[series] === SIGNALS.errors.number) {
          growing.push(this.#refreshed(raisedAlarm(monitor, series, timeMs, logM)))
        }
      }
    }
    raised.push(...growing.filter((alarm) => this.#explains(alarm, raised)))
    const news = raised.filter((alarm) => !this.#wasAccepted(alarm, timeMs))
    // The strongest first, so that the others join its cluster.
    news.sort((a, b) => b.score - a.score || a.series - b.series)
    this.#take(
      news.map((alarm) => ({ alarm, examples: this.early.handOver(alarm.series) })),
      timeMs,
    )
  }

  /**
   * What a series must bring above the common threshold for what it has shown. Each is allowed its part
   * of the stated rate. One that raises alarms k times as often which are nothing but what is known there
   * has a null with heavier tails than was taken; the rate of an e-detector falls with its threshold, so
   * k times the threshold brings it back to its part, and the sum over all to what was stated.
   */
  #surcharge(series: number, timeMs: number): number {
    const { signal, subject } = this.monitor.series.rows.of
    const what = whatOfSeries(signalOf(signal[series]!), subject[series]!)
    const { openings, weeks } = this.signatures.shownFalse(what, timeMs)
    const allowed = this.#parts.settings.falseClustersPerWeek / (this.monitor.series.count + 1)
    return Math.max(0, Math.log(openings / weeks / allowed))
  }

  /**
   * Whether errors that have not passed the threshold by themselves are why calls are missing that have:
   * whoever fails no longer makes them. Of several callers each brings only a part of the errors, while
   * what is missing is counted over all of them.
   */
  #explains(errors: TestedAlarm, raised: readonly TestedAlarm[]): boolean {
    const { places, paths } = this.#parts.table
    const failing = places.calleeOf(errors.subject)
    return raised.some(({ signal, subject, vote }) => {
      if (signal === 'presence') return places.callerOf(subject) === failing
      if (signal !== 'structure' || vote >= 0) return false
      const above = paths.parentOf(-vote)
      return above > OTHER_PAIR && paths.elementOf(above) === failing
    })
  }

  /** Raises an alarm for a group of similar anomalies, if one has passed the threshold. */
  #groupSimilar(timeMs: number, logThreshold: number): void {
    if (!this.#distances) return
    const { clusters, early, similar, monitor } = this
    const { alpha, table } = this.#parts
    const isTaken = (key: number): boolean => {
      const series = monitor.series.find(...partsOfKey(key))
      return series >= 0 && (early.has(series) || clusters.at(series) !== undefined)
    }
    const group = similar.takeGroup(this.#distances, alpha, logThreshold, isTaken)
    if (!group) return
    const entry = (stratum: number): string => table.serviceText(table.entryElement(stratum))
    const examples = group.anomalies.map(({ hash, example, series }) => ({ hash, example, series }))
    this.#take([{ alarm: similar.alarmOf(group, entry, timeMs, alpha), examples }], timeMs)
  }

  /** Has it decided what becomes of alarms that are raised together, with their examples. */
  #take(
    raised: readonly { readonly alarm: Alarm; readonly examples: readonly Member[] }[],
    timeMs: number,
  ): void {
    const opened = new Set<Cluster>()
    const joined = new Set<Cluster>()
    for (const { alarm, examples } of raised) {
      const decision = decide(alarm, this.clusters, this.#grounds(timeMs))
      const cluster = this.clusters.apply({ ...decision, alarm }, timeMs)
      if (!cluster) {
        if (alarm.on !== 'similar anomalies') this.monitor.evidence.restart(alarm.series)
        continue
      }
      if (decision.decision !== 'join') opened.add(cluster)
      else if (!opened.has(cluster)) joined.add(cluster)
      this.#freeze(alarm)
      this.#takeBack(alarm)
      for (const example of examples) this.clusters.addMember(cluster, example)
    }
    for (const cluster of [...opened, ...joined]) this.#measure(cluster, timeMs)
    for (const cluster of opened) this.publish('opened', cluster, timeMs)
    for (const cluster of joined) this.publish('updated', cluster, timeMs)
  }

  /** Clusters that turn out to be one story become one. */
  #mergeTied(timeMs: number): void {
    const { open } = this.clusters
    const grounds = this.#grounds(timeMs)
    const merged: [older: Cluster, younger: Cluster][] = []
    for (let i = 0; i < open.length; i++) {
      for (let j = open.length - 1; j > i; j--) {
        const decision = decideMerge(open[i]!, open[j]!, grounds)
        if (decision.decision === 'keep') continue
        merged.push([decision.older, decision.younger])
        this.clusters.apply(decision, timeMs)
      }
    }
    for (const [older, younger] of merged) {
      this.publish('closed', younger, timeMs)
      this.publish('merged', older, timeMs)
    }
  }

  /** Clusters that are no longer one story become two. */
  #splitUntied(timeMs: number): void {
    if (!this.#distances) return
    const { open } = this.clusters
    const parts: Cluster[] = []
    for (const cluster of [...open]) {
      const decision = decideSplit(cluster, open.length, this.#distances, this.#grounds(timeMs))
      if (decision.decision === 'split') parts.push(this.clusters.apply(decision, timeMs)!)
    }
    for (const part of parts) this.publish('split', part, timeMs)
  }

  /** The open cluster of anomalies that one is similar to, which counts it; or null. */
  #similarTo({ stratum, example, timeMs }: LoneAnomaly): Cluster | null {
    if (!this.#distances) return null
    for (const alarm of this.clusters.openAlarms()) {
      if (alarm.on !== 'similar anomalies' || alarm.subject !== stratum) continue
      const cluster = this.clusters.at(alarm.series)!
      const member = cluster.members[0]
      if (!member) continue
      const distance = this.#distances.between(member.example.profile, example.profile)
      if (distance > 2 * CONSTANTS.similar) continue
      this.clusters.update(this.similar.withAnother(alarm, timeMs))
      return cluster
    }
    return null
  }

  #refreshed<A extends Alarm>(alarm: A): A {
    if (alarm.on === 'similar anomalies') return alarm
    const running = this.monitor.running(alarm.series)
    return refreshedAlarm(alarm, this.monitor.evidence, running) as A
  }

  /** The place that is not learned from while an alarm is open; 0 where it is an entry's sets of calls. */
  #heldPlace({ on, signal, subject }: Alarm): number {
    if (on === 'place') return subject
    return signal === 'failures' ? this.#parts.table.entryPlace(subject) : 0
  }

  /** A place is learned from only while no alarm is open there; of an entry, its sets of calls. */
  #freeze(alarm: Alarm): void {
    if (!SIGNALS[alarm.signal].learned) return
    const place = this.#heldPlace(alarm)
    const isOpen = this.clusters
      .openAlarms()
      .some(
        (other) =>
          SIGNALS[other.signal].learned &&
          this.#heldPlace(other) === place &&
          (place > 0 || other.subject === alarm.subject),
      )
    const { reference } = this.#parts
    if (place > 0) reference.freezePlace(place, isOpen)
    else reference.freezeStratum(alarm.subject, isOpen)
  }

  /** What led to an alarm is no example of what is normal either. */
  #takeBack(alarm: Alarm): void {
    const { signal, subject, firstMs } = alarm
    if (!SIGNALS[signal].learned) return
    const { reference, table } = this.#parts
    const place = this.#heldPlace(alarm)
    if (place > 0) reference.dropPlaceSince(place, firstMs)
    else reference.dropStratumSince(subject, firstMs)
    if (alarm.on !== 'entry operation' || signal !== 'failures' || alarm.vote === 0) return
    reference.dropPlaceSince(table.placeOfPath(Math.abs(alarm.vote)), firstMs)
  }

  /** Whether an alarm is a late part of what was accepted; then it is learned anew as well. */
  #wasAccepted(alarm: TestedAlarm, timeMs: number): boolean {
    if (!this.accepted.includes(this.#suspects.of(alarm), alarm.firstMs)) return false
    this.early.handOver(alarm.series)
    this.#learnAnew(alarm, timeMs)
    return true
  }

  #learnAnew(alarm: TestedAlarm, timeMs: number): void {
    const { signal, subject, series } = alarm
    this.accepted.addSeries(keyOf(signal, subject), timeMs)
    this.monitor.evidence.restart(series)
    if (!SIGNALS[signal].learned) return
    const { reference } = this.#parts
    const place = this.#heldPlace(alarm)
    if (place > 0) reference.forgetPlace(place)
    else reference.forgetStratum(subject)
  }
}
