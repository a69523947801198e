import { workerData } from 'node:worker_threads'
import { measured } from '../../kmedoids/distances.ts'
import { KernelBoard } from '../../kmedoids/kernel-board.ts'
import { CONTROL, type PricerStart, priceOwnPart } from './shared-pricing.ts'

// Waits for batches and prices its part of each. It sleeps on shared memory, not in the event loop.
const start: PricerStart = workerData
const { shared, thread, threads } = start
const { control } = shared
let batch = 0
let version = -1

function answer(): void {
  Atomics.add(control, CONTROL.done, 1)
  Atomics.notify(control, CONTROL.done)
}

try {
  const { name, n, prepared, targets, weights, k, selfDistance } = start
  const board = new KernelBoard(measured(name, n, prepared), weights, k, { targets, selfDistance })
  answer()
  for (;;) {
    Atomics.wait(control, CONTROL.batch, batch)
    batch = Atomics.load(control, CONTROL.batch)
    if (Atomics.load(control, CONTROL.state) === 1) break
    const now = Atomics.load(control, CONTROL.version)
    if (now !== version) {
      version = now
      board.state.nearest.set(shared.nearest)
      board.state.second.set(shared.second)
      board.state.assignment.set(shared.assignment)
    }
    priceOwnPart(board, shared, thread, threads)
    answer()
  }
} catch {
  // Whoever waits must not wait for ever; it goes on alone.
  Atomics.store(control, CONTROL.state, 2)
  answer()
}
