import type { StepOutput } from '../contract/step-output.ts'
import type { StreamDetector } from './ports.ts'

/** What a person asks to be changed; gives back whether it was there to be changed. */
export type Change = (detector: StreamDetector, output: StepOutput) => boolean

interface Request {
  readonly change: Change
  readonly answer: (changed: boolean) => void
  readonly fail: (error: Error) => void
}

/**
 * What people say of anomaly clusters and signatures on its way through the loop: each takes effect
 * between two batches, and is answered once it can no longer be lost.
 */
export class Requests {
  #asked: Request[] = []
  /** In effect, but not durable yet. */
  #changed: Request[] = []
  #over: Error | null = null

  /** Whether something took effect that a crash would undo. */
  get undurable(): boolean {
    return this.#changed.length > 0
  }

  /** Resolves to what the change gave back; rejects when it could not be made durable. */
  ask(change: Change): Promise<boolean> {
    if (this.#over !== null) return Promise.reject(this.#over)
    return new Promise((answer, fail) => this.#asked.push({ change, answer, fail }))
  }

  apply(detector: StreamDetector, output: StepOutput): void {
    if (this.#asked.length === 0) return
    const asked = this.#asked
    this.#asked = []
    for (const request of asked) {
      if (request.change(detector, output)) this.#changed.push(request)
      else request.answer(false)
    }
  }

  /** What took effect is published, and in a checkpoint where these are kept. */
  durable(): void {
    for (const { answer } of this.#changed) answer(true)
    this.#changed = []
  }

  failed(error: Error): void {
    for (const { fail } of this.#changed) fail(error)
    this.#changed = []
  }

  /** The loop has ended: nothing takes effect any more. */
  end(error: Error): void {
    this.#over = error
    this.failed(error)
    for (const { fail } of this.#asked) fail(error)
    this.#asked = []
  }
}
