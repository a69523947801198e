import type { Clock } from '../io/clock.ts'
import { httpPost } from '../io/http/http-post.ts'
import { type Log, messageOf } from '../io/telemetry/log.ts'
import type { FaultSwitches } from '../simulate/fault-switches.ts'
import { simulate } from '../simulate/simulate.ts'
import { type SimulatedRecord, toOtlpProto } from '../simulate/simulated-record.ts'

export interface LiveLoadSettings {
  /** Base address of an OTLP/HTTP receiver; /v1/traces is added. */
  readonly endpoint: string
  readonly tracesPerSecond: number
  readonly seed: number
  /** The shop's time begins this long ago, ms; what is past is sent as fast as the receiver takes it. */
  readonly historyMs: number
}

const YEAR_MS = 365 * 86_400_000
const POST_TIMEOUT_MS = 5000
/** Silence of the receiver is logged once, then only its return. */
const RETRY_MS = 1000

/**
 * The simulated shop in real time: its spans go to a Collector as they would from real services, and
 * its faults follow the switches at once.
 */
export class LiveLoad {
  /** Spans that arrived, and those that did not. */
  sent = 0
  lost = 0
  readonly #settings: LiveLoadSettings
  readonly #switches: FaultSwitches
  readonly #clock: Clock
  readonly #log: Log
  readonly #abort = new AbortController()
  #reachable = true

  constructor(settings: LiveLoadSettings, switches: FaultSwitches, clock: Clock, log: Log) {
    this.#settings = settings
    this.#switches = switches
    this.#clock = clock
    this.#log = log
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { seed, tracesPerSecond, historyMs } = this.#settings
    const { signal } = this.#abort
    const { faults, mix } = this.#switches
    const startMs = Math.floor(this.#clock.wall() - historyMs)
    const changes = [mix]
    const run = { seed, startMs, durationMs: YEAR_MS, tracesPerSecond, dailySwing: 0.2 }
    let past = historyMs > 0
    for (const record of simulate({ ...run, faults, changes })) {
      const earlyMs = record.timeMs - this.#clock.wall()
      if (earlyMs > 0) await this.#clock.sleep(earlyMs, signal)
      if (signal.aborted) return
      if (past && earlyMs > 0) {
        past = false
        this.#log.info('the history is sent', { spans: this.sent })
      }
      await this.#send(record)
    }
  }

  stop(): void {
    this.#abort.abort()
  }

  async #send(record: SimulatedRecord): Promise<void> {
    const url = `${this.#settings.endpoint.replace(/\/+$/, '')}/v1/traces`
    const headers = { 'content-type': 'application/x-protobuf' }
    try {
      await httpPost({ url, body: toOtlpProto(record), headers, timeoutMs: POST_TIMEOUT_MS })
      this.sent += record.spanCount
      if (!this.#reachable) this.#log.info('the receiver is back')
      this.#reachable = true
    } catch (error) {
      this.lost += record.spanCount
      if (this.#reachable) this.#log.warn('spans are lost', { error: messageOf(error) })
      this.#reachable = false
      await this.#clock.sleep(RETRY_MS, this.#abort.signal)
    }
  }
}
