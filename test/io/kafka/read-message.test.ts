import type { KafkaMessage } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { zeroCounters } from '../../../src/io/kafka/kafka-source-settings.ts'
import { RecordQueue } from '../../../src/io/kafka/partition-queue.ts'
import { readMessage, readMessages } from '../../../src/io/kafka/read-message.ts'

function message(fields: Partial<KafkaMessage>): KafkaMessage {
  const value = Buffer.from([0x0a, 0])
  return {
    key: null,
    value,
    timestamp: '1700000000123',
    attributes: 0,
    offset: '7',
    headers: {},
    ...fields,
  } as KafkaMessage
}

describe('readMessage', () => {
  it('makes a record of it', () => {
    expect(readMessage(message({}), 't/3', 'auto')).toEqual({
      ...{ partition: 't/3', offset: 7n, encoding: 'otlp_proto', body: Buffer.from([0x0a, 0]) },
      ...{ timestampMs: 1_700_000_000_123, keyed: false },
    })
  })

  it('notes a key, an encoding that is configured, and a clock that is missing', () => {
    const keyed = message({ key: Buffer.from('4bf9'), timestamp: '-1', offset: '9007199254740993' })
    expect(readMessage(keyed, 't/3', 'otlp_json')).toMatchObject({
      ...{ keyed: true, encoding: 'otlp_json', timestampMs: 0, offset: 9007199254740993n },
    })
  })

  it('skips records without a value', () => {
    expect(readMessage(message({ value: null }), 't/3', 'auto')).toBe('empty')
    expect(readMessage(message({ value: Buffer.alloc(0) }), 't/3', 'auto')).toBe('empty')
  })

  it('skips other signals than traces when the Collector names them', () => {
    const of = (signal: string | Buffer | (string | Buffer)[]) =>
      readMessage(message({ headers: { 'otelcol.signal': signal } }), 't/3', 'auto')
    expect(of(Buffer.from('logs'))).toBe('signal')
    expect(of('metrics')).toBe('signal')
    expect(of([Buffer.from('logs'), 'traces'])).toBe('signal')
    expect(of(Buffer.from('traces'))).toMatchObject({ offset: 7n })
  })

  it('takes logs where they are judged', () => {
    const headers = (signal: string) => message({ headers: { 'otelcol.signal': signal } })
    expect(readMessage(headers('logs'), 't/3', 'auto', true)).toMatchObject({ offset: 7n })
    expect(readMessage(headers('metrics'), 't/3', 'auto', true)).toBe('signal')
  })
})

describe('readMessages', () => {
  it('queues the records and counts each of the others once', () => {
    const queue = new RecordQueue(10, 1000)
    const counters = zeroCounters()
    const unreadable = message({
      value: null,
      offset: '9',
      headers: { 'medoscope.unreadable': 'zstd: no' },
    })
    const found = readMessages(
      [
        ...[
          message({}),
          message({ value: null }),
          message({ headers: { 'otelcol.signal': 'logs' } }),
        ],
        ...[unreadable, { ...unreadable, offset: '10' }, message({ offset: '11' })],
      ],
      ...(['t/0', { encoding: 'auto' }, queue, counters] as const),
    )
    expect(found).toEqual({ offset: 9n, records: 2, reason: 'zstd: no' })
    expect(queue.take(10).map(({ offset }) => offset)).toEqual([7n, 11n])
    expect(counters).toEqual({
      ...zeroCounters(),
      ...{ records: 2, bytes: 4, skippedEmpty: 1, skippedSignal: 1, skippedUnreadable: 2 },
    })
  })

  it('has nothing to say when all were readable', () => {
    const queue = new RecordQueue(10, 1000)
    expect(
      readMessages([message({})], 't/0', { encoding: 'auto' }, queue, zeroCounters()),
    ).toBeNull()
  })
})
