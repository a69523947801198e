import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { type FrameSplitter, frameSplitter } from '../../src/otlp/frame-splitter.ts'
import { detectFraming } from '../../src/otlp/frames.ts'
import { looksLikeLogs } from '../../src/otlp/looks-like-logs.ts'
import { detectEncoding as encodingOf } from '../../src/otlp/record-encoding.ts'
import * as wire from './wire.ts'

const utf8 = new TextEncoder()
const text = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => new TextDecoder().decode(frame))

/** Gives the bytes in chunks of these sizes, the last one over and over; returns the frames as texts. */
function split(splitter: FrameSplitter, bytes: Uint8Array, sizes: readonly number[]): string[] {
  const frames: Uint8Array[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1)
    splitter.push(bytes.slice(at, at + size), frames)
    at += size
  }
  splitter.end(frames)
  return text(frames)
}

function prefixed(...messages: readonly string[]): Uint8Array {
  return wire.concat(
    ...messages.flatMap((message) => {
      const header = new Uint8Array(4)
      new DataView(header.buffer).setUint32(0, utf8.encode(message).length)
      return [header, utf8.encode(message)]
    }),
  )
}

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })

describe('detectFraming', () => {
  const zstd = [0x28, 0xb5, 0x2f, 0xfd]
  const cases: [first: wire.Part, framing: string | null][] = [
    [[], null],
    [[0x1f, 0x8b, 8], 'gzip'],
    [zstd, 'zstd'],
    [[0, 0, 4, 1, ...zstd], 'zstd_frames'],
    [[0, 0, 4, 1, 0x0a, 0x12], 'length_prefixed'],
    [[0], 'length_prefixed'],
    [utf8.encode('{"resourceSpans":['), 'json_lines'],
    [utf8.encode(' {"resourceSpans":['), 'json_lines'],
    [utf8.encode('\ufeff{"resourceSpans":['), 'json_lines'],
    [utf8.encode('{\n  "resourceSpans": ['), 'json_documents'],
    [utf8.encode('{\r\n'), 'json_documents'],
    [utf8.encode('\n  \r\n'), 'json_lines'],
    [utf8.encode('{"resourceSpans": [\n  {'), 'json_documents'],
    [utf8.encode('{"resourceSpans":[{ \r\n "resource":{'), 'json_documents'],
    [utf8.encode('{ "a": 1,\n  "resourceSpans": ['), 'json_documents'],
    // A line that was cut, and the next one.
    [utf8.encode('{"a":1,\n{"resourceSpans":['), 'json_lines'],
    [utf8.encode('{"resourceSpans":[]}\n{"resourceSpans":['), 'json_lines'],
    [utf8.encode('[{"resourceSpans":['), 'json_documents'],
    [utf8.encode('\n{"resourceSpans":['), 'json_lines'],
    [utf8.encode('\n\n{\n  "resourceSpans": ['), 'json_documents'],
    [
      utf8.encode('2026-03-02T08:00:00Z stdout F {"resourceSpans":[{"resource":{"attributes":'),
      'json_lines',
    ],
    [Buffer.from('\ufeff{"resourceSpans":[', 'utf16le'), 'utf-16le'],
    [Buffer.from('{"resourceSpans":[', 'utf16le'), 'utf-16le'],
    [Buffer.from('{"resourceSpans":[', 'utf16le').swap16(), 'utf-16be'],
    [[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0], 'zstd'],
    // A length of 8 MB that looks like a brace.
    [[0, 0x7b, 0, 0x22, 0x0a, 0x12], 'length_prefixed'],
    [utf8.encode('{}'), 'json_lines'],
    // Plain text.
    [utf8.encode('[INFO] started'), 'json_lines'],
    [utf8.encode('[2026-11-29 01:02:03] started'), 'json_lines'],
    [utf8.encode(`\n${'started and stopped '.repeat(4)}`), 'json_lines'],
    [
      utf8.encode(`\n\u001b[1m\u001b[46m RUN \u001b[0m ${'started and stopped '.repeat(4)}`),
      'json_lines',
    ],
    [[0x0a, 0x1b, 0x0a, 0x19, ...new Array(60).fill(0x41)], 'protobuf'],
    // A message of 123 bytes begins with a line feed and a brace.
    [[0x0a, 0x7b, 0x0a, 0x22, 0x0a], 'protobuf'],
    [[0x0a, 0x8a, 0x7b], 'protobuf'],
  ]

  it('tells the framings of the Collector apart by their first bytes', () => {
    for (const [first, framing] of cases) {
      expect([wire.concat(first), detectFraming(wire.concat(first))]).toEqual([
        wire.concat(first),
        framing,
      ])
    }
  })

  it('tells JSON from protobuf for a single message', () => {
    expect(encodingOf(utf8.encode('{"resourceSpans":[]}'))).toBe('otlp_json')
    expect(encodingOf(wire.request([], wire.span()))).toBe('otlp_proto')
    expect(encodingOf(new Uint8Array(0))).toBe('otlp_proto')
  })
})

