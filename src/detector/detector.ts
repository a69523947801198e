import { emptyCounts } from '../assemble/assembler-counts.ts'
import { SessionAssembler } from '../assemble/session-assembler.ts'
import { TraceAssembler } from '../assemble/trace-assembler.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../contract/cluster-detail.ts'
import type { InstalledModel } from '../contract/installed-model.ts'
import type { LogRecord } from '../contract/log-record.ts'
import type { Acceptance, Answer, Signature, SignatureWords } from '../contract/signature.ts'
import type { StepOutput } from '../contract/step-output.ts'
import { DecodeError } from '../otlp/decode-error.ts'
import { decodeTracesJson } from '../otlp/decode-json.ts'
import { decodeLogsJson } from '../otlp/decode-logs-json.ts'
import { decodeLogs } from '../otlp/decode-logs-protobuf.ts'
import { decodeTraces } from '../otlp/decode-protobuf.ts'
import { looksLikeLogs } from '../otlp/looks-like-logs.ts'
import type { RejectedSpans } from '../otlp/rejected-spans.ts'
import { addCounts, type DetectorCounts, detectorCounts } from './detector-counts.ts'
import { checkedState, type DetectorState, STATE_FORMAT } from './detector-state.ts'
import { type DetectorStatus, statusOf } from './detector-status.ts'
import { type DriftView, driftView } from './drift-view.ts'
import { type FitRequest, type FitResult, fit } from './fit.ts'
import { FitSchedule, type LearningProgress } from './fit-schedule.ts'
import { Forgetting } from './forgetting.ts'
import { installedModel } from './installed-model.ts'
import { Judge } from './judge.ts'
import { Learner } from './learner.ts'
import { LogSessions, type ReadRecord } from './log-sessions.ts'
import { NewErrors } from './new-errors.ts'
import type { DetectorSettings } from './settings.ts'
import { Tables } from './tables.ts'
import { TracedLogs } from './traced-logs.ts'

/** Name of the entry of a session. */
const SESSION = 'session'

/** Said of logs that were taken while they were still judged. */
const NOT_JUDGED = 'logs are not judged any more: see logs.traces.join and logs.session.keys'

/** A service whose log lines do not template well. */
export interface PoorTemplates {
  readonly service: string
  /** Of its lines, the share that is like no other line. */
  readonly aloneShare: number
  /** What is wrong and what to do, behind the name of the source. */
  readonly warning: string
}

/** One partition of the log: assembled by itself, in its own data time. */
interface Shard {
  readonly assembler: TraceAssembler
  /** Null until logs come. */
  sessions: SessionAssembler | null
  nextOffset: bigint
}

/**
 * The detector: a deterministic, synchronous state machine over an ordered log. The same records,
 * settings and seed give the same output, however the records are cut into steps; `snapshot` and
 * `restore` continue exactly.
 *
 * Models are fitted outside (a worker thread): at a boundary of data time a fit is asked for, at the
 * next one its result takes effect, and `step` stops there until it has been given.
 */
