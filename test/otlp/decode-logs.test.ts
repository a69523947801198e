import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { decodeLogsJson } from '../../src/otlp/decode-logs-json.ts'
import { decodeLogs } from '../../src/otlp/decode-logs-protobuf.ts'
import {
  BODY_BYTES,
  BODY_FIELDS,
  BODY_NONE,
  BODY_SCALAR,
  BODY_TEXT,
} from '../../src/otlp/log-columns.ts'
import type { LogTarget } from '../../src/otlp/log-target.ts'
import { looksLikeLogs } from '../../src/otlp/looks-like-logs.ts'
import { newLogTarget, type PlainLog, plainLogs } from './log-list.ts'
import { encodeLogsByOracle, oracleLogs } from './log-oracle.ts'
import * as wire from './wire.ts'

const utf8 = new TextEncoder()

function read(body: Uint8Array, target = newLogTarget()): PlainLog[] {
  decodeLogs(body, target)
  return plainLogs(target)
}

function readJson(document: unknown, target = newLogTarget()): PlainLog[] {
  decodeLogsJson(utf8.encode(JSON.stringify(document)), target)
  return plainLogs(target)
}

const record = (...fields: readonly wire.Part[]): Uint8Array => wire.bytes(2, ...fields)
const body = (...value: readonly wire.Part[]): Uint8Array => wire.bytes(5, ...value)
const service = wire.keyValue(1, 'service.name', wire.text(1, 'shop'))

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(''),
    fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: digits,
      maxLength: digits,
    }),
  )

const scalar = fc.oneof(
  fc.record({ stringValue: fc.string({ unit: 'grapheme', maxLength: 12 }) }),
  fc.record({ boolValue: fc.boolean() }),
  fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
  // JSON has no -0.
  fc.record({ doubleValue: fc.double({ noDefaultInfinity: true, noNaN: true }).map((n) => n + 0) }),
)
const { value: anyValue } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b', 'msg', '__proto__', ''),
            value: tie('value'),
          }),
          { maxLength: 3 },
        ),
      }),
    }),
    fc.record({ bytesValue: fc.constantFrom('', 'AAEC') }),
    fc.constant({}),
  ),
}))
const KEYS = [
  ...['exception.type', 'exception.message', 'exception.stacktrace', 'event.name', 'x'],
  ...['log.record.template', '{OriginalFormat}', 'sentry.message.template'],
]
const attributes = (...keys: readonly string[]): fc.Arbitrary<object[]> =>
  fc.array(fc.record({ key: fc.constantFrom(...keys), value: anyValue }), { maxLength: 5 })
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const logRecord = fc.record({
  timeUnixNano: fc.oneof(time, fc.constant('0')),
  observedTimeUnixNano: time,
  severityNumber: fc.integer({ min: 0, max: 30 }),
  severityText: fc.constantFrom('', 'INFO', 'wärn'),
  body: anyValue,
  attributes: attributes(...KEYS),
  traceId: hex(32),
  spanId: hex(16),
  eventName: fc.constantFrom('', 'checkout'),
})
const request = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource: fc.record({ attributes: attributes('service.name', 'service.namespace', 'x') }),
      scopeLogs: fc.array(fc.record({ logRecords: fc.array(logRecord, { maxLength: 4 }) }), {
        maxLength: 2,
      }),
    }),
    { maxLength: 3 },
  ),
})

