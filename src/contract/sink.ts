import type { Anomaly } from './anomaly.ts'
import type { AnomalyClusterChange } from './anomaly-cluster.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { NewError } from './new-error.ts'

/** What the detector publishes. Every item has a deterministic id, so a repeat can be recognised. */
export type Publication =
  | { readonly type: 'anomaly'; readonly anomaly: Anomaly }
  | { readonly type: 'anomaly_cluster'; readonly change: AnomalyClusterChange }
  | { readonly type: 'new_error'; readonly newError: NewError }
  | { readonly type: 'dead_letter'; readonly deadLetter: DeadLetter }

/**
 * The sink seam: where publications go, at least once. `publish` resolves when everything given is
 * safe at the other side; a rejected promise means that nothing may be assumed and the same batch
 * will be given again. Retrying, back-off and the pause after it are the pipeline's, not the sink's.
 */
export interface Sink {
  readonly name: string
  /** Which publications this sink takes; the pipeline gives it no others. */
  readonly takes: ReadonlySet<Publication['type']>
  /** How much of what it took the other side says that it left out, ever, and why the last time; not which. */
  readonly rejected?: { readonly count: number; readonly why: string }
  /** Connects; rejects with a message that says what to do. Called once. */
  start(): Promise<void>
  publish(batch: readonly Publication[]): Promise<void>
  /** Flushes and releases everything. Safe before `start` and when called twice. */
  stop(): Promise<void>
}

/** What happened at one sink, in plain numbers. */
export interface SinkState {
  readonly name: string
  /** Whether commits wait for it; a sink that is not loses its oldest when it is away for long. */
  readonly required: boolean
  readonly published: Record<Publication['type'], number>
  attempts: number
  failures: number
  /** Attempts after a failed one. */
  retries: number
  /** Publications that wait for it, those under way included. */
  queued: number
  /** Publications that it refused for good, or said that it left out. */
  refused: number
  /** Publications it will not get because too many waited, or because the service stopped. */
  dropped: number
  /** Whether it was unreachable too often in a row. */
  paused: boolean
  /** Why the last attempt failed; empty after a success. */
  lastError: string
}