export class Detector {
  readonly settings: DetectorSettings
  /** Warm-up: learn from everything, judge nothing, ask for no fit. */
  learnOnly = false
  readonly #tables: Tables
  readonly #shards = new Map<string, Shard>()
  readonly #learner: Learner
  readonly #judge: Judge
  /** Null where logs are not judged. */
  readonly #logs: LogSessions | null
  readonly #newErrors: NewErrors
  /** Null where logs do not join their traces. */
  readonly #traced: TracedLogs | null
  readonly #schedule: FitSchedule
  /** What the assemblers of dropped partitions counted. */
  readonly #dropped = emptyCounts()
  readonly #records = {
    taken: 0,
    bytes: 0,
    spans: 0,
    rejectedSpans: 0,
    undecodable: 0,
    keyed: 0,
    logRecords: 0,
    keylessLogs: 0,
  }
  readonly #forgetting: Forgetting
  #clockMs = 0
  #reviewedWindow = -1

  constructor(settings: DetectorSettings) {
    this.settings = settings
    const { logs } = settings
    this.#tables = new Tables(settings.features, logs?.keys ?? [])
    const { logTarget, templates } = this.#tables
    this.#logs = logs && new LogSessions(logTarget, templates, logs)
    const { values, names } = this.#tables
    this.#newErrors = new NewErrors(
      (service) => values.text(service),
      (name) => names.text(name),
    )
    this.#traced = TracedLogs.of(settings, this.#tables, this.#shards)
    this.#learner = new Learner(settings, this.#tables)
    this.#judge = new Judge(settings, this.#tables, this.#learner)
    this.#schedule = new FitSchedule(settings.model)
    const { forgetAfterMs } = settings.features
    this.#forgetting = new Forgetting(forgetAfterMs, this.#tables, this.#learner, this.#judge)
  }

  /** True while `step` takes no records because the fit asked for must be installed first. */
  get blocked(): boolean {
    return this.#schedule.mustWait(this.#clockMs)
  }

  /** Data time: the latest of all partitions, ms since 1970; 0 before the first span. */
  get clockMs(): number {
    return this.#clockMs
  }

  /** The model that judges, as people see it; null while learning. */
  installed(): InstalledModel | null {
    const { model } = this.#judge
    return model && installedModel(model)
  }

  /**
   * Takes records[from], records[from + 1], ... and adds what they bring to `output`.
   * @returns index of the first record not taken: `records.length`, or less when blocked
   */
  step(records: readonly LogRecord[], from: number, output: StepOutput): number {
    for (let i = from; i < records.length; i++) {
      if (!this.#turn(output)) return i
      this.#take(records[i]!, output)
    }
    return records.length
  }

  /** The fit that was asked for since the last call, or null. Plain data, fit for a worker. */
  takeFitRequest(): FitRequest | null {
    return this.#schedule.takeRequest()
  }

  /**
   * Hands over the result of the fit asked for. It takes effect at its boundary, not before.
   * Throws if it is not the one asked for.
   */
  install(result: FitResult): void {
    this.#schedule.deliver(result)
  }

  /** Fits from what was learned so far, here and now, and installs: the end of a warm-up. */
  fitNow(output: StepOutput): void {
    const { request, traces } = this.#learner.fitRequest(
      this.#schedule.nextVersion,
      this.#clockMs,
      this.#judge.model,
    )
    this.#schedule.skipTo(this.#clockMs, this.#learner.learned)
    output.installed.push(this.#judge.install(request, fit(request), traces, this.#clockMs))
  }

  /** The input is at its end: judges all open traces and closes what can be closed. */
  flush(output: StepOutput): void {
    const names = [...this.#shards.keys()].sort()
    for (const name of names) {
      const { assembler } = this.#shards.get(name)!
      assembler.flush()
      this.#drain(assembler, output)
    }
    this.#traced?.release(true)
    for (const name of names) {
      const { sessions } = this.#shards.get(name)!
      sessions?.flush()
      if (sessions) this.#drain(sessions, output)
    }
    this.#judge.advance(this.#clockMs, output)
  }

  /** Forgets a partition that this process no longer owns, its open traces unjudged. */
  drop(partition: string): void {
    const shard = this.#shards.get(partition)
    if (!shard) return
    addCounts(this.#dropped, shard.assembler.counts)
    this.#shards.delete(partition)
    this.#traced?.logs.drop(partition)
  }

  /** By partition, the offset from which a successor without this state must read. */
  lowWatermarks(): Map<string, bigint> {
    const marks = new Map<string, bigint>()
    for (const [name, { assembler, sessions, nextOffset }] of this.#shards) {
      const ofTraces = assembler.lowWatermark(nextOffset)
      const ofSessions = sessions?.lowWatermark(nextOffset) ?? ofTraces
      const lower = ofSessions < ofTraces ? ofSessions : ofTraces
      marks.set(name, this.#traced?.logs.lowWatermark(name, lower) ?? lower)
    }
    return marks
  }

  /** By partition, the offset from which a successor with this state goes on. */
  positions(): Map<string, bigint> {
    return new Map([...this.#shards].map(([name, { nextOffset }]) => [name, nextOffset]))
  }

  openClusters(): AnomalyCluster[] {
    return this.#judge.openClusters()
  }

  /** The latest clusters that are over, the last one last. */
  pastClusters(): AnomalyCluster[] {
    return this.#judge.pastClusters()
  }

  /** A person says that what an anomaly cluster shows is fine. False: there is no such cluster. */
  accept(cluster: string, output: StepOutput, said: Answer = {}): boolean {
    return this.#judge.accept(cluster, this.#clockMs, output, said)
  }

  /** Takes back that a cluster was accepted. False: it was not. */
  unaccept(cluster: string): boolean {
    return this.#judge.clusters.unaccept(cluster)
  }

  /** What a person says of what keeps coming back. False: there is no such signature. */
  describeSignature(signature: string, words: Partial<SignatureWords>): boolean {
    return this.#judge.clusters.describeSignature(signature, words)
  }

  /** What keeps coming back, the latest first. */
  signatures(): Signature[] {
    return this.#judge.clusters.signatures()
  }

  /** What was accepted and still holds, the latest last. */
  acceptances(): Acceptance[] {
    return this.#judge.clusters.acceptances()
  }

  /** What there is to see of a cluster beside what is published of it; null where there is none. */
  clusterDetail(id: string): ClusterDetail | null {
    return this.#judge.clusterDetail(id)
  }

  counts(): DetectorCounts {
    const assemblers = [...this.#shards.values()].map(({ assembler }) => assembler)
    return detectorCounts(
      this.#records,
      this.#traced?.logs ?? null,
      this.#newErrors,
      this.#dropped,
      assemblers,
      this.#tables,
      this.#learner,
      this.#judge,
    )
  }

  /** Whether traffic has moved: by stratum and stream, the busiest strata first. */
  drift(): DriftView {
    return driftView(this.#judge.drift, (id) => this.#tables.elements.stratumText(id))
  }

  /** Services whose log lines do not template well: the share of lines like no other, and what to do. */
  poorlyTemplated(): PoorTemplates[] {
    const { templates, values } = this.#tables
    return templates.poor().map(({ service, quality: { aloneShare, warning } }) => ({
      service: service < 0 ? '(other services)' : values.text(service),
      aloneShare,
      warning,
    }))
  }

  status(): DetectorStatus {
    const assemblers = [...this.#shards.values()].map(({ assembler }) => assembler)
    return statusOf(
      this.settings,
      this.#learner,
      this.#judge,
      this.#clockMs,
      this.#tables,
      assemblers,
      this.#traced?.logs ?? null,
    )
  }

  /** Everything that `restore` needs, as plain data; valid until the next step. */
  snapshot(): DetectorState {
    return {
      format: STATE_FORMAT,
      tables: this.#tables.state(),
      shards: [...this.#shards].map(([partition, { assembler, sessions, nextOffset }]) => ({
        partition,
        nextOffset,
        assembler: assembler.state(),
        sessions: sessions?.state() ?? null,
      })),
      traceLogs: this.#traced?.state() ?? null,
      newErrors: this.#newErrors.state(),
      learner: this.#learner.state(),
      judge: this.#judge.state(),
      schedule: this.#schedule.state(),
      records: { ...this.#records },
      dropped: { ...this.#dropped },
      clockMs: this.#clockMs,
      reviewedWindow: this.#reviewedWindow,
      forgetting: this.#forgetting.state(),
    }
  }

  /** A detector that goes on where `snapshot` was taken. Throws if the state is of another format. */
  static restore(state: unknown, settings: DetectorSettings): Detector {
    const saved = checkedState(state)
    const detector = new Detector(settings)
    detector.#tables.restore(saved.tables)
    for (const { partition, nextOffset, assembler, sessions } of saved.shards) {
      const { stride } = detector.#tables.slots
      const restored = TraceAssembler.restore(assembler, settings.assemble, stride)
      const shard: Shard = { assembler: restored, sessions: null, nextOffset }
      if (sessions) detector.#sessionsOf(shard)?.restore(sessions)
      detector.#shards.set(partition, shard)
    }
    if (saved.traceLogs) detector.#traced?.restore(saved.traceLogs)
    detector.#newErrors.restore(saved.newErrors)
    detector.#learner.restore(saved.learner)
    detector.#judge.restore(saved.judge)
    detector.#schedule.restore(saved.schedule)
    Object.assign(detector.#records, saved.records)
    Object.assign(detector.#dropped, saved.dropped)
    detector.#clockMs = saved.clockMs
    detector.#reviewedWindow = saved.reviewedWindow
    detector.#forgetting.restore(saved.forgetting)
    return detector
  }

  /** Handles the boundaries that data time has passed. False: a model is due and not here yet. */
  #turn(output: StepOutput): boolean {
    if (this.learnOnly || !this.#schedule.atBoundary(this.#clockMs)) return true
    if (this.#schedule.mustWait(this.#clockMs)) return false
    const due = this.#schedule.turn(this.#clockMs)
    if (due) {
      output.installed.push(this.#judge.install(due.request, due.result, due.traces, this.#clockMs))
      this.#forget()
    }
    if (this.#schedule.isDue(this.#clockMs, this.#progress())) {
      const wanted = this.#learner.fitRequest(
        this.#schedule.nextVersion,
        this.#clockMs,
        this.#judge.model,
      )
      this.#schedule.ask(wanted.request, wanted.traces, this.#clockMs, this.#learner.learned)
    }
    return true
  }

  /** At the boundaries of data time, so that where a rule begins depends on the log alone. */
  #turnWindow(): void {
    const window = Math.floor(this.#clockMs / this.settings.model.windowMs)
    if (window === this.#reviewedWindow) return
    this.#reviewedWindow = window
    this.#tables.reviewNames()
    this.#forgetting.turn(this.#clockMs)
    this.#forget()
  }

  /** A fit on its way refers to everything that was sampled: then after it. */
  #forget(): void {
    if (this.#schedule.isPending) return
    const shards = [...this.#shards.values()]
    const holders = shards.flatMap(({ assembler, sessions }) => [assembler, sessions])
    const open = [...holders, this.#traced?.logs ?? null].filter((one) => one !== null)
    const gone = this.#forgetting.forget(open, this.#clockMs)
    if (gone === null) return
    this.#traced?.logs.forget(gone)
    this.#newErrors.forget(gone)
  }

  #progress(): LearningProgress {
    const { learned, calibrationSize } = this.#learner
    const awaited = this.#learner.awaited(this.#judge.model)
    return {
      learned,
      calibrationSize,
      awaited,
      unjudgedShare: this.#judge.coverage.unjudgedShare,
    }
  }

  #take(record: LogRecord, output: StepOutput): void {
    const shard = this.#shard(record)
    // Given again (at least once): the state has it already.
    if (record.offset < shard.nextOffset) return
    shard.nextOffset = record.offset + 1n
    this.#records.taken++
    this.#records.bytes += record.body.length
    if (record.keyed) this.#records.keyed++
    if (this.#logs === null && record.signal === 'logs') {
      this.#deadLetter(record, new DecodeError(NOT_JUDGED, 0), output)
      return
    }
    if (this.#logs && holdsLogs(record)) {
      this.#takeLogs(record, shard, this.#logs, output)
      return
    }
    this.#tables.target.columns.clear()
    try {
      const decode = record.encoding === 'otlp_json' ? decodeTracesJson : decodeTraces
      this.#records.spans += decode(record.body, this.#tables.target)
    } catch (error) {
      this.#deadLetter(record, error, output)
      return
    }
    this.#noteRejected(record, this.#tables.target.rejected, output)
    const { assembler } = shard
    const before = assembler.watermarkMs
    assembler.add(this.#tables.target.columns, record.offset, record.keyed)
    if (assembler.watermarkMs < before) this.#turnBack()
    this.#drain(assembler, output)
    this.#traced?.release()
    this.#moveOn(output)
  }

  #takeLogs(record: LogRecord, shard: Shard, logs: LogSessions, output: StepOutput): void {
    const { logTarget } = this.#tables
    logTarget.columns.clear()
    try {
      const decode = record.encoding === 'otlp_json' ? decodeLogsJson : decodeLogs
      this.#records.logRecords += decode(record.body, logTarget)
    } catch (error) {
      this.#deadLetter(record, error, output)
      return
    }
    this.#noteRejected(record, logTarget.rejected, output)
    const sessions = this.#sessionsOf(shard)
    if (sessions === null) return
    const before = sessions.watermarkMs
    sessions.advance(logs.times())
    if (sessions.watermarkMs < before) this.#turnBack()
    this.#drain(sessions, output)
    const traced = this.#traced
    const toTrace = traced?.taker(logTarget.columns, record.partition, record.offset) ?? null
    this.#records.keylessLogs += logs.addTo(sessions, record.offset, toTrace, (read) =>
      this.#noteError(read, output),
    )
    if (traced) {
      traced.release()
      for (const { assembler } of this.#shards.values()) this.#drain(assembler, output)
    }
    this.#drain(sessions, output)
    this.#moveOn(output)
  }

  /** Until there is a model, errors that are logged again and again are told at once. */
  #noteError(record: ReadRecord, output: StepOutput): void {
    if (this.#judge.model !== null) return
    const told = this.#newErrors.note(record, this.learnOnly)
    if (told) output.newErrors.push(told)
  }

  #moveOn(output: StepOutput): void {
    this.#clockMs = this.#latest()
    this.#turnWindow()
    this.#judge.advance(this.#clockMs, output)
  }

  /** @throws what was caught, where it says nothing about the body */
  #deadLetter({ partition, offset, body }: LogRecord, error: unknown, output: StepOutput): void {
    if (!(error instanceof DecodeError)) throw error
    this.#records.undecodable++
    const { explanation: reason, position } = error
    output.deadLetters.push({ partition, offset, reason, position, body })
  }

  #sessionsOf(shard: Shard): SessionAssembler | null {
    const { logs } = this.settings
    if (logs === null) return null
    const { names, slots } = this.#tables
    shard.sessions ??= new SessionAssembler(logs.session, names.intern(SESSION), slots.stride)
    return shard.sessions
  }

  /** The clock of a partition was set back; if it was the one that led, so are all others. */
  #turnBack(): void {
    const latest = this.#latest()
    if (latest >= this.#clockMs) return
    this.#clockMs = latest
    this.#schedule.turnBack(latest)
    this.#judge.turnBack(latest)
  }

  #noteRejected(
    { partition, offset }: LogRecord,
    rejected: RejectedSpans,
    output: StepOutput,
  ): void {
    const told = rejected.told()
    if (told === null) return
    this.#records.rejectedSpans += told.spans
    output.rejected.push({ partition, offset, ...told })
  }

  #latest(): number {
    let ofSpans = 0
    let ofLogs = 0
    for (const { assembler, sessions } of this.#shards.values()) {
      ofSpans = Math.max(ofSpans, assembler.watermarkMs)
      ofLogs = Math.max(ofLogs, sessions?.watermarkMs ?? 0)
    }
    // Logs that are only a part of traces have no say in the time of traces.
    return ofSpans > 0 && !this.#hasSessions ? ofSpans : Math.max(ofSpans, ofLogs)
  }

  get #hasSessions(): boolean {
    const { logs } = this.settings
    return logs !== null && logs.keys.length + logs.patterns.length > 0
  }

  #shard(record: LogRecord): Shard {
    const known = this.#shards.get(record.partition)
    if (known) return known
    const { stride } = this.#tables.slots
    const assembler = new TraceAssembler(this.settings.assemble, stride, {
      startedMidLog: record.offset > 0n,
    })
    const shard: Shard = { assembler, sessions: null, nextOffset: record.offset }
    this.#shards.set(record.partition, shard)
    return shard
  }

  /** Learns from the traces or sessions that are closed by now, or judges them. */
  #drain(assembler: TraceAssembler | SessionAssembler, output: StepOutput): void {
    const traced = assembler instanceof TraceAssembler ? this.#traced : null
    const untilMs = traced?.reachMs(assembler.watermarkMs) ?? Number.POSITIVE_INFINITY
    for (let next = assembler.next(untilMs); next !== null; next = assembler.next(untilMs)) {
      const trace = traced?.join(next) ?? next
      if (this.learnOnly) this.#judge.learn(trace)
      else this.#judge.observe(trace, output)
    }
  }
}

/** OTLP JSON of logs begins so, possibly behind white space or the words of a logger. */
const LOGS_DOCUMENT = /"resource_?[lL]ogs"/
const LOOKED_AT = 512

/** Whether a record holds logs; nothing in protobuf tags the signal. */
function holdsLogs({ signal, encoding, body }: LogRecord): boolean {
  if (signal !== undefined) return signal === 'logs'
  if (encoding !== 'otlp_json') return looksLikeLogs(body)
  return LOGS_DOCUMENT.test(new TextDecoder().decode(body.subarray(0, LOOKED_AT)))
}
