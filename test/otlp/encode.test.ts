import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '../../src/otlp/any-value.ts'
import { encodeLogsJson, encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import {
  encodeTracesJson,
  encodeTracesProto,
  nanosFromMs,
  type OtlpResourceSpans,
} from '../../src/otlp/encode-traces.ts'
import { arbitraryRequest } from './arbitrary-requests.ts'
import { LogsRequest, TraceRequest } from './protobuf-oracle.ts'

const utf8 = new TextDecoder()
const TO_OBJECT = { longs: String, bytes: String, json: true } as const

/** What protobufjs makes of a body, as OTLP JSON: ids in hexadecimal. */
function asJson(type: typeof TraceRequest, body: Uint8Array): object {
  const object = type.toObject(type.decode(body), TO_OBJECT)
  return hexIds(object) as object
}

function hexIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hexIds)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      /^(traceId|spanId|parentSpanId)$/.test(key)
        ? Buffer.from(String(item), 'base64').toString('hex')
        : hexIds(item),
    ]),
  )
}

/** Both documents as protobufjs understands them, so that what is left out counts as its default. */
function throughOracle(type: typeof TraceRequest, document: object): object {
  const binary = JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    /^(traceId|spanId|parentSpanId)$/.test(key)
      ? Buffer.from(String(value), 'hex').toString('base64')
      : value,
  ) as object
  return asJson(type, type.encode(type.fromObject(binary)).finish())
}

describe('encoded traces', () => {
  it('say the same to protobufjs in both encodings', () => {
    fc.assert(
      fc.property(arbitraryRequest, (resources) => {
        const json = JSON.parse(utf8.decode(encodeTracesJson(resources))) as object
        expect(throughOracle(TraceRequest, json)).toEqual(
          asJson(TraceRequest, encodeTracesProto(resources)),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('hold every field', () => {
    const attributes: Record<string, AttributeValue> = {
      text: 'é"\n',
      int: -5,
      big: 2n ** 53n + 1n,
      double: 0.5,
      nan: Number.NaN,
      yes: true,
    }
    const ids = { traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0102030405060708' }
    const resources: OtlpResourceSpans[] = [
      {
        attributes: { 'service.name': 'cart' },
        scope: 'scope',
        spans: [
          {
            ...ids,
            parentSpanId: '1112131415161718',
            name: 'n'.repeat(200),
            kind: 3,
            startNs: 1_790_000_000_000_000_001n,
            endNs: 2n ** 64n - 1n,
            status: 2,
            statusMessage: 'oh no',
            attributes,
            events: [{ timeNs: 7n, name: 'exception', attributes: { x: 1 } }],
            links: [{ ...ids, attributes: { y: 'z' } }],
          },
        ],
      },
    ]
    const values = [
      { key: 'text', value: { stringValue: 'é"\n' } },
      { key: 'int', value: { intValue: '-5' } },
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'double', value: { doubleValue: 0.5 } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
      { key: 'yes', value: { boolValue: true } },
    ]
    const document = {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
          scopeSpans: [
            {
              scope: { name: 'scope' },
              spans: [
                {
                  ...ids,
                  parentSpanId: '1112131415161718',
                  name: 'n'.repeat(200),
                  kind: 3,
                  startTimeUnixNano: '1790000000000000001',
                  endTimeUnixNano: '18446744073709551615',
                  attributes: values,
                  events: [
                    {
                      timeUnixNano: '7',
                      name: 'exception',
                      attributes: [{ key: 'x', value: { intValue: '1' } }],
                    },
                  ],
                  links: [{ ...ids, attributes: [{ key: 'y', value: { stringValue: 'z' } }] }],
                  status: { message: 'oh no', code: 2 },
                },
              ],
            },
          ],
        },
      ],
    }
    expect(JSON.parse(utf8.decode(encodeTracesJson(resources)))).toEqual(document)
    expect(asJson(TraceRequest, encodeTracesProto(resources))).toEqual(document)
  })

  it('keep texts of every length whole, past each size of a length', () => {
    for (const length of [0, 1, 42, 43, 127, 128, 5461, 5462, 16383, 16384, 70_000]) {
      for (const character of ['a', 'é', '語', '😀']) {
        const name = character.repeat(length)
        const span = {
          traceId: '1'.repeat(32),
          spanId: '2'.repeat(16),
          parentSpanId: '',
          name,
          kind: 0,
          startNs: 0n,
          endNs: 0n,
          status: 0,
          attributes: {},
        }
        const body = encodeTracesProto([{ attributes: {}, spans: [span] }])
        const request = TraceRequest.decode(body) as unknown as {
          resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[]
        }
        expect(request.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.name === name).toBe(true)
      }
    }
  })

  it('replace half a surrogate pair rather than write what is not UTF-8', () => {
    const span = {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      parentSpanId: '',
      name: 'a\ud800',
      kind: 0,
      startNs: 0n,
      endNs: 0n,
      status: 0,
      attributes: {},
    }
    const resources = [{ attributes: {}, spans: [span] }]
    expect(utf8.decode(encodeTracesJson(resources))).toContain('"name":"a\ufffd"')
    expect(JSON.stringify(asJson(TraceRequest, encodeTracesProto(resources)))).toContain(
      '"a\ufffd"',
    )
  })
})

describe('nanosFromMs', () => {
  it('keeps what the double holds', () => {
    expect(nanosFromMs(1_790_000_000_000)).toBe(1_790_000_000_000_000_000n)
    expect(nanosFromMs(1_790_000_000_000.25)).toBe(1_790_000_000_000_250_000n)
    expect(nanosFromMs(0.000001)).toBe(1n)
    expect(nanosFromMs(0)).toBe(0n)
  })
})

const RECORD: OtlpLogRecord = {
  timeMs: 1_790_000_000_000.5,
  traceId: '000102030405060708090a0b0c0d0e0f',
  spanId: '0001020304050607',
  severityNumber: 13,
  severityText: 'WARN',
  body: 'trace 0 is unlike its medoid',
  eventName: 'medoscope.anomaly',
  attributes: { text: 'gateway', score: 0.9371, whole: 3, n: 2n ** 53n + 1n, b: true },
}

const LOGS_DOCUMENT = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'medoscope' } }] },
      scopeLogs: [
        {
          scope: { name: 'medoscope' },
          logRecords: [
            {
              timeUnixNano: '1790000000000500000',
              observedTimeUnixNano: '1790000000000500000',
              severityNumber: 13,
              severityText: 'WARN',
              body: { stringValue: 'trace 0 is unlike its medoid' },
              attributes: [
                { key: 'text', value: { stringValue: 'gateway' } },
                { key: 'score', value: { doubleValue: 0.9371 } },
                { key: 'whole', value: { doubleValue: 3 } },
                { key: 'n', value: { intValue: '9007199254740993' } },
                { key: 'b', value: { boolValue: true } },
              ],
              traceId: '000102030405060708090a0b0c0d0e0f',
              spanId: '0001020304050607',
              eventName: 'medoscope.anomaly',
            },
          ],
        },
      ],
    },
  ],
}

