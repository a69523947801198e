import { afterEach, describe, expect, it } from 'vitest'
import { KafkaSink, publicationKey } from '../../../src/io/kafka/kafka-sink.ts'
import {
  anomalyPublication,
  clusterPublication,
  deadLetterPublication,
} from '../../contracts/publications.ts'
import {
  createTopic,
  kafkaBrokers,
  type ReadMessage,
  readTopic,
  uniqueName,
  withAdmin,
} from '../../kafka-broker.ts'
import { encodeAsText } from './source-driver.ts'

const found = await kafkaBrokers()
const brokers = found ?? []

const started: KafkaSink[] = []
async function startSink(
  changes: Partial<ConstructorParameters<typeof KafkaSink>[0]>,
  hooks: ConstructorParameters<typeof KafkaSink>[2] = {},
): Promise<KafkaSink> {
  const connection = { brokers, clientId: 'test', topic: '', deadLetterTopic: '' }
  const sink = new KafkaSink(
    { ...connection, compression: 'none', ...changes },
    encodeAsText,
    hooks,
  )
  started.push(sink)
  await sink.start()
  return sink
}

const readAll = (topic: string, count: number): Promise<ReadMessage[]> =>
  readTopic(brokers, topic, count)

describe.skipIf(found === null)('KafkaSink', () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sink) => sink.stop()))
  })

  it('publishes in order, keyed by anomaly cluster, else by stratum', async () => {
    const topic = await createTopic(brokers, 1)
    const sink = await startSink({ topic, deadLetterTopic: topic, compression: 'zstd' })
    await sink.publish([
      anomalyPublication('a1', null),
      anomalyPublication('a2', 'k7'),
      clusterPublication('k7'),
    ])
    await sink.publish([])
    const messages = await readAll(topic, 3)
    expect(messages.map(({ key, value, headers }) => [key, String(value), headers])).toEqual([
      ['trace frontend GET /cart', 'anomaly a1', { kind: 'anomaly' }],
      ['k7', 'anomaly a2', { kind: 'anomaly' }],
      ['k7', 'anomaly_cluster k7', { kind: 'anomaly_cluster' }],
    ])
    expect(sink.counters).toEqual({ messages: 3, bytes: 38, truncated: 0, oversized: 0 })
  })

  it('sends a dead letter as it came in, with where it lay and what was wrong', async () => {
    const topic = await createTopic(brokers, 1)
    const sink = await startSink({ topic, deadLetterTopic: topic })
    // A view into a larger buffer, as a fetched record is.
    const body = new Uint8Array(300).map((_, i) => i).subarray(20, 280)
    await sink.publish([deadLetterPublication(9007199254740993n, body)])
    const [letter] = await readAll(topic, 1)
    expect(letter).toEqual({
      key: 'otlp_spans/3',
      value: Buffer.from(body),
      headers: {
        'medoscope.partition': 'otlp_spans/3',
        'medoscope.offset': '9007199254740993',
        'medoscope.reason': 'cut short',
        'medoscope.position': '17',
      },
    })
  })

  it('sends more at once than the broker takes in one batch', async () => {
    const topic = await createTopic(brokers, 1)
    const sink = await startSink({ topic, deadLetterTopic: topic })
    const letters = Array.from({ length: 40 }, (_, i) =>
      deadLetterPublication(BigInt(i), new Uint8Array(100_000)),
    )
    await sink.publish(letters)
    const messages = await readAll(topic, 40)
    expect(messages.map(({ headers }) => headers['medoscope.offset'])).toEqual(
      letters.map((_, i) => String(i)),
    )
  })

  it('cuts a dead letter that is too large, drops another message, and is held up by neither', async () => {
    const topic = await createTopic(brokers, 1, { 'max.message.bytes': '70000' })
    const oversized: [string, number][] = []
    const connection = { brokers, clientId: 'test', topic, deadLetterTopic: topic }
    const sink = new KafkaSink(
      { ...connection, compression: 'none' },
      (publication) => {
        const isLarge = publication.type === 'anomaly' && publication.anomaly.id === 'large'
        const encoded = encodeAsText(publication)
        return isLarge ? { ...encoded, value: new Uint8Array(80_000) } : encoded
      },
      { onOversized: (type, bytes) => oversized.push([type, bytes]) },
    )
    started.push(sink)
    await sink.start()
    await sink.publish([
      anomalyPublication('before', null),
      anomalyPublication('large', null),
      deadLetterPublication(1n, new Uint8Array(200_000).fill(7)),
      anomalyPublication('after', null),
    ])
    const messages = await readAll(topic, 3)
    expect(
      messages.map(({ value }) => (value.length > 100 ? value.length : String(value))),
    ).toEqual(['anomaly before', 65_536, 'anomaly after'])
    expect(messages[1]?.headers['medoscope.truncated_from']).toBe('200000')
    expect(oversized).toEqual([
      ['anomaly', 80_000],
      ['dead_letter', 200_000],
    ])
    expect(sink.counters).toMatchObject({ messages: 3, truncated: 1, oversized: 1 })
  })

  it('says which topics are missing and how to make them, and makes none', async () => {
    const [topic, deadLetterTopic] = [uniqueName('anomalies'), uniqueName('letters')]
    const start = startSink({ topic, deadLetterTopic })
    await expect(start).rejects.toThrow(`--create --topic ${topic}`)
    await expect(start).rejects.toThrow(`Kafka topic "${deadLetterTopic}" does not exist`)
    const topics = await withAdmin(brokers, (admin) => admin.listTopics())
    expect(topics).not.toContain(topic)
  })

  it('makes the missing topics when it is told to', async () => {
    const [topic, deadLetterTopic] = [uniqueName('anomalies'), uniqueName('letters')]
    const ensureTopics = { partitions: 2, replicationFactor: 1 }
    const sink = await startSink({ topic, deadLetterTopic, ensureTopics })
    await sink.publish([anomalyPublication('a1', null)])
    expect((await readAll(topic, 1)).length).toBe(1)
    const topics = await withAdmin(brokers, (admin) => admin.listTopics())
    expect(topics).toContain(deadLetterTopic)
  })

  it('rejects when the topic has gone, with the command that makes it', async () => {
    const topic = await createTopic(brokers, 1)
    const sink = await startSink({ topic, deadLetterTopic: topic })
    await withAdmin(brokers, async (admin) => {
      await admin.deleteTopics({ topics: [topic] })
      // The broker goes on taking messages for a moment.
      await expect.poll(() => admin.listTopics(), { timeout: 10_000 }).not.toContain(topic)
      await new Promise((resolve) => setTimeout(resolve, 200))
    })
    await expect(sink.publish([anomalyPublication('a1', null)])).rejects.toThrow(
      `Cannot publish to Kafka: Kafka topic "${topic}" does not exist. Create it`,
    )
  })
})

describe('publicationKey', () => {
  it('keeps together what is about one thing', () => {
    expect(publicationKey(anomalyPublication('a', 'k1'))).toBe('k1')
    expect(publicationKey(clusterPublication('k1'))).toBe('k1')
    expect(publicationKey(anomalyPublication('a', null))).toBe('trace frontend GET /cart')
    expect(publicationKey(deadLetterPublication(1n, new Uint8Array()))).toBe('otlp_spans/3')
  })
})