describe('log records', () => {
  it('are read from protobuf as protobufjs reads them', () => {
    fc.assert(
      fc.property(request, (document) => {
        const bytes = encodeLogsByOracle(document)
        expect(read(bytes)).toEqual(oracleLogs(bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('are the same from JSON', () => {
    fc.assert(
      fc.property(request, (document) => {
        expect(readJson(document)).toEqual(oracleLogs(encodeLogsByOracle(document)))
      }),
      { numRuns: 300 },
    )
  })

  it('are read whatever the order of the fields', () => {
    fc.assert(
      fc.property(request, (document) => {
        const bytes = encodeLogsByOracle(document)
        const descending = wire.reorder(
          bytes,
          (fields) => fields.sort((a, b) => b - a),
          '',
          wire.LOG_MESSAGES,
        )
        expect(read(descending)).toEqual(read(bytes))
      }),
    )
  })

  it.each([
    ['text', wire.text(1, 'up 5'), BODY_TEXT, 'up 5'],
    ['an empty text', wire.text(1, ''), BODY_TEXT, ''],
    ['a number', wire.number(3, -5n), BODY_SCALAR, '-5'],
    ['a double', wire.double(4, 0.5), BODY_SCALAR, '0.5'],
    ['a truth', wire.number(2, 1), BODY_SCALAR, 'true'],
    ['bytes', wire.bytes(7, [1, 2]), BODY_BYTES, ''],
    [
      'a map',
      wire.bytes(6, wire.keyValue(1, 'msg', wire.text(1, 'up'))),
      BODY_FIELDS,
      { msg: 'up' },
    ],
    ['a list', wire.bytes(5, wire.bytes(1, wire.number(3, 1))), BODY_FIELDS, [1]],
    ['nothing', [], BODY_NONE, ''],
  ])('can have a body of %s', (_, value, kind, expected) => {
    const [log] = read(wire.request([service], record(body(value))))
    expect([log?.kind, log?.body, log?.service]).toEqual([kind, expected, 'shop'])
  })

  it('say what was thrown where their body says nothing', () => {
    const thrown = [
      wire.keyValue(6, 'exception.type', wire.text(1, 'E')),
      wire.keyValue(6, 'exception.message', wire.text(1, 'gone')),
      wire.keyValue(6, 'exception.stacktrace', wire.text(1, 'E: gone\n\tat f(g:1)')),
    ]
    const logs = read(
      wire.request([service], record(...thrown), record(...thrown, body(wire.text(1, 'a')))),
    )
    expect(logs.map((log) => log.body)).toEqual(['gone', 'a'])
    expect(logs[0]).toMatchObject({ exceptionType: 'E', stack: 'E: gone\n\tat f(g:1)' })
  })

  it('cost no other record where one is no good', () => {
    const bad = record(wire.bytes(9, [1, 2, 3]), body(wire.text(1, 'lost')))
    const good = (text: string): Uint8Array => record(body(wire.text(1, text)))
    const target = newLogTarget()
    const logs = read(wire.request([service], good('a'), bad, good('b')), target)
    expect(logs.map((log) => log.body)).toEqual(['a', 'b'])
    expect(target.rejected.told()).toMatchObject({
      spans: 1,
      service: 'shop',
      reason: 'id of 3 bytes instead of 16',
    })
    const json = newLogTarget()
    const values = { stringValue: 'x' }
    const records = [{ body: values }, { body: values, traceId: 'zz' }, { body: values }]
    const document = { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] }
    expect(readJson(document, json)).toHaveLength(2)
    expect(json.rejected.told()?.reason).toBe(
      'resourceLogs[0].scopeLogs[0].logRecords[1].traceId: no id of 16 bytes',
    )
  })

  it('leave no rows and no texts behind when their body is refused', () => {
    const target = newLogTarget()
    read(wire.request([service], record(body(wire.text(1, 'kept')))), target)
    const cut = wire.request([service], record(body(wire.text(1, 'lost')))).subarray(0, -3)
    expect(() => decodeLogs(cut, target)).toThrow(DecodeError)
    expect(plainLogs(target).map((log) => log.body)).toEqual(['kept'])
    expect(target.columns.texts.length).toBe(4)
  })

  it('of medoscope itself are dropped', () => {
    const target = newLogTarget(['shop'])
    expect(read(wire.request([service], record(), record()), target)).toEqual([])
    expect(target.droppedOwn).toBe(2)
  })

  it('have keys of sessions, by the record or by its resource, whatever the type and encoding', () => {
    const keys = ['req', 'host.name']
    const hashes = (bytes: Uint8Array): string[] => {
      const target = newLogTarget([], keys)
      decodeLogs(bytes, target)
      const { count, of } = target.columns
      return Array.from({ length: count }, (_, row) =>
        of.keyHash.slice(row * 4, row * 4 + 4).join(),
      )
    }
    const host = wire.keyValue(1, 'host.name', wire.text(1, 'a'))
    const request = (...value: readonly wire.Part[]): Uint8Array =>
      record(wire.keyValue(6, 'req', ...value))
    const own = record(wire.keyValue(6, 'host.name', wire.text(1, 'b')))
    const [text, number, none, other] = hashes(
      wire.request([host], request(wire.text(1, '5')), request(wire.number(3, 5)), record(), own),
    )
    expect(number).toBe(text)
    expect(none).toMatch(/^0,0,[1-9]/)
    expect(other).not.toBe(none)
    expect(hashes(wire.request([], record()))).toEqual(['0,0,0,0'])
    const attributes = [{ key: 'req', value: { intValue: '5' } }]
    const resource = { attributes: [{ key: 'host.name', value: { stringValue: 'a' } }] }
    const json = newLogTarget([], keys)
    readJson({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [{ attributes }] }] }] }, json)
    expect(json.columns.of.keyHash.slice(0, 4).join()).toBe(text)
  })

  it('have texts that are cut', () => {
    const [log] = read(wire.request([], record(body(wire.text(1, `${'a'.repeat(8191)}é`)))))
    expect(log?.body).toBe('a'.repeat(8191))
  })

  it('that are nested without end are no good', () => {
    let value: Uint8Array = wire.number(3, 1)
    for (let i = 0; i < 40; i++) value = wire.bytes(5, wire.bytes(1, value))
    expect(() => read(wire.request([], record(body(value))))).toThrow('nested more than 16 deep')
    let json: object = { intValue: '1' }
    for (let i = 0; i < 40; i++) json = { arrayValue: { values: [json] } }
    const document = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: json }] }] }] }
    expect(() => readJson(document)).toThrow('nested more than 16 deep')
  })
})

