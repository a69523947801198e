import { afterAll, describe, expect, it } from 'vitest'
import { KafkaSink } from '../../../src/io/kafka/kafka-sink.ts'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import { anomalyPublication } from '../../contracts/publications.ts'
import { createTopic, ownBroker } from '../../kafka-broker.ts'
import { Follower } from './follower.ts'
import {
  bodyText,
  encodeAsText,
  numbered,
  pollCount,
  produce,
  sourceSettings,
} from './source-driver.ts'

const broker = await ownBroker({})
const plain = [broker?.addresses.plaintext ?? '']

afterAll(async () => {
  await broker?.close()
})

describe.skipIf(broker === null)('a broker that goes away and comes back', () => {
  it('is sat out by source and sink without loss', async () => {
    const topic = await createTopic(plain, 2)
    const out = await createTopic(plain, 1)
    const follower = await Follower.start(sourceSettings(plain, topic, { sessionTimeoutMs: 1500 }))
    const settings = { brokers: plain, clientId: 'test', topic: out, deadLetterTopic: out }
    const sink = new KafkaSink({ ...settings, compression: 'none' }, encodeAsText)
    const reader = new KafkaSource(sourceSettings(plain, out))
    try {
      await sink.start()
      await produce(plain, topic, numbered('m', 50, 2))
      await expect.poll(() => follower.texts.length, { timeout: 10_000 }).toBe(50)
      await sink.publish([anomalyPublication('a1', null)])

      await broker?.suspend()
      await expect(sink.publish([anomalyPublication('a2', null)])).rejects.toThrow(
        'Cannot publish to Kafka',
      )
      await broker?.resume()
      await publishPatiently(sink)
      await produce(plain, topic, numbered('n', 50, 2))
      await expect.poll(() => new Set(follower.texts).size, { timeout: 25_000 }).toBe(100)
      expect(follower.backward).toEqual([])
      // Nothing is judged or learned twice, and no state is thrown away.
      expect(follower.texts).toHaveLength(100)
      expect(follower.revoked).toEqual([])
      const { crashes, joins } = follower.source.counters
      console.info(`broker restarted: 0 lost, 0 twice, ${crashes} crashes, ${joins} joins`)

      await reader.start()
      const published = (await pollCount(reader, 2)).map(bodyText)
      expect(new Set(published)).toEqual(new Set(['anomaly a1', 'anomaly a2']))
    } finally {
      await Promise.all([follower.stop(), sink.stop(), reader.stop()])
    }
  })
})

describe.skipIf(broker === null)(
  'a broker that is away for longer than the client is patient',
  () => {
    it('costs neither records nor state', async () => {
      const topic = await createTopic(plain, 2)
      const settings = sourceSettings(plain, topic, { sessionTimeoutMs: 1500 })
      const follower = await Follower.start(settings)
      try {
        await produce(plain, topic, numbered('m', 50, 2))
        await expect.poll(() => follower.texts.length, { timeout: 10_000 }).toBe(50)
        await broker?.suspend()
        await expect
          .poll(() => follower.source.counters.crashes, { timeout: 60_000 })
          .toBeGreaterThan(0)
        await broker?.resume()
        await produce(plain, topic, numbered('n', 50, 2))
        await expect.poll(() => follower.texts.length, { timeout: 40_000 }).toBe(100)
        expect(new Set(follower.texts).size).toBe(100)
        expect([follower.backward, follower.revoked]).toEqual([[], []])
      } finally {
        await follower.stop()
      }
    })
  },
)

describe.skipIf(broker === null)('a broker that is not there yet', () => {
  it('is waited for by source and sink, with a line, and then read and written', async () => {
    const topic = await createTopic(plain, 1)
    await broker?.suspend()
    const events: string[] = []
    const source = new KafkaSource(sourceSettings(plain, topic), {
      onEvent: (event) => events.push(event.type === 'waiting' ? event.reason : event.type),
    })
    const settings = { brokers: plain, clientId: 'test', topic, deadLetterTopic: topic }
    const said: string[] = []
    const sink = new KafkaSink({ ...settings, compression: 'none' }, encodeAsText, {
      log: (_, message) => said.push(message),
    })
    try {
      await sink.start()
      await source.start()
      expect(events).toEqual([
        expect.stringMatching(/^Cannot connect to Kafka at .*check the addresses/),
      ])
      expect(said.filter((line) => line.includes('not there yet'))).toHaveLength(1)
      expect(await source.poll(10, 10)).toEqual({ records: [], revoked: [] })
      await expect(sink.publish([anomalyPublication('a1', null)])).rejects.toThrow('Cannot connect')
      await broker?.resume()
      await publishPatiently(sink)
      expect((await pollCount(source, 1)).map(bodyText)).toEqual(['anomaly a2'])
      expect(events).toHaveLength(2)
    } finally {
      await Promise.all([sink.stop(), source.stop()])
    }
  })
})

/** As the pipeline: the same batch again until it is through. */
async function publishPatiently(sink: KafkaSink): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sink.publish([anomalyPublication('a2', null)])
      return
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}
