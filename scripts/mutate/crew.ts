import { type ChildProcess, fork } from 'node:child_process'
import type { Answer, Order } from './messages.ts'

/** Orders after which a worker makes room for a new one: what was imported is never given back. */
const ORDERS_PER_WORKER = 100

/** A worker that gave no answer: it was stopped after its time, or ended by itself. */
export interface NoAnswer {
  readonly answer: null
  readonly why: string
}

/** Has orders carried out by `workers` processes, and tells each answer as it comes. */
export async function carryOut<T>(
  items: readonly T[],
  workers: number,
  orderOf: (item: T) => { readonly order: Order; readonly limitMs: number },
  onAnswer: (item: T, answer: Answer | NoAnswer) => void,
): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    let worker: ChildProcess | null = null
    let orders = 0
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      if (worker === null || orders >= ORDERS_PER_WORKER) {
        worker?.kill('SIGKILL')
        worker = startWorker()
        orders = 0
      }
      orders++
      const { order, limitMs } = orderOf(item)
      const answer = await answerOf(worker, order, limitMs)
      if (answer.answer === null) {
        worker.kill('SIGKILL')
        worker = null
      }
      onAnswer(item, answer)
    }
    worker?.kill('SIGKILL')
  }
  await Promise.all(Array.from({ length: workers }, work))
}

function startWorker(): ChildProcess {
  return fork(new URL('./worker.ts', import.meta.url), {
    // What the tests print belongs to nobody here.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: ['--max-old-space-size=2048', '--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  })
}

function answerOf(worker: ChildProcess, order: Order, limitMs: number): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: Answer | NoAnswer): void => {
      clearTimeout(timer)
      worker.off('message', finish)
      worker.off('exit', onExit)
      resolve(answer)
    }
    const onExit = (code: number | null, signal: string | null): void => {
      finish({ answer: null, why: `the process ended (${signal ?? code})` })
    }
    const timer = setTimeout(() => finish({ answer: null, why: 'out of time' }), limitMs)
    worker.on('message', finish)
    worker.on('exit', onExit)
    worker.send(order)
  })
}
