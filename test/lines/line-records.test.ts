import { describe, expect, it } from 'vitest'
import { severityOfFields, severityOfLine } from '../../src/lines/line-level.ts'
import { LineRecords } from '../../src/lines/line-records.ts'
import { decodeLogs } from '../../src/otlp/decode-logs-protobuf.ts'
import { LogColumns } from '../../src/otlp/log-columns.ts'
import { RejectedSpans } from '../../src/otlp/rejected-spans.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'

const encoded = (texts: readonly string[]): Uint8Array[] => texts.map((text) => Buffer.from(text))

function messages(texts: readonly string[], size = texts.length): Uint8Array[] {
  const records = new LineRecords(2026)
  const out: Uint8Array[] = []
  for (let at = 0; at < texts.length; at += size)
    out.push(...records.push(encoded(texts.slice(at, at + size))))
  return [...out, ...records.end()]
}

function read(texts: readonly string[]) {
  const columns = new LogColumns(1)
  const target = {
    ...{ columns, sessionKeys: ['order'], values: new Vocabulary(100) },
    ...{ ignoreServices: new Set<string>(), droppedOwn: 0, rejected: new RejectedSpans() },
  }
  for (const message of messages(texts)) decodeLogs(message, target)
  const { of, count } = columns
  return Array.from({ length: count }, (_, i) => ({
    ms: of.timeMs[i],
    severity: of.severity[i],
    text: Buffer.from(
      columns.texts.bytes.subarray(
        of.bodyStart[i],
        (of.bodyStart[i] ?? 0) + (of.bodyBytes[i] ?? 0),
      ),
    ).toString(),
    hasKey: of.keyHash[2 * i] !== 0,
  }))
}

describe('lines as log records', () => {
  it('are the same messages, however the lines come', () => {
    const texts = Array.from({ length: 300 }, (_, i) => `2026-11-29T01:02:03Z line ${i}`)
    const whole = messages(texts)
    expect(whole).toHaveLength(5)
    for (const size of [1, 7, 64, 100]) expect(messages(texts, size)).toEqual(whole)
  })

  it('have their time, or that of the line before, and those in front of the first one have that', () => {
    const at = Date.UTC(2026, 10, 29, 1, 2, 3)
    const texts = ['header', '2026-11-29T01:02:03Z one', 'two', '2026-11-29T01:02:04Z three']
    expect(read(texts).map(({ ms }) => ms)).toEqual([at, at, at, at + 1000])
  })

  it('without any time follow each other by a millisecond', () => {
    const [a = 0, b = 0] = read(['one', 'two']).map(({ ms }) => ms ?? 0)
    expect([new Date(a).getUTCFullYear(), b - a]).toEqual([2000, 1])
  })

  it('have the stack trace within the record, and fields of JSON as attributes', () => {
    const texts = ['ERROR it broke', '  at f (a.js:1:2)', '{"level":"warn","msg":"paid","order":7}']
    expect(read(texts)).toMatchObject([
      { severity: 17, text: 'ERROR it broke\n  at f (a.js:1:2)', hasKey: false },
      { severity: 13, hasKey: true },
    ])
  })
})

describe('the severity of a line', () => {
  it.each([
    ['ERROR cannot open', 17],
    ['[main] WARN  c.s.Cart -- slow', 13],
    ['level=fatal msg="out"', 21],
    ['[error] 12#0: *1 open() failed', 17],
    ['INFO errors: 0', 9],
    ['an error of measurement', 0],
    ['trace of the order', 0],
    ['', 0],
  ])('of %j is %i', (text, severity) => {
    expect(severityOfLine(text)).toBe(severity)
  })

  it('of fields is their level', () => {
    expect(severityOfFields({ severity: 'CRITICAL' })).toBe(21)
    expect(severityOfFields({ level: 30 })).toBe(0)
  })
})