describe('JSON lines', () => {
  it('come whole, without line ends and without blank lines, however they are cut', () => {
    const bytes = utf8.encode('{"a":1}\n\r\n{"b":"é"}\r\n  \n{"c":3}')
    for (const size of [1, 2, 3, 7, 8, 100]) {
      expect(split(frameSplitter('json_lines', 100), bytes, [size])).toEqual([
        '{"a":1}',
        '{"b":"é"}',
        '{"c":3}',
      ])
    }
  })

  it('equal the lines of the whole, for any lines and any chunks', () => {
    const line = fc.string({ unit: fc.constantFrom('a', '{', ' ', 'é'), maxLength: 9 })
    fc.assert(
      fc.property(fc.array(line), sizes, (lines, chunks) => {
        const expected = lines.filter((each) => each.trim() !== '')
        const bytes = utf8.encode(lines.join('\n'))
        expect(split(frameSplitter('json_lines', 100), bytes, chunks)).toEqual(expected)
      }),
    )
  })

  it('larger than the limit are dropped whole and counted, and the next ones come', () => {
    const bytes = utf8.encode(`${'x'.repeat(11)}\nshort\n${'y'.repeat(30)}\n${'z'.repeat(10)}\n`)
    for (const size of [1, 4, 100]) {
      const splitter = frameSplitter('json_lines', 10)
      expect(split(splitter, bytes, [size])).toEqual(['short', 'z'.repeat(10)])
      expect(splitter.oversized).toBe(2)
    }
  })
})

describe('JSON documents', () => {
  it('come whole, one after the other and out of an array, however they are cut', () => {
    const documents = ['{\n "a": "}{\\""\n}', '{"b":{"c":[{}]}}', '{}']
    for (const bytes of [
      documents.join('\n'),
      documents.join(''),
      `[${documents.join(',\n')}]\n`,
    ]) {
      for (const size of [1, 2, 3, 7, 100]) {
        const splitter = frameSplitter('json_documents', 100)
        expect(split(splitter, utf8.encode(bytes), [size])).toEqual(documents)
        expect(splitter.pending).toBe(0)
      }
    }
  })

  it('that are cut, and what is none, are frames for the decoder to refuse', () => {
    expect(
      split(frameSplitter('json_documents', 100), utf8.encode('{"a":1}\nnull\n{"b":'), [3]),
    ).toEqual(['{"a":1}', 'null', '{"b":'])
  })

  it('larger than the limit are dropped whole and counted, and the next ones come', () => {
    const bytes = utf8.encode(`{"a":"${'x'.repeat(50)}"} {"b":1} {"c":"${'y'.repeat(9)}"}`)
    for (const size of [1, 4, 100]) {
      const splitter = frameSplitter('json_documents', 10)
      expect(split(splitter, bytes, [size])).toEqual(['{"b":1}'])
      expect(splitter.oversized).toBe(2)
    }
  })
})

