import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { GroupReader } from '../../../src/io/kafka/group-reader.ts'
import {
  type KafkaSourceEvent,
  type KafkaSourceSettings,
  zeroCounters,
} from '../../../src/io/kafka/kafka-source-settings.ts'
import { sourceSettings } from './source-driver.ts'

interface Bench {
  readonly reader: GroupReader
  readonly counters: ReturnType<typeof zeroCounters>
  readonly events: KafkaSourceEvent[]
  /** What was told to the client, in order. */
  readonly told: string[]
  /** What the cluster knows of each partition of topic `t`. */
  readonly log: { low: number; high: number; committed: number }
  /** Error of the next commits. */
  commitError: unknown
}

function bench(changes: Partial<KafkaSourceSettings> = {}): Bench {
  const told: string[] = []
  const log = { low: 0, high: 100, committed: -1 }
  const counters = zeroCounters()
  const events: KafkaSourceEvent[] = []
  const result = { counters, events, told, log, commitError: null as unknown }
  const names = (list: { topic: string; partitions?: number[] }[]): string =>
    list.map(({ topic, partitions }) => `${topic}/${partitions}`).join(' ')
  const consumer = {
    pause: (list: []) => list.length > 0 && told.push(`pause ${names(list)}`),
    resume: (list: []) => list.length > 0 && told.push(`resume ${names(list)}`),
    seek: ({ partition, offset }: { partition: number; offset: string }) =>
      told.push(`seek ${partition} ${offset}`),
    commitOffsets: async (list: { partition: number; offset: string }[]) => {
      told.push(`commit ${list.map(({ partition, offset }) => `${partition}=${offset}`).join(' ')}`)
      if (result.commitError !== null) throw result.commitError
    },
  } as unknown as Consumer
  const partitions = (offset: number) =>
    [0, 1].map((partition) => ({ partition, offset: `${offset}` }))
  const admin = {
    connect: async () => {},
    disconnect: async () => {},
    fetchOffsets: async () => [{ topic: 't', partitions: partitions(log.committed) }],
    fetchTopicOffsets: async () =>
      partitions(log.high).map((p) => ({ ...p, low: `${log.low}`, high: `${log.high}` })),
  }
  const reader = new GroupReader({
    settings: sourceSettings([], 't', { queueRecords: 4, ...changes }),
    counters,
    kafka: { admin: () => admin } as unknown as Kafka,
    consumer: () => consumer,
    emit: (event) => events.push(event),
    now: () => 0,
    onChange: () => {},
  })
  return Object.assign(result, { reader })
}

/** A fetched batch of partition 0, of records `from` up to, not including, `to`. */
function batch(
  from: number,
  to: number,
  isStale = false,
): EachBatchPayload & { resolved: string[] } {
  const messages = Array.from({ length: to - from }, (_, i) => ({
    ...{
      key: null,
      value: Buffer.from('m'),
      timestamp: '1',
      offset: String(from + i),
      headers: {},
    },
  }))
  const resolved: string[] = []
  return {
    batch: {
      ...{ topic: 't', partition: 0, highWatermark: '100', messages, fetchedOffset: String(from) },
      firstOffset: () => String(from),
      lastOffset: () => String(to - 1),
    },
    isStale: () => isStale,
    resolveOffset: (offset: string) => resolved.push(offset),
    resolved,
  } as unknown as EachBatchPayload & { resolved: string[] }
}

const offsets = (b: Bench): number[] =>
  b.reader.take(100).records.map(({ offset }) => Number(offset))
const ids = (...partitions: number[]) => partitions.map((partition) => ({ topic: 't', partition }))
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** A reader that has joined as `a` with partition 0 and begins at 0. */
async function joined(changes: Partial<KafkaSourceSettings> = {}): Promise<Bench> {
  const b = bench(changes)
  b.reader.joined('a', ids(0), 1)
  await settled()
  b.told.length = 0
  return b
}

