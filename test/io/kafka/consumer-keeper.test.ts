import { EventEmitter } from 'node:events'
import type { Consumer } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConsumerKeeper } from '../../../src/io/kafka/consumer-keeper.ts'

const events = {
  GROUP_JOIN: 'consumer.group_join',
  REBALANCING: 'consumer.rebalancing',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CRASH: 'consumer.crash',
} as const

/** A consumer that does nothing by itself; `connects` says whether it can connect. */
class FakeConsumer {
  readonly events = events
  readonly emitter = new EventEmitter()
  readonly disconnect = vi.fn(async () => {})
  readonly #connects: boolean

  constructor(connects: boolean) {
    this.#connects = connects
  }

  on(name: string, listener: (event: unknown) => void): void {
    this.emitter.on(name, listener)
  }

  async connect(): Promise<void> {
    if (!this.#connects) throw new Error('nobody there')
  }

  async subscribe(): Promise<void> {}

  async run(): Promise<void> {}

  emit(name: keyof typeof events, payload: unknown): void {
    this.emitter.emit(events[name], { payload })
  }
}

function keeperOf(connects: (n: number) => boolean) {
  const made: FakeConsumer[] = []
  const calls: string[] = []
  const delays: number[] = []
  const make = (): Consumer => {
    const consumer = new FakeConsumer(connects(made.length))
    made.push(consumer)
    return consumer as unknown as Consumer
  }
  const keeper = new ConsumerKeeper(make, ['t'], {
    onJoin: () => calls.push('join'),
    onRebalancing: () => calls.push('rebalancing'),
    onBatch: async () => {},
    onEmptyBatch: (topic, partition, first, last) =>
      calls.push(`empty ${topic}/${partition} ${first} ${last}`),
    onCrash: (error, attempt, retryInMs) => {
      calls.push(`crash ${error.message} ${attempt}`)
      delays.push(retryInMs)
    },
  })
  return { keeper, made, calls, delays }
}

const at = (made: readonly FakeConsumer[], i: number): FakeConsumer => {
  const consumer = made[i]
  if (consumer === undefined) throw new Error(`no consumer ${i}`)
  return consumer
}

describe('ConsumerKeeper', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('rejects a first launch that cannot connect and lets go of it', async () => {
    const { keeper, made, calls } = keeperOf(() => false)
    await expect(keeper.launch()).rejects.toThrow('nobody there')
    expect(at(made, 0).disconnect).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(made.length).toBe(1)
    expect(calls).toEqual([])
  })

  it('makes another consumer after a crash and listens to that one only', async () => {
    const { keeper, made, calls } = keeperOf(() => true)
    await keeper.launch()
    at(made, 0).emit('CRASH', { error: new Error('boom') })
    expect(keeper.consumer).toBeNull()
    await vi.advanceTimersByTimeAsync(1000)
    expect(keeper.consumer).toBe(made[1])
    at(made, 0).emit('GROUP_JOIN', {})
    at(made, 0).emit('CRASH', { error: new Error('again') })
    at(made, 1).emit('GROUP_JOIN', {})
    at(made, 1).emit('REBALANCING', {})
    expect(calls).toEqual(['crash boom 1', 'join', 'rebalancing'])
  })

  it('waits longer each time, up to 10 s, for as long as there is nobody', async () => {
    const { keeper, made, delays } = keeperOf((n) => n === 0)
    await keeper.launch()
    at(made, 0).emit('CRASH', { error: new Error('boom') })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(delays.length).toBeGreaterThan(15)
    delays.forEach((delay, i) => {
      const ceiling = Math.min(10_000, 500 * 2 ** i)
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2)
      expect(delay).toBeLessThanOrEqual(ceiling)
    })
  })

  it('begins with a short wait again after a consumer that lived', async () => {
    const { keeper, made, calls } = keeperOf(() => true)
    await keeper.launch()
    at(made, 0).emit('CRASH', { error: new Error('a') })
    await vi.advanceTimersByTimeAsync(1000)
    at(made, 1).emit('CRASH', { error: new Error('b') })
    await vi.advanceTimersByTimeAsync(100_000)
    at(made, 2).emit('CRASH', { error: new Error('c') })
    expect(calls).toEqual(['crash a 1', 'crash b 2', 'crash c 1'])
  })

  it('tells of empty batches and keeps quiet about the others', async () => {
    const { keeper, made, calls } = keeperOf(() => true)
    await keeper.launch()
    const where = { topic: 't', partition: 1 }
    at(made, 0).emit('END_BATCH_PROCESS', {
      ...where,
      batchSize: 3,
      firstOffset: '0',
      lastOffset: '2',
    })
    at(made, 0).emit('END_BATCH_PROCESS', {
      ...where,
      batchSize: 0,
      firstOffset: '3',
      lastOffset: '3',
    })
    at(made, 0).emit('END_BATCH_PROCESS', {
      ...where,
      batchSize: 0,
      firstOffset: null,
      lastOffset: '9',
    })
    expect(calls).toEqual(['empty t/1 3 3', 'empty t/1 null 9'])
  })

  it('stops for good, before the launch, while it waits, and twice', async () => {
    const idle = keeperOf(() => true)
    await idle.keeper.stop()

    const { keeper, made, calls } = keeperOf(() => true)
    await keeper.launch()
    at(made, 0).emit('CRASH', { error: new Error('boom') })
    await keeper.stop()
    await keeper.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(made.length).toBe(1)
    expect(calls).toEqual(['crash boom 1'])
  })

  it('does not wait for ever for a client that does not let go', async () => {
    const { keeper, made } = keeperOf(() => true)
    await keeper.launch()
    at(made, 0).disconnect.mockReturnValue(new Promise(() => {}))
    const stopped = keeper.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    await stopped
    expect(keeper.consumer).toBeNull()
  })
})