describe('encoded log records', () => {
  const resource = { 'service.name': 'medoscope' }

  it('hold every field in both encodings, numbers as double so that they keep their type', () => {
    expect(JSON.parse(utf8.decode(encodeLogsJson(resource, [RECORD])))).toEqual(LOGS_DOCUMENT)
    expect(asJson(LogsRequest, encodeLogsProto(resource, [RECORD]))).toEqual(LOGS_DOCUMENT)
  })

  it('have the shape that a Collector read from a topic and wrote again', () => {
    const file = join(import.meta.dirname, '../fixtures/collector/anomalies.read-by-collector.json')
    const [line = ''] = readFileSync(file, 'utf8').split('\n')
    const shape = (text: string): Set<string> => {
      const paths = new Set<string>()
      walk(JSON.parse(text), '', paths)
      return paths
    }
    const theirs = shape(line)
    for (const path of shape(utf8.decode(encodeLogsJson(resource, [RECORD])))) {
      expect(theirs).toContain(path)
    }
  })

  it('leave out ids that are not there', () => {
    const [json, proto] = [
      utf8.decode(encodeLogsJson(resource, [{ ...RECORD, traceId: '', spanId: '' }])),
      JSON.stringify(
        asJson(LogsRequest, encodeLogsProto(resource, [{ ...RECORD, traceId: '', spanId: '' }])),
      ),
    ]
    expect(json).not.toMatch(/traceId|spanId/)
    expect(proto).not.toMatch(/traceId|spanId/)
  })

  it('are the same bytes each time', () => {
    expect(encodeLogsProto(resource, [RECORD])).toEqual(encodeLogsProto(resource, [RECORD]))
    expect(encodeLogsJson(resource, [RECORD])).toEqual(encodeLogsJson(resource, [RECORD]))
  })
})

/** Paths of the leaves, array indices left out, with the type of each. */
function walk(value: unknown, path: string, paths: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`, paths)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) walk(item, `${path}.${key}`, paths)
  } else paths.add(`${path}: ${typeof value}`)
}
