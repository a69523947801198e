import type { PipelineSettings } from '../config/pipeline-settings.ts'
import type { LogRecord } from '../contract/log-record.ts'
import type { PipelineCounts } from '../contract/pipeline-report.ts'
import type { Publication } from '../contract/sink.ts'
import type { StepOutput } from '../contract/step-output.ts'
import { emptyOutput } from '../detector/empty-output.ts'
import type { FitResult } from '../detector/fit.ts'
import type { Checkpoints } from '../io/checkpoint.ts'
import { messageOf } from '../io/telemetry/log.ts'
import type { PipelineParts } from './ports.ts'
import { type Change, Requests } from './requests.ts'

/** What the loop is at; a health check asks how long already. */
export type Activity = 'idle' | 'polling' | 'judging' | 'fitting' | 'publishing' | 'persisting'

/** The fit that the detector asked for last, until the detector has its result. */
type Fit =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly over: Promise<void> }
  | { readonly state: 'done'; readonly result: FitResult }
  | { readonly state: 'failed'; readonly error: unknown }

/**
 * THE loop: poll → step → publish → checkpoint → commit, one after the other and one await a batch.
 * Nothing is committed before what follows from it is published, and, where checkpoints are kept,
 * nothing beyond what the last durable one covers. A crash anywhere re-reads and never loses.
 */
export class Pipeline {
  readonly counts: PipelineCounts = {
    turns: 0,
    batches: 0,
    records: 0,
    bytes: 0,
    fits: 0,
    fitMs: 0,
    fitWaits: 0,
    checkpoints: 0,
    checkpointFailures: 0,
    commits: 0,
    commitFailures: 0,
    revoked: 0,
  }
  activity: Activity = 'idle'
  /** Monotonic time since which it is at that, ms. */
  activitySinceMs: number
  /** Timestamp of the last record taken, by partition, ms since 1970; 0 where records have none. */
  readonly lastRecordMs = new Map<string, number>()
  readonly #parts: PipelineParts
  readonly #settings: PipelineSettings
  readonly #abort = new AbortController()
  readonly #requests = new Requests()
  #output: StepOutput = emptyOutput()
  #fit: Fit = { state: 'none' }
  #stopping = false
  /**
   * Low watermarks of the last durable checkpoint. Not its positions: a successor that finds no
   * use for the checkpoint must be given again every trace that was open in it.
   */
  #durable: ReadonlyMap<string, bigint> = new Map()
  readonly #committed = new Map<string, bigint>()
  /** Whether the required sinks are known to have everything. */
  #settled = true
  #lastCommitMs: number
  #lastCheckpointMs: number

  constructor(parts: PipelineParts, settings: PipelineSettings) {
    this.#parts = parts
    this.#settings = settings
    this.activitySinceMs = this.#lastCommitMs = this.#lastCheckpointMs = parts.clock.now()
  }

  /** The low watermarks of the restored checkpoint: what is durable before the first new one. */
  restored(lows: ReadonlyMap<string, bigint>): void {
    this.#durable = lows
  }

  /**
   * Runs until the source is at its end or `stop` was called.
   * @throws what broke an invariant, or PublishAborted when stopping took too long; uncommitted
   *   input is read again by the next run
   */
  async run(): Promise<'ended' | 'stopped'> {
    try {
      return await this.#run()
    } finally {
      this.#requests.end(new Error('the loop has ended'))
    }
  }

  async #run(): Promise<'ended' | 'stopped'> {
    const { source } = this.#parts
    while (!this.#stopping || source.drain !== undefined) {
      this.counts.turns++
      this.#now('polling')
      const batch = await source.poll(this.#settings.batchRecords, this.#settings.batchWaitMs)
      if (batch === null) break
      for (const partition of batch.revoked) this.#revoke(partition)
      await this.#turn(batch.records)
    }
    const stopped = this.#stopping
    await this.#finish(stopped)
    return stopped ? 'stopped' : 'ended'
  }

