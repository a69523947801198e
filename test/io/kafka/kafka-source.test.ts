import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { COMPRESSION_TYPES } from '../../../src/io/kafka/codecs.ts'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import { Metrics } from '../../../src/io/telemetry/metrics.ts'
import { feedKafka } from '../../../src/io/telemetry/metrics-sources.ts'
import { createTopic, kafkaBrokers, uniqueName, withAdmin } from '../../kafka-broker.ts'
import {
  bodyText,
  type DrivenSource,
  numbered,
  pollCount,
  pollUntil,
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

describe.skipIf(found === null)('KafkaSource', () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((source) => source.stop()))
  })

  it('reads every codec byte for byte', async () => {
    const topic = await createTopic(brokers, 1)
    const { source } = await start(brokers, topic)
    // Random bytes behind text, so that a codec has something to do and something it cannot do.
    const values = Object.keys(COMPRESSION_TYPES).map((name) =>
      Buffer.concat([Buffer.from(name.repeat(20_000)), crypto.getRandomValues(Buffer.alloc(5000))]),
    )
    const types = Object.values(COMPRESSION_TYPES)
    for (const [i, type] of types.entries()) {
      await produce(brokers, topic, [{ value: values[i] ?? null }], { compression: type })
    }
    const records = await pollCount(source, values.length)
    expect(records.map(({ body }) => Buffer.from(body))).toEqual(values)
  })

  it.each([
    ['kafka.otlp_spans.jsonl', 'otlp_proto', false],
    ['kafka.otlp_spans_keyed.jsonl', 'otlp_proto', true],
    ['kafka.otlp_spans_json.jsonl', 'otlp_json', false],
  ])('reads what a Collector wrote: %s', async (file, encoding, keyed) => {
    const path = new URL(`../../fixtures/collector/${file}`, import.meta.url)
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    const recorded = lines.map((line) => {
      const record = JSON.parse(line) as RecordedMessage
      const value = Buffer.from(record.value, 'base64')
      const key = record.key === null ? null : Buffer.from(record.key, 'base64').toString()
      return { key, value, partition: record.partition, timestamp: String(record.timestamp) }
    })
    const topic = await createTopic(brokers, 4)
    await produce(brokers, topic, recorded, { compression: COMPRESSION_TYPES.zstd })
    const { source } = await start(brokers, topic)
    const records = await pollCount(source, recorded.length)
    const shape = (partition: string, body: Uint8Array, timestampMs: number): string =>
      `${partition} ${timestampMs} ${Buffer.from(body).toString('base64')}`
    expect(records.map((r) => shape(r.partition, r.body, r.timestampMs)).sort()).toEqual(
      recorded.map((r) => shape(`${topic}/${r.partition}`, r.value, Number(r.timestamp))).sort(),
    )
    expect(new Set(records.map((r) => r.encoding))).toEqual(new Set([encoding]))
    expect(new Set(records.map((r) => r.keyed))).toEqual(new Set([keyed]))
  })

  it('skips and counts tombstones and other signals, and does not lag behind them', async () => {
    const topic = await createTopic(brokers, 1)
    await produce(brokers, topic, [
      { value: null, key: 'k' },
      { value: 'a', headers: { 'otelcol.signal': 'traces' } },
      { value: 'b', headers: { 'otelcol.signal': 'logs' } },
      { value: 'c' },
      { value: 'd', headers: { 'otelcol.signal': 'metrics' } },
    ])
    const { source } = await start(brokers, topic)
    expect((await pollCount(source, 2)).map(bodyText)).toEqual(['a', 'c'])
    expect(source.counters).toMatchObject({ skippedEmpty: 1, skippedSignal: 2, records: 2 })
    expect(source.lag()).toEqual(new Map([[`${topic}/0`, { records: 0 }]]))
  })

  it('pauses at a full queue, goes on when there is room, and loses nothing', async () => {
    const topic = await createTopic(brokers, 2)
    await produce(brokers, topic, numbered('m', 3000, 2), { batch: 50 })
    const limits = { queueRecords: 100, maxBytesPerPartition: 500 }
    const { source } = await start(brokers, topic, limits)
    await expect.poll(() => source.counters.pauses, { timeout: 5000 }).toBe(1)
    // Nobody polls: a heartbeat's time later there is still what one fetch brought, no more.
    const before = source.counters.records
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(source.counters.records).toBe(before)
    expect(before).toBeLessThan(300)
    const lag = [...source.lag().values()].reduce((sum, { records }) => sum + records, 0)
    expect(lag).toBe(3000)

    const records = await pollCount(source, 3000)
    expect(records.map(bodyText).sort()).toEqual(
      numbered('m', 3000)
        .map((m) => m.value)
        .sort(),
    )
    expect(source.counters.pauses).toBeGreaterThan(3)
    expect(source.counters.droppedFromQueue).toBe(0)
  })

  it('tells the metrics what waits in its queue', async () => {
    const topic = await createTopic(brokers, 2)
    const sent = numbered('waiting', 40, 2)
    await produce(brokers, topic, sent)
    const { source } = await start(brokers, topic)
    const metrics = new Metrics(false)
    const waiting = async (): Promise<number[]> => {
      feedKafka(metrics, source)
      const body = await metrics.render()
      return ['records', 'bytes'].map((unit) => {
        const series = `medoscope_queue_${unit}{source="kafka"} `
        const line = body.split('\n').find((one) => one.startsWith(series))
        return Number(line?.slice(series.length))
      })
    }
    const bytes = sent.reduce((sum, { value }) => sum + String(value).length, 0)
    await expect.poll(waiting, { timeout: 10_000 }).toEqual([40, bytes])
    const taken = (await source.poll(10, 0))?.records ?? []
    const takenBytes = taken.reduce((sum, { body }) => sum + body.length, 0)
    expect(taken).toHaveLength(10)
    expect(await waiting()).toEqual([30, bytes - takenBytes])
    await pollCount(source, 30)
    expect(await waiting()).toEqual([0, 0])
    expect(source.counters.droppedFromQueue).toBe(0)
  })

  it('says which topic is missing and how to make it, and leaves nothing behind', async () => {
    const topic = uniqueName('missing')
    const source = new KafkaSource(sourceSettings(brokers, topic))
    await expect(source.start()).rejects.toThrow(
      `Kafka topic "${topic}" does not exist. Create it: kafka-topics.sh --bootstrap-server ${brokers[0]} --create --topic ${topic}`,
    )
    await source.stop()
    const topics = await withAdmin(brokers, (admin) => admin.listTopics())
    expect(topics).not.toContain(topic)
  })

  it('makes the missing topic when it is told to', async () => {
    const topic = uniqueName('made')
    const ensureTopics = { partitions: 3, replicationFactor: 1 }
    const { source } = await start(brokers, topic, { ensureTopics })
    await pollUntil(source, () => source.lag().size === 3)
    expect(source.lag().size).toBe(3)
  })
})

interface RecordedMessage {
  readonly partition: number
  readonly key: string | null
  readonly value: string
  readonly timestamp: number
}
