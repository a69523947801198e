import type { Source } from '../contract/source.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import type { Clock } from '../io/clock.ts'
import type { AdminSubjects, Health } from '../io/http/admin.ts'
import { messageOf } from '../io/telemetry/log.ts'
import type { Activity, Pipeline } from './pipeline.ts'
import type { Publisher } from './publisher.ts'

/** How long the loop may be at one thing before it counts as stuck, ms. A sink that is away is no fault of the loop. */
const STUCK_AFTER_MS: Readonly<Record<Activity, number>> = {
  idle: Number.POSITIVE_INFINITY,
  polling: 60_000,
  judging: 60_000,
  fitting: 900_000,
  publishing: Number.POSITIVE_INFINITY,
  persisting: 60_000,
}

export interface ServiceParts {
  readonly version: string
  readonly clock: Clock
  readonly detector: {
    status(): DetectorStatus
    positions(): Map<string, bigint>
    lowWatermarks(): Map<string, bigint>
  }
  readonly pipeline: Pipeline
  readonly publisher: Publisher
  readonly source: Source
}

interface SinkHealth {
  readonly name: string
  readonly required: boolean
  readonly up: boolean
  /** Publications that wait for it. */
  readonly queued: number
  readonly last_error: string
}

/** What a running service says of itself. */
export class ServiceStatus {
  readonly #parts: ServiceParts
  readonly #startedMs: number
  #loop: 'starting' | 'running' | 'ended' | 'stopped' | 'failed' = 'starting'
  #failure = ''

  constructor(parts: ServiceParts) {
    this.#parts = parts
    this.#startedMs = parts.clock.now()
  }

  /** The loop runs; follows it to its end. */
  watch(running: Promise<'ended' | 'stopped'>): void {
    this.#loop = 'running'
    running.then(
      (how) => {
        this.#loop = how
      },
      (error: unknown) => {
        this.#loop = 'failed'
        this.#failure = messageOf(error)
      },
    )
  }

  get subjects(): Omit<AdminSubjects, 'metrics'> {
    return {
      health: () => this.health(),
      readiness: () => this.readiness(),
      status: () => this.status(),
    }
  }

  health(): Health {
    const { activity } = this.#parts.pipeline
    const seconds = this.#activitySeconds()
    const stuck = seconds * 1000 > STUCK_AFTER_MS[activity]
    const ok = this.#loop !== 'failed' && !(this.#loop === 'running' && stuck)
    return { ok, loop: this.#loop, failure: this.#failure, activity, activity_seconds: seconds }
  }

  readiness(): Health {
    const sinks = this.#sinks()
    const ok = this.#loop === 'running' && sinks.every(({ up, required }) => up || !required)
    return { ok, loop: this.#loop, state: this.#parts.detector.status().state, sinks }
  }

  status(): object {
    const { version, clock, detector, pipeline, source } = this.#parts
    const watermarks = detector.lowWatermarks()
    const lag = source.lag()
    return {
      version,
      uptime_seconds: (clock.now() - this.#startedMs) / 1000,
      ...this.health(),
      detector: snakeCase(detector.status()),
      partitions: [...detector.positions()].map(([partition, position]) => ({
        partition,
        position,
        low_watermark: watermarks.get(partition) ?? null,
        lag_records: lag.get(partition)?.records ?? null,
      })),
      sinks: this.#sinks(),
      counts: snakeCase(pipeline.counts),
    }
  }

  #sinks(): SinkHealth[] {
    return this.#parts.publisher.states.map(({ name, required, queued, paused, lastError }) => ({
      name,
      required,
      up: !paused,
      queued,
      last_error: lastError,
    }))
  }

  #activitySeconds(): number {
    return (this.#parts.clock.now() - this.#parts.pipeline.activitySinceMs) / 1000
  }
}

/** The same tree with its keys as the API writes them: `clockMs` becomes `clock_ms`. */
function snakeCase(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(snakeCase)
  if (typeof tree !== 'object' || tree === null) return tree
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(value),
    ]),
  )
}