describe('length-prefixed messages', () => {
  it('equal what was written, for any messages and any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 })), sizes, (messages, chunks) => {
        const splitter = frameSplitter('length_prefixed', 100)
        expect(split(splitter, prefixed(...messages), chunks)).toEqual(messages)
        expect(splitter.pending).toBe(0)
      }),
    )
  })

  it('are refused where the stream ends within one, with the place where it began', () => {
    const bytes = prefixed('whole', 'cut')
    for (let length = 0; length < bytes.length; length++) {
      const run = (): string[] =>
        split(frameSplitter('length_prefixed', 100), bytes.slice(0, length), [2])
      if (length === 0) expect(run()).toEqual([])
      else if (length === 9) expect(run()).toEqual(['whole'])
      else {
        const position = length < 9 ? 0 : 9
        expect(run).toThrow(
          new DecodeError('stream ends within a length-prefixed message', position),
        )
      }
    }
  })

  it('larger than the limit are stepped over and counted, and never held', () => {
    const splitter = frameSplitter('length_prefixed', 10)
    const frames: Uint8Array[] = []
    const bytes = prefixed('first', 'x'.repeat(5_000), 'last')
    for (let at = 0; at < bytes.length; at += 50) {
      splitter.push(bytes.slice(at, at + 50), frames)
      expect(splitter.pending).toBeLessThanOrEqual(10)
    }
    splitter.end(frames)
    expect(text(frames)).toEqual(['first', 'last'])
    expect(splitter.oversized).toBe(1)
  })

  it('that announce four gigabytes hold nothing back', () => {
    const splitter = frameSplitter('length_prefixed', 10)
    splitter.push(Uint8Array.from([255, 255, 255, 255, ...new Uint8Array(100)]), [])
    expect(splitter.pending).toBe(0)
    expect(() => splitter.end([])).toThrow(DecodeError)
  })
})

describe('a bare message', () => {
  it('is the whole file', () => {
    expect(split(frameSplitter('protobuf', 100), utf8.encode('a whole file'), [5])).toEqual([
      'a whole file',
    ])
    expect(split(frameSplitter('protobuf', 100), new Uint8Array(0), [1])).toEqual([])
  })

  it('larger than the limit is dropped and counted', () => {
    const splitter = frameSplitter('protobuf', 5)
    expect(split(splitter, utf8.encode('a whole file'), [5])).toEqual([])
    expect(splitter.oversized).toBe(1)
  })
})

describe('looksLikeLogs', () => {
  const resource = wire.bytes(1, wire.keyValue(1, 'a', wire.text(1, 'b')))
  const logs = (...records: wire.Part[]): Uint8Array =>
    wire.bytes(1, resource, wire.bytes(2, wire.bytes(1, wire.text(1, 'scope')), ...records))

  it('tells by the first item, past empty resources and scopes', () => {
    expect(looksLikeLogs(logs(wire.bytes(2, wire.fixed64(1, 1n))))).toBe(true)
    expect(
      looksLikeLogs(logs(wire.bytes(2, wire.fixed64(11, 1n), wire.bytes(9, wire.TRACE_ID)))),
    ).toBe(true)
    expect(looksLikeLogs(logs(wire.bytes(2)))).toBe(true)
    expect(looksLikeLogs(wire.concat(logs(), logs(wire.bytes(2, wire.number(2, 9)))))).toBe(true)
    expect(looksLikeLogs(logs(wire.span()))).toBe(false)
    expect(looksLikeLogs(logs())).toBe(false)
  })

  it('says no to damaged and to empty bodies', () => {
    expect(looksLikeLogs(new Uint8Array(0))).toBe(false)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(typeof looksLikeLogs(bytes)).toBe('boolean')
      }),
    )
    expect(looksLikeLogs(Uint8Array.of(0x0a, 9, 1))).toBe(false)
  })
})
