import { parentPort } from 'node:worker_threads'
import { type FitRequest, fit as fitModel } from '../detector/fit.ts'
import { messageOf } from './telemetry/log.ts'

/** What the worker answers to one request. */
export type FitAnswer = { readonly result: unknown } | { readonly error: string }

// One request at a time; the client sends the next only after an answer.
parentPort?.on('message', (request: FitRequest) => {
  let answer: FitAnswer
  try {
    answer = { result: fitModel(request) }
  } catch (error) {
    answer = { error: messageOf(error) }
  }
  parentPort?.postMessage(answer)
})
