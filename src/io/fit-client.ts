import { Worker } from 'node:worker_threads'
import { type FitRequest, type FitResult, fit as fitModel } from '../detector/fit.ts'
import type { FitAnswer } from './fit-worker.ts'
import { type Log, messageOf } from './telemetry/log.ts'

/** Turns a request into a model, somewhere: in a worker, or at once. */
export interface Fitter {
  fit(request: FitRequest): Promise<FitResult>
}

/** Fits at once, in the calling thread: for replays and tests. */
export const inlineFitter: Fitter = {
  fit: async (request) => fitModel(request),
}

/**
 * Fits in one worker thread, started with the first request. Requests are copied to it (the detector
 * keeps its own to make the model from the answer). If the worker dies, the fit is done in this
 * thread: slower for the stream, but the model is the same and the log is not held up.
 */
export class WorkerFitter implements Fitter {
  /** Times the worker died or could not be started. */
  workerFailures = 0
  readonly #log: Log
  readonly #script: URL
  readonly #inline: (request: FitRequest) => FitResult
  #worker: Worker | null = null

  constructor(log: Log, script = new URL('./fit-worker.ts', import.meta.url), inline = fitModel) {
    this.#log = log
    this.#script = script
    this.#inline = inline
  }

  /** @throws what `fit` throws for this request, here as there */
  async fit(request: FitRequest): Promise<FitResult> {
    let answer: FitAnswer
    try {
      answer = await this.#ask(request)
    } catch (error) {
      this.workerFailures++
      this.#log.error('the fit worker died; fitting here instead', { error: messageOf(error) })
      return this.#inline(request)
    }
    if ('error' in answer) throw new Error(`the model could not be fitted: ${answer.error}`)
    return answer.result as FitResult
  }

  /** Ends the worker. Safe before the first fit and when called twice. */
  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #ask(request: FitRequest): Promise<FitAnswer> {
    const worker = this.#worker ?? this.#spawn()
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        worker.off('message', answered).off('error', failed).off('exit', exited)
        settle()
      }
      const answered = (answer: FitAnswer): void => end(() => resolve(answer))
      const failed = (error: unknown): void => end(() => reject(error))
      const exited = (code: number): void => failed(new Error(`exit code ${code}`))
      worker.on('message', answered).on('error', failed).on('exit', exited)
      worker.postMessage(request)
    })
  }

  #spawn(): Worker {
    const worker = new Worker(this.#script)
    // A fit on its way must not keep a process alive that is done.
    worker.unref()
    // It may also die between two fits; then the next one gets a new worker.
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null
    })
    this.#worker = worker
    return worker
  }
}
