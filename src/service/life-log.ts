import type { StepOutput } from '../contract/step-output.ts'
import type { DetectorCounts } from '../detector/detector-counts.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import type { Log } from '../io/telemetry/log.ts'
import { BlindSpots } from './blind-spots.ts'

/** Between two lines about the same kind of loss, ms: what happens once a record is counted, not told. */
const LOSS_INTERVAL_MS = 60_000

interface Loss {
  count: number
  toldMs: number
}

/** Tells in the service's log what a person would want to know had happened, one line each. */
export class LifeLog {
  readonly #log: Log
  readonly #now: () => number
  readonly #blindSpots: BlindSpots
  #isLive: boolean
  readonly #unread: Loss = { count: 0, toldMs: Number.NEGATIVE_INFINITY }
  readonly #rejected: Loss = { count: 0, toldMs: Number.NEGATIVE_INFINITY }

  /** @param isLive whether a model is there already, from a checkpoint */
  constructor(log: Log, now: () => number, isLive: boolean) {
    this.#log = log
    this.#now = now
    this.#isLive = isLive
    this.#blindSpots = new BlindSpots(log)
  }

  take(output: StepOutput): void {
    this.#models(output)
    this.#clusters(output)
    for (const { id, service, sentence } of output.newErrors) {
      this.#log.warn('new error line, no baseline yet', { id, service, sentence })
    }
    this.#losses(output)
  }

  /** What is not seen; to be asked from time to time, first before anything is read. */
  look(status: DetectorStatus, counts: DetectorCounts): void {
    this.#blindSpots.look({ status, counts }, this.#now())
  }

  #models({ installed }: StepOutput): void {
    const [model] = installed
    if (model === undefined) return
    if (this.#isLive) return
    const fields = { model: model.id, entry_operations: model.strata }
    this.#log.info('the first model is live: traces are judged from here on', fields)
    this.#isLive = true
  }

  #clusters({ clusterChanges }: StepOutput): void {
    for (const { change, cluster } of clusterChanges) {
      const { id, sentence, services, mergedFrom } = cluster
      const fields = { cluster: id, service: services[0] ?? '', sentence }
      if (change === 'opened') this.#log.warn('anomaly cluster opened', fields)
      else if (change === 'closed') {
        const minutes = Math.round((cluster.lastMs - cluster.firstMs) / 60_000)
        this.#log.info('anomaly cluster closed', { ...fields, minutes })
      } else if (change === 'merged') {
        this.#log.info('anomaly clusters are one', { ...fields, merged: mergedFrom.join(' ') })
      }
    }
  }

  #losses({ deadLetters, rejected }: StepOutput): void {
    const [letter] = deadLetters
    this.#unread.count += deadLetters.length
    if (letter !== undefined && this.#isDue(this.#unread)) {
      const { partition, offset, reason } = letter
      const fields = { records: this.#unread.count, partition, offset, reason }
      this.#log.warn('records cannot be read; they are dead letters', fields)
      this.#unread.count = 0
    }
    const [first] = rejected
    for (const { spans } of rejected) this.#rejected.count += spans
    if (first !== undefined && this.#isDue(this.#rejected)) {
      const { service, partition, offset, reason } = first
      const fields = { spans: this.#rejected.count, service, partition, offset, reason }
      this.#log.warn('spans are no good and are left out', fields)
      this.#rejected.count = 0
    }
  }

  #isDue(loss: Loss): boolean {
    const now = this.#now()
    if (now - loss.toldMs < LOSS_INTERVAL_MS) return false
    loss.toldMs = now
    return true
  }
}
