import { afterEach, describe, expect, it } from 'vitest'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import type { KafkaSourceEvent } from '../../../src/io/kafka/kafka-source-settings.ts'
import { createTopic, kafkaBrokers, testClient, uniqueName, withAdmin } from '../../kafka-broker.ts'
import {
  bodyText,
  type DrivenSource,
  numbered,
  pollCount,
  pollUntil,
  positionsAfter,
  produce,
  sourceSettings,
  startSource,
} from './source-driver.ts'

const found = await kafkaBrokers()
const brokers = found ?? []

const started: KafkaSource[] = []
async function start(...args: Parameters<typeof sourceSettings>): Promise<DrivenSource> {
  const driven = await startSource(sourceSettings(...args))
  started.push(driven.source)
  return driven
}

describe.skipIf(found === null)('offsets of KafkaSource', () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((source) => source.stop()))
  })

  it('goes on at the commit after a crash, and with nothing committed where it began', async () => {
    const topic = await createTopic(brokers, 2)
    const groupId = uniqueName('group')
    const first = await start(brokers, topic, { groupId, from: 'latest' })
    await pollUntil(first.source, () => first.source.lag().size === 2)
    await produce(brokers, topic, numbered('m', 20, 2))
    const records = await pollCount(first.source, 20)
    await first.source.commit(new Map([[`${topic}/0`, 4n]]))
    await first.source.stop()

    const second = await start(brokers, topic, { groupId, from: 'latest' })
    const again = await pollCount(second.source, 16)
    const expected = records.filter((r) => r.partition === `${topic}/1` || r.offset >= 4n)
    expect(again.map(bodyText).sort()).toEqual(expected.map(bodyText).sort())
  })

  it('goes on where a checkpoint stood, whatever is committed', async () => {
    const topic = await createTopic(brokers, 1)
    const groupId = uniqueName('group')
    await produce(brokers, topic, numbered('m', 10))
    const first = await start(brokers, topic, { groupId })
    await first.source.commit(positionsAfter(await pollCount(first.source, 10)))
    await first.source.stop()

    const source = new KafkaSource(sourceSettings(brokers, topic, { groupId }))
    started.push(source)
    await source.seek(new Map([[`${topic}/0`, 6n]]))
    await source.start()
    expect((await pollCount(source, 4)).map(bodyText)).toEqual(['m6', 'm7', 'm8', 'm9'])
  })

  it('takes a checkpoint also after the start, and drops what it had fetched', async () => {
    const topic = await createTopic(brokers, 1)
    await produce(brokers, topic, numbered('m', 10))
    const { source } = await start(brokers, topic)
    // Long enough that the records wait in the queue.
    await expect.poll(() => source.counters.records, { timeout: 20_000 }).toBe(10)
    await source.seek(new Map([[`${topic}/0`, 8n]]))
    expect((await pollCount(source, 2)).map(bodyText)).toEqual(['m8', 'm9'])
    expect(source.counters.droppedFromQueue).toBe(10)
  })

  it('begins with the history that it is asked for, the first time', async () => {
    const topic = await createTopic(brokers, 1)
    const groupId = uniqueName('group')
    const now = Date.now()
    await produce(
      brokers,
      topic,
      [90, 60, 30, 0].map((s) => ({ value: `${s}`, timestamp: String(now - s * 1000) })),
    )
    const changes = { groupId, from: 'latest', bootstrapMs: 70_000 } as const
    const first = await start(brokers, topic, changes)
    const records = await pollCount(first.source, 3)
    expect(records.map(bodyText)).toEqual(['60', '30', '0'])
    expect(records.map(({ timestampMs }) => now - timestampMs)).toEqual([60_000, 30_000, 0])
    await first.source.commit(positionsAfter(records))
    await first.source.stop()

    const second = await start(brokers, topic, changes)
    expect((await pollCount(second.source, 3)).map(bodyText)).toEqual(['60', '30', '0'])
  })

  it('reports what retention took while it waited, and goes on with what is left', async () => {
    const topic = await createTopic(brokers, 1)
    await produce(brokers, topic, numbered('m', 30), { batch: 5 })
    const limits = { queueRecords: 2, maxBytesPerPartition: 150 } as const
    const { source, events } = await start(brokers, topic, limits)
    await expect.poll(() => source.counters.pauses, { timeout: 20_000 }).toBe(1)
    const waiting = source.counters.records
    expect(waiting).toBeLessThan(20)
    await deleteBefore(topic, 20n)
    const records = await pollCount(source, waiting + 10)
    const left = numbered('m', 30).filter((_, i) => i < waiting || i >= 20)
    expect(records.map(bodyText)).toEqual(left.map(({ value }) => value))
    expect(source.counters).toMatchObject({ gaps: 1, lost: 20 - waiting })
    const gap = { type: 'gap', partition: `${topic}/0`, from: BigInt(waiting), to: 20n }
    expect(events).toContainEqual(gap)
  })

  it('reports what retention took while it was away', async () => {
    const topic = await createTopic(brokers, 1)
    const groupId = uniqueName('group')
    await produce(brokers, topic, numbered('m', 30))
    const first = await start(brokers, topic, { groupId })
    await pollCount(first.source, 30)
    await first.source.commit(new Map([[`${topic}/0`, 7n]]))
    await first.source.stop()
    await deleteBefore(topic, 25n)

    const second = await start(brokers, topic, { groupId, from: 'latest' })
    expect((await pollCount(second.source, 5)).map(bodyText)).toEqual(
      numbered('m', 30)
        .slice(25)
        .map(({ value }) => value),
    )
    expect(second.source.counters).toMatchObject({ gaps: 1, lost: 18 })
  })

  it('notices a topic that was made anew and reports the old state as revoked', async () => {
    const topic = await createTopic(brokers, 1)
    await produce(brokers, topic, numbered('old', 5))
    const { source, events } = await start(brokers, topic)
    await pollCount(source, 5)
    await withAdmin(brokers, async (admin) => {
      await admin.deleteTopics({ topics: [topic] })
      // A broker that is slow says that it took too long, and then that the topic is there.
      const patiently = { waitForLeaders: false, timeout: 20_000 }
      const again = { ...patiently, topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] }
      await expect
        .poll(() => admin.createTopics(again).catch(() => false), { timeout: 20_000 })
        .toBe(true)
    })
    await produce(brokers, topic, numbered('new', 3))
    const { records, revoked } = await pollUntil(source, (r) => r.length >= 3)
    expect(records.map(bodyText)).toEqual(['new0', 'new1', 'new2'])
    expect(revoked).toEqual([`${topic}/0`])
    expect(events).toContainEqual({ type: 'restarted', partition: `${topic}/0`, from: 5n, to: 0n })
  })

  it('passes over the markers of transactions without looking for a gap', async () => {
    const topic = await createTopic(brokers, 1)
    const { source } = await start(brokers, topic)
    const producer = testClient(brokers).producer({
      transactionalId: topic,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    for (const [value, isKept] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      // Long enough for the marker to come in a fetch of its own.
      await new Promise((resolve) => setTimeout(resolve, 300))
      await (isKept ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    expect((await pollCount(source, 2)).map(bodyText)).toEqual(['a', 'c'])
    await expect
      .poll(async () => {
        await source.poll(1, 50)
        return source.lag().get(`${topic}/0`)?.records
      })
      .toBe(0)
    expect(source.counters).toMatchObject({ gaps: 0, lost: 0, restarts: 0 })
  })

  it('says that the commits are gone, and goes on where the checkpoint stood', async () => {
    const topic = await createTopic(brokers, 1)
    await produce(brokers, topic, numbered('m', 10))
    const events: KafkaSourceEvent[] = []
    const source = new KafkaSource(sourceSettings(brokers, topic), {
      onEvent: (e) => events.push(e),
    })
    await source.seek(new Map([[`${topic}/0`, 4n]]))
    await source.start()
    expect((await pollCount(source, 6)).map(bodyText)[0]).toBe('m4')
    await expect.poll(() => source.counters.offsetsGone).toBe(1)
    expect(events).toContainEqual({ type: 'offsets_gone', partition: `${topic}/0`, at: 4n })
    await source.stop()
  })
})

/** What retention does, at once. */
async function deleteBefore(topic: string, offset: bigint): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.fetchTopicMetadata({ topics: [topic] })
    // The client knows the leaders only of topics that it was asked about.
    await admin.fetchTopicOffsets(topic)
    const partitions = [{ partition: 0, offset: String(offset) }]
    await admin.deleteTopicRecords({ topic, partitions })
  })
}
