import { afterAll, describe, expect, it } from 'vitest'
import type { KafkaConnection } from '../../../src/io/kafka/kafka-client.ts'
import { KafkaSink } from '../../../src/io/kafka/kafka-sink.ts'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import { anomalyPublication } from '../../contracts/publications.ts'
import { SASL_USER } from '../../kafka/local-broker.ts'
import { createTopic, ownBroker } from '../../kafka-broker.ts'
import { bodyText, encodeAsText, pollCount, sourceSettings } from './source-driver.ts'

const broker = await ownBroker({ secured: true })
const plain = [broker?.addresses.plaintext ?? '']
const saslAddress = [broker?.addresses.sasl ?? '']
const tlsAddress = [broker?.addresses.tls ?? '']
const saslTlsAddress = [broker?.addresses.saslTls ?? '']
const ca = broker?.certificate ?? ''

afterAll(async () => {
  await broker?.close()
})

describe.skipIf(broker === null)('a secured broker', () => {
  it.each([
    ['PLAIN', { brokers: saslAddress, sasl: { mechanism: 'plain', ...SASL_USER } }],
    ['SCRAM-SHA-256', { brokers: saslAddress, sasl: { mechanism: 'scram-sha-256', ...SASL_USER } }],
    ['SCRAM-SHA-512', { brokers: saslAddress, sasl: { mechanism: 'scram-sha-512', ...SASL_USER } }],
    ['TLS', { brokers: tlsAddress, tls: { ca } }],
    ['TLS that is not checked', { brokers: tlsAddress, tls: { verify: false } }],
    [
      'SCRAM over TLS',
      { brokers: saslTlsAddress, tls: { ca }, sasl: { mechanism: 'scram-sha-512', ...SASL_USER } },
    ],
  ] as [string, Omit<KafkaConnection, 'clientId'>][])(
    'lets sink and source in with %s',
    async (_, connection) => {
      const topic = await createTopic(plain, 1)
      const sink = new KafkaSink(
        {
          ...{ ...connection, clientId: 'test', topic, deadLetterTopic: topic },
          compression: 'gzip',
        },
        encodeAsText,
      )
      const source = new KafkaSource({ ...sourceSettings([], topic), ...connection })
      try {
        await sink.start()
        await sink.publish([anomalyPublication('a1', null)])
        await source.start()
        expect((await pollCount(source, 1)).map(bodyText)).toEqual(['anomaly a1'])
      } finally {
        await Promise.all([sink.stop(), source.stop()])
      }
    },
  )

  it('is said to refuse a wrong password', async () => {
    const sasl = { mechanism: 'plain', username: SASL_USER.username, password: 'wrong' } as const
    const source = new KafkaSource({ ...sourceSettings(saslAddress, 'any'), sasl })
    await expect(source.start()).rejects.toThrow('check the SASL mechanism, user name and password')
    await source.stop()
  })

  it('is not trusted without its certificate', async () => {
    const source = new KafkaSource({ ...sourceSettings(tlsAddress, 'any'), tls: {} })
    await expect(source.start()).rejects.toThrow(/^Cannot connect to Kafka at .*certificate/)
    await source.stop()
  })
})