  /**
   * A person changes what is known of an anomaly cluster or a signature. Takes effect between two
   * batches. Resolves once that is durable; to false where there is nothing to be changed.
   * @throws where the loop has ended or the checkpoint could not be written
   */
  change(change: Change): Promise<boolean> {
    return this.#requests.ask(change)
  }

  /** Asks the loop to end after what was accepted is judged; aborts waiting sinks after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const { clock, source } = this.#parts
    void clock.sleep(graceMs, this.#abort.signal).then(() => this.#abort.abort())
    await source.drain?.()
  }

  #now(activity: Activity): void {
    this.activity = activity
    this.activitySinceMs = this.#parts.clock.now()
  }

  async #turn(records: readonly LogRecord[]): Promise<void> {
    const { clock, onBatch } = this.#parts
    const startedMs = clock.wall()
    let bytes = 0
    for (const record of records) {
      bytes += record.body.byteLength
      this.lastRecordMs.set(record.partition, record.timestampMs)
    }
    const before = clock.now()
    await this.#step(records)
    this.#requests.apply(this.#parts.detector, this.#output)
    this.#endBootstrap(records)
    const stepped = clock.now()
    const output = this.#output
    await this.#publish()
    if (records.length > 0) {
      this.counts.batches++
      this.counts.records += records.length
      this.counts.bytes += bytes
      const [stepMs, publishMs] = [stepped - before, clock.now() - stepped]
      onBatch?.({ records: records.length, bytes, startedMs, stepMs, publishMs, output })
    }
    await this.#persist(false)
  }

  /** Steps through all records; waits for a model where the detector may not go on without it. */
  async #step(records: readonly LogRecord[]): Promise<void> {
    const { detector } = this.#parts
    this.#now('judging')
    this.#install()
    let from = 0
    while (from < records.length) {
      const next = detector.step(records, from, this.#output)
      this.#startFit()
      if (next < records.length) {
        if (!detector.blocked || this.#fit.state === 'none') {
          throw new Error(
            `the detector stopped at record ${next} of ${records.length} for no reason`,
          )
        }
        this.counts.fitWaits++
        await this.#awaitFit()
      }
      from = next
    }
  }

