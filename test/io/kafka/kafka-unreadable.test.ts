import kafkajs from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import { COMPRESSION_TYPES } from '../../../src/io/kafka/codecs.ts'
import type { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import { placeholderRecords } from '../../../src/io/kafka/unreadable-batch.ts'
import { createTopic, kafkaBrokers } from '../../kafka-broker.ts'
import {
  bodyText,
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
/** Holds for this whole file, as the client has one limit per process. */
const maxDecompressedBytes = 100_000

describe.skipIf(found === null)('a KafkaSource in front of a batch that it cannot read', () => {
  const started: KafkaSource[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((source) => source.stop()))
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('passes over a %s bomb', async (name) => {
    const topic = await createTopic(brokers, 1)
    const compression = COMPRESSION_TYPES[name]
    const { source, events } = await startSource(
      sourceSettings(brokers, topic, { maxDecompressedBytes }),
    )
    started.push(source)
    await produce(brokers, topic, numbered('before', 2), { compression })
    const bomb = 'a'.repeat(90_000)
    await produce(brokers, topic, [{ value: bomb }, { value: bomb }, { value: 'c' }], {
      compression,
    })
    await produce(brokers, topic, numbered('after', 2), { compression })
    const { records } = await pollUntil(source, (r) => r.length >= 4)
    expect(records.map((r) => [r.offset, bodyText(r)])).toEqual([
      [0n, 'before0'],
      [1n, 'before1'],
      [5n, 'after0'],
      [6n, 'after1'],
    ])
    expect(source.counters).toMatchObject({ skippedUnreadable: 3, gaps: 0, crashes: 0 })
    const [unreadable] = events.filter(({ type }) => type === 'unreadable')
    expect(unreadable).toMatchObject({ partition: `${topic}/0`, offset: 2n, records: 3 })
    expect(unreadable).toHaveProperty('reason', expect.stringContaining(`${name}: `))
  })

  it('makes a new consumer after each crash of the client, and loses nothing', async () => {
    const topic = await createTopic(brokers, 1)
    const { source, events } = await startSource(sourceSettings(brokers, topic))
    started.push(source)
    await produce(brokers, topic, numbered('before', 3))
    await source.commit(positionsAfter(await pollCount(source, 3)))
    await produce(brokers, topic, numbered('open', 2))
    await pollCount(source, 2)

    // A TypeError in a fetch is one of the errors after which kafkajs gives up for good.
    const zstd = kafkajs.CompressionCodecs[COMPRESSION_TYPES.zstd]
    const poison = () => ({
      ...zstd(),
      decompress: async () => {
        throw new TypeError('poison')
      },
    })
    kafkajs.CompressionCodecs[COMPRESSION_TYPES.zstd] = poison
    await produce(brokers, topic, numbered('after', 3), { compression: COMPRESSION_TYPES.zstd })
    await expect.poll(() => source.counters.crashes, { timeout: 15_000 }).toBe(2)
    kafkajs.CompressionCodecs[COMPRESSION_TYPES.zstd] = zstd

    const { records, revoked } = await pollUntil(source, (r) => r.length >= 3)
    // Nobody else had the partition: its state is kept, and nothing comes twice.
    expect(revoked).toEqual([])
    expect(records.map(bodyText)).toEqual(['after0', 'after1', 'after2'])
    const crashes = events.filter(({ type }) => type === 'crashed')
    expect(crashes).toMatchObject([
      { attempt: 1, reason: 'poison' },
      { attempt: 2, reason: 'poison' },
    ])
  })
})

describe('placeholderRecords', () => {
  it('throws where there is no record batch around the bytes', () => {
    expect(() => placeholderRecords(Buffer.alloc(10), 'x')).toThrow(RangeError)
    const alone = new Uint8Array(200)
    expect(() => placeholderRecords(Buffer.from(alone.buffer, 100, 100), 'x')).toThrow(RangeError)
  })
})
