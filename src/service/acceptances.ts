import type { StepOutput } from '../contract/step-output.ts'
import type { StreamDetector } from './ports.ts'

interface Request {
  readonly cluster: string
  readonly answer: (accepted: boolean) => void
  readonly fail: (error: Error) => void
}

/**
 * People's acceptances of anomaly clusters on their way through the loop: each takes effect between two
 * batches, and is answered once it can no longer be lost.
 */
export class AcceptRequests {
  #asked: Request[] = []
  /** In effect, but not durable yet. */
  #accepted: Request[] = []
  #over: Error | null = null

  /** Whether something took effect that a crash would undo. */
  get undurable(): boolean {
    return this.#accepted.length > 0
  }

  /** Resolves to whether there was such an open cluster; rejects when that could not be made durable. */
  ask(cluster: string): Promise<boolean> {
    if (this.#over !== null) return Promise.reject(this.#over)
    return new Promise((answer, fail) => this.#asked.push({ cluster, answer, fail }))
  }

  apply(detector: StreamDetector, output: StepOutput): void {
    if (this.#asked.length === 0) return
    const asked = this.#asked
    this.#asked = []
    for (const request of asked) {
      if (detector.accept(request.cluster, output)) this.#accepted.push(request)
      else request.answer(false)
    }
  }

  /** What took effect is published, and in a checkpoint where these are kept. */
  durable(): void {
    for (const { answer } of this.#accepted) answer(true)
    this.#accepted = []
  }

  failed(error: Error): void {
    for (const { fail } of this.#accepted) fail(error)
    this.#accepted = []
  }

  /** The loop has ended: nothing takes effect any more. */
  end(error: Error): void {
    this.#over = error
    this.failed(error)
    for (const { fail } of this.#asked) fail(error)
    this.#asked = []
  }
}