  #startFit(): void {
    const { detector, fitter, clock } = this.#parts
    const request = detector.takeFitRequest()
    if (request === null) return
    if (this.#fit.state !== 'none') {
      throw new Error('a model was asked for while one is being fitted')
    }
    const started = clock.now()
    this.counts.fits++
    const over = fitter.fit(request).then(
      (result) => {
        this.counts.fitMs += clock.now() - started
        this.#fit = { state: 'done', result }
      },
      (error: unknown) => {
        this.#fit = { state: 'failed', error }
      },
    )
    this.#fit = { state: 'running', over }
  }

  /** Waits for the fit that is on its way, if there is one, and hands its model over. */
  async #awaitFit(): Promise<void> {
    this.#now('fitting')
    if (this.#fit.state === 'running') await this.#fit.over
    this.#install()
  }

  /** Hands a finished model over; it takes effect at its position, however early it comes. */
  #install(): void {
    if (this.#fit.state === 'failed') throw this.#fit.error
    if (this.#fit.state !== 'done') return
    this.#parts.detector.install(this.#fit.result, this.#output)
    this.#fit = { state: 'none' }
  }

  #revoke(partition: string): void {
    this.counts.revoked++
    this.#parts.detector.drop(partition)
    this.lastRecordMs.delete(partition)
    this.#committed.delete(partition)
  }

  #endBootstrap(records: readonly LogRecord[]): void {
    const { detector, learnUntilMs, source, log } = this.#parts
    if (learnUntilMs === undefined || !detector.learnOnly) return
    const caughtUp =
      records.length === 0 && [...source.lag().values()].every((lag) => lag.records === 0)
    if (!caughtUp && !records.some(({ timestampMs }) => timestampMs >= learnUntilMs)) return
    detector.fitNow(this.#output)
    detector.learnOnly = false
    log.info('history is learned; verdicts begin')
  }

  async #publish(): Promise<void> {
    this.#now('publishing')
    const output = this.#output
    this.#output = emptyOutput()
    const seen = this.#parts.onOutput?.(output)
    if (seen !== undefined) await seen
    const publications = publicationsOf(output)
    if (publications.length > 0) {
      await this.#parts.publisher.publish(publications, this.#abort.signal)
      this.#settled = false
    }
  }

  /** Checkpoints and commits what is due, or everything when `all`. */
  async #persist(all: boolean): Promise<void> {
    this.#now('persisting')
    const now = this.#parts.clock.now()
    const { checkpoints } = this.#parts
    // A model in the making belongs to no snapshot: wait for the next turn after it came.
    const due =
      all ||
      this.#requests.undurable ||
      now - this.#lastCheckpointMs >= this.#settings.checkpointIntervalMs
    const commitIsDue = all || now - this.#lastCommitMs >= this.#settings.commitIntervalMs
    if ((due && checkpoints !== null) || (commitIsDue && checkpoints === null)) {
      // A checkpoint or commit covers what was published; before it is, both wait.
      this.#settled ||= await this.#parts.publisher.settled()
      if (!this.#settled) return
    }
    if (checkpoints === null) this.#requests.durable()
    const savable = checkpoints !== null && due && this.#fit.state === 'none'
    const saved = savable && (await this.#save(checkpoints))
    if (saved || commitIsDue) {
      await this.#commit()
      this.#lastCommitMs = now
    }
  }

  async #save(checkpoints: Checkpoints): Promise<boolean> {
    const { detector, clock, log } = this.#parts
    const lows = detector.lowWatermarks()
    try {
      await checkpoints.save(detector.snapshot(), detector.positions())
    } catch (error) {
      this.counts.checkpointFailures++
      log.error('the checkpoint could not be written; commits wait', { error: messageOf(error) })
      this.#requests.failed(new Error(`not durable yet: ${messageOf(error)}`))
      return false
    } finally {
      this.#lastCheckpointMs = clock.now()
    }
    this.counts.checkpoints++
    this.#durable = lows
    this.#requests.durable()
    return true
  }

  async #commit(): Promise<void> {
    const { detector, source, checkpoints, log } = this.#parts
    const offsets = new Map<string, bigint>()
    for (const [partition, low] of detector.lowWatermarks()) {
      const durable = checkpoints === null ? low : (this.#durable.get(partition) ?? null)
      const offset = durable !== null && durable < low ? durable : low
      if (durable !== null && this.#committed.get(partition) !== offset) {
        offsets.set(partition, offset)
      }
    }
    if (offsets.size === 0) return
    try {
      await source.commit(offsets)
    } catch (error) {
      this.counts.commitFailures++
      log.warn('a commit failed; it is tried again', { error: messageOf(error) })
      return
    }
    this.counts.commits++
    for (const [partition, offset] of offsets) this.#committed.set(partition, offset)
  }

  async #finish(stopped: boolean): Promise<void> {
    const { detector, atEnd } = this.#parts
    if (this.#fit.state !== 'none') await this.#awaitFit()
    if (!stopped) {
      detector.flush(this.#output)
      if (atEnd === 'learn') detector.fitNow(this.#output)
      if (detector.learnOnly) detector.learnOnly = false
    }
    await this.#publish()
    await this.#parts.publisher.drain(this.#abort.signal)
    await this.#persist(true)
    this.#now('idle')
    this.#abort.abort()
  }
}

function publicationsOf(output: StepOutput): Publication[] {
  return [
    ...output.anomalies.map((anomaly) => ({ type: 'anomaly', anomaly }) as const),
    ...output.clusterChanges.map((change) => ({ type: 'anomaly_cluster', change }) as const),
    ...output.newErrors.map((newError) => ({ type: 'new_error', newError }) as const),
    ...output.deadLetters.map((deadLetter) => ({ type: 'dead_letter', deadLetter }) as const),
  ]
}
