import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectEncoding } from '../../src/otlp/record-encoding.ts'

const text = (s: string): Uint8Array => new TextEncoder().encode(s)

/** A TracesData message of entries with these lengths; their content does not matter here. */
function entries(lengths: readonly number[], fill = 0x12): Uint8Array {
  const bytes: number[] = []
  for (const length of lengths) {
    bytes.push(0x0a)
    let rest = length
    for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
    bytes.push(rest)
    for (let i = 0; i < length; i++) bytes.push(fill)
  }
  return Uint8Array.from(bytes)
}

describe('detectEncoding', () => {
  it('takes a brace for JSON, also after white space', () => {
    expect(detectEncoding(text('{"resourceSpans":[]}'))).toBe('otlp_json')
    expect(detectEncoding(text(' \r\n\t{"resourceSpans":[]}'))).toBe('otlp_json')
    expect(detectEncoding(text('\n{\n  "resourceSpans": []\n}\n'))).toBe('otlp_json')
  })

  it('takes an entry of 123 bytes for protobuf, although it begins like a line feed and a brace', () => {
    const body = entries([123])
    expect([...body.subarray(0, 2)]).toEqual([0x0a, 0x7b])
    expect(detectEncoding(body)).toBe('otlp_proto')
    expect(detectEncoding(entries([123, 5, 300]))).toBe('otlp_proto')
  })

  it('takes every sequence of entries for protobuf', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 400 }), { maxLength: 5 }),
        fc.nat(255),
        (lengths, fill) => {
          expect(detectEncoding(entries(lengths, fill))).toBe('otlp_proto')
        },
      ),
    )
  })

  it('takes every JSON object for JSON, however it is indented and led in', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 6 })
    fc.assert(
      fc.property(fc.object(), space, fc.nat(4), (value, lead, indent) => {
        const body = text(lead + JSON.stringify(value, null, indent))
        expect(detectEncoding(body)).toBe('otlp_json')
      }),
    )
  })

  it('takes JSON for JSON where its indentation counts as the length of an entry', () => {
    const body = text(`\n${' '.repeat(4)}${JSON.stringify({ a: [true] }, null, 3)}`)
    expect(body.length).toBe(2 + 32)
    expect(detectEncoding(body)).toBe('otlp_json')
  })

  it('answers for any bytes, the decoder then says what is wrong with them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(['otlp_proto', 'otlp_json']).toContain(detectEncoding(bytes))
      }),
    )
    expect(detectEncoding(new Uint8Array())).toBe('otlp_proto')
    expect(detectEncoding(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBe(
      'otlp_proto',
    )
  })

  it.each([
    ['kafka.otlp_spans.jsonl', 'otlp_proto'],
    ['kafka.otlp_spans_keyed.jsonl', 'otlp_proto'],
    ['kafka.otlp_spans_batched.jsonl', 'otlp_proto'],
    ['kafka.otlp_spans_json.jsonl', 'otlp_json'],
  ])('tells what a Collector wrote: %s', (file, encoding) => {
    const path = new URL(`../fixtures/collector/${file}`, import.meta.url)
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      const { value } = JSON.parse(line) as { value: string }
      expect(detectEncoding(Buffer.from(value, 'base64'))).toBe(encoding)
    }
  })
})