describe('scopes of old', () => {
  it('are read where they were before version 0.15, and once where they are in both fields', () => {
    const up = record(body(wire.text(1, 'up')))
    const [old, now] = [wire.bytes(1000, up), wire.bytes(2, up)]
    for (const fields of [[old], [old, now], [now, old]]) {
      expect(read(wire.bytes(1, ...fields))).toMatchObject([{ body: 'up' }])
    }
    expect(looksLikeLogs(wire.bytes(1, wire.bytes(1000, record(wire.fixed64(1, 5n)))))).toBe(true)
    expect(looksLikeLogs(wire.bytes(1, wire.bytes(1000, wire.span())))).toBe(false)
  })
})

describe('JSON of logs', () => {
  const logRecords = [{ body: { stringValue: 'up' }, severityNumber: 'SEVERITY_NUMBER_WARN2' }]
  it.each([
    ['an array of documents', [{ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }]],
    ['one resource by itself', { scopeLogs: [{ logRecords }] }],
    ['names of the definition', { resource_logs: [{ scope_logs: [{ log_records: logRecords }] }] }],
    [
      'the protocol of old',
      { resourceLogs: [{ instrumentationLibraryLogs: [{ logs: logRecords }] }] },
    ],
    [
      'the protocol of now and of old',
      {
        resourceLogs: [
          { instrumentationLibraryLogs: [{ logRecords }], scopeLogs: [{ logRecords, logs: [] }] },
        ],
      },
    ],
  ])('is read as what is meant: %s', (_, document) => {
    const read = readJson(document)
    expect(read).toMatchObject([{ body: 'up', severity: 14 }])
    expect(read.length).toBe(1)
  })

  it('of another signal holds no records', () => {
    expect(readJson({ resourceSpans: [{}] })).toEqual([])
    expect(readJson({})).toEqual([])
  })

  it.each([
    ['[1]', 'not an object'],
    ['{"a":1}', 'without resourceLogs'],
    ['{', 'not JSON'],
    ['{"resourceLogs":5}', 'resourceLogs: not an array'],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":5}]}]}]}', 'body: not an object'],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"X"}]}]}]}', 'not an enum'],
  ])('is refused with a reason: %s', (text, reason) => {
    expect(() => decodeLogsJson(utf8.encode(text), newLogTarget())).toThrow(reason)
  })
})

describe('damaged bodies of logs', () => {
  const lines = readFileSync(
    join(import.meta.dirname, '../fixtures/collector/kafka.otlp_logs.jsonl'),
    'utf8',
  )
  const bodies = [
    ...lines
      .trim()
      .split('\n')
      .map((line) => Buffer.from((JSON.parse(line) as { value: string }).value, 'base64')),
    ...fc.sample(request, { seed: 3, numRuns: 200 }).map(encodeLogsByOracle),
  ].filter(({ length }) => length > 0)

  it('give records as protobufjs reads them, or an error that says where', () => {
    const tally = { same: 0, refused: 0, unread: 0 }
    let target: LogTarget = newLogTarget()
    let seed = 1
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed >>> 4
    }
    for (let i = 0; i < 12_000; i++) {
      const whole = bodies[random() % bodies.length]!
      const bytes =
        random() % 3 > 0
          ? wire.mutateField(whole, random, '', wire.LOG_MESSAGES)
          : flipped(whole, random)
      if (target.values.size > 1500) target = newLogTarget()
      target.columns.clear()
      try {
        decodeLogs(bytes, target)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        expect([target.columns.count, target.columns.texts.length]).toEqual([0, 0])
        tally.refused++
        continue
      }
      const theirs = accepted(bytes)
      if (theirs === null || target.rejected.inBody > 0) tally.unread++
      else {
        expect(plainLogs(target)).toEqual(theirs)
        tally.same++
      }
    }
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(100)
  })

  it('of JSON give records or an error', () => {
    const texts = fc.sample(request, { seed: 4, numRuns: 200 }).map((each) => JSON.stringify(each))
    const token = fc.constantFrom('null', '0', '-1', 'true', '""', '{}', '[]', '[{}]', '1e40')
    const target = newLogTarget()
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), token, (text, at, other) => {
        const values = [
          ...text.matchAll(/(?<=:)("(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|\{\}|\[\])/g),
        ]
        const value = values[at % Math.max(1, values.length)]
        if (value === undefined) return
        const changed =
          text.slice(0, value.index) + other + text.slice(value.index + value[0].length)
        target.columns.clear()
        try {
          expect(decodeLogsJson(utf8.encode(changed), target)).toBe(target.columns.count)
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
          expect(target.columns.count).toBe(0)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

function accepted(bytes: Uint8Array): PlainLog[] | null {
  try {
    return oracleLogs(bytes)
  } catch {
    return null
  }
}

function flipped(whole: Uint8Array, random: () => number): Uint8Array {
  const bytes = whole.slice()
  bytes[random() % bytes.length]! ^= 1 << (random() % 8)
  return random() % 4 === 0 ? bytes.subarray(0, random() % bytes.length) : bytes
}