describe('GroupReader', () => {
  it('lets nothing be fetched before it knows the start, then begins there and commits it', async () => {
    const b = bench()
    b.reader.joined('a', ids(0, 1), 1)
    expect(b.told).toEqual(['pause t/0,1'])
    await settled()
    expect(b.told).toEqual([
      ...['pause t/0,1', 'seek 0 0', 'seek 1 0', 'resume t/0,1', 'commit 0=0 1=0'],
    ])
  })

  it('does not commit a start that is the commit', async () => {
    const b = bench()
    b.log.committed = 40
    b.reader.joined('a', ids(0), 1)
    await settled()
    expect(b.told).toEqual(['pause t/0', 'seek 0 40', 'resume t/0'])
  })

  it('hands over what is fetched and resolves it', async () => {
    const b = await joined()
    const fetched = batch(0, 3)
    await b.reader.accept(fetched)
    expect(fetched.resolved).toEqual(['2'])
    expect(offsets(b)).toEqual([0, 1, 2])
    expect(b.reader.lag()).toEqual(new Map([['t/0', { records: 97 }]]))
  })

  it('pauses all it has at a full queue, once, and resumes when half of it is gone', async () => {
    const b = await joined()
    await b.reader.accept(batch(0, 4))
    await b.reader.accept(batch(4, 5))
    expect(b.told).toEqual(['pause t/0'])
    b.reader.take(2)
    expect(b.told).toEqual(['pause t/0'])
    b.reader.take(1)
    expect(b.told).toEqual(['pause t/0', 'resume t/0'])
    expect(b.counters.pauses).toBe(1)
  })

  it('goes on behind what was polled after a rebalance, and drops the queue', async () => {
    const b = await joined()
    await b.reader.accept(batch(0, 3))
    b.reader.take(2)
    b.reader.rebalancing()
    // Fetched before, handed out late: it would leave a hole behind the dropped record.
    const late = batch(3, 5)
    await b.reader.accept(late)
    expect(late.resolved).toEqual([])
    b.reader.joined('a', ids(0), 1)
    expect(b.told).toEqual(['resume t/0', 'seek 0 2'])
    await b.reader.accept(batch(2, 4))
    expect(offsets(b)).toEqual([2, 3])
    expect(b.counters.droppedFromQueue).toBe(1)
  })

  it('starts the commit of a rebalance before it returns', async () => {
    const b = await joined()
    b.commitError = new Error('broker away')
    await b.reader.commit(new Map([['t/0', 1n]]))
    b.commitError = null
    b.told.length = 0
    b.reader.rebalancing()
    expect(b.told).toEqual(['commit 0=1'])
  })

  it('ignores batches of partitions that it no longer has, and of positions that are no longer true', async () => {
    const b = await joined()
    await b.reader.accept(batch(0, 2, true))
    expect(offsets(b)).toEqual([])
    b.reader.joined('b', ids(1), 1)
    await b.reader.accept(batch(0, 2))
    expect(b.reader.take(10)).toEqual({ records: [], revoked: ['t/0'] })
  })

  it('commits a change once', async () => {
    const b = await joined()
    await b.reader.commit(new Map([['t/0', 2n]]))
    await b.reader.commit(new Map([['t/0', 2n]]))
    await b.reader.commit(new Map([['t/0', 3n]]))
    expect(b.told).toEqual(['commit 0=2', 'commit 0=3'])
  })

  it.each(['UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION'])(
    'takes the refusal %s of a commit for what it is, deep inside the error',
    async (type) => {
      const b = await joined()
      const cause = Object.assign(new Error('refused'), { type })
      b.commitError = new Error('wrapped', { cause: new Error('again', { cause }) })
      await b.reader.commit(new Map([['t/0', 2n]]))
      expect(b.counters).toMatchObject({ commitsRefused: 1, commitsFailed: 0 })
      b.commitError = null
      await b.reader.commit(new Map())
      expect(b.told).toEqual(['commit 0=2', 'commit 0=2'])
    },
  )

  it('tells of a commit that failed otherwise, and does not reject', async () => {
    const b = await joined()
    b.commitError = new Error('disk full')
    await b.reader.commit(new Map([['t/0', 2n]]))
    expect(b.counters.commitsFailed).toBe(1)
    expect(b.events.at(-1)).toEqual({ type: 'commit_failed', reason: 'disk full' })
  })

  it('counts what retention took, and commits over the placeholder that kafkajs has committed', async () => {
    const b = await joined()
    b.log.low = 10
    await b.reader.accept(batch(10, 12))
    expect(offsets(b)).toEqual([10, 11])
    expect(b.counters).toMatchObject({ gaps: 1, lost: 10 })
    expect(b.told).toEqual(['commit 0=10'])
  })

  it('goes back when a batch begins elsewhere for no reason', async () => {
    const b = await joined()
    await b.reader.accept(batch(5, 7))
    expect(offsets(b)).toEqual([])
    expect(b.told).toEqual(['seek 0 0'])
    expect(b.counters.lost).toBe(0)
  })

  it('believes in a hole when it was sent past it four times', async () => {
    const b = await joined()
    for (let i = 0; i < 3; i++) await b.reader.accept(batch(5, 7))
    expect(offsets(b)).toEqual([])
    await b.reader.accept(batch(5, 7))
    expect(offsets(b)).toEqual([5, 6])
    expect(b.counters).toMatchObject({ gaps: 0, lost: 0 })
  })

  it('follows markers that it is told of, unless they are of another position', async () => {
    const b = await joined()
    b.reader.passedOver('t', 0, 3n, 3n)
    b.reader.passedOver('t', 0, 0n, 1n)
    b.reader.passedOver('t', 0, null, 2n)
    b.reader.passedOver('t', 1, 3n, 3n)
    await b.reader.accept(batch(3, 4))
    expect(offsets(b)).toEqual([3])
    expect(b.told).toEqual([])
  })

  it('asks again for the start until the cluster answers', async () => {
    const b = bench()
    const fail = b.log
    Object.defineProperty(fail, 'low', {
      configurable: true,
      get: () => {
        Object.defineProperty(fail, 'low', { value: 7 })
        throw new Error('not now')
      },
    })
    b.reader.joined('a', ids(0), 1)
    await expect.poll(() => b.told, { timeout: 5000 }).toContain('seek 0 7')
    expect(b.events.map(({ type }) => type)).toContain('start_unknown')
  })

  it('does nothing more once it is closed', async () => {
    const b = await joined()
    await b.reader.accept(batch(0, 2))
    b.reader.close()
    await b.reader.accept(batch(2, 4))
    expect(offsets(b)).toEqual([])
  })
})
