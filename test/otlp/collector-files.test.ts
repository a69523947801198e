import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import type { DecodeTarget } from '../../src/otlp/decode-target.ts'
import { frameSplitter } from '../../src/otlp/frame-splitter.ts'
import { detectFraming, type Framing } from '../../src/otlp/frames.ts'
import { looksLikeLogs } from '../../src/otlp/looks-like-logs.ts'
import { detectEncoding } from '../../src/otlp/record-encoding.ts'
import { oracleSpans } from './protobuf-oracle.ts'
import { newTarget, plainSpans } from './span-list.ts'

const fixtures = join(import.meta.dirname, '../fixtures/collector')
const read = (file: string): Uint8Array => readFileSync(join(fixtures, file))

/** What the Collector wrote, counted with the official protobuf classes. */
const EXPECTED = { spans: 289, traces: 43, errors: 10, events: 34, links: 13 }

function counts(target: DecodeTarget): typeof EXPECTED {
  const spans = plainSpans(target)
  return {
    spans: spans.length,
    traces: new Set(spans.map((span) => span.traceId)).size,
    errors: spans.filter((span) => span.status === 2).length,
    events: spans.reduce((sum, span) => sum + span.events, 0),
    links: spans.reduce((sum, span) => sum + span.links, 0),
  }
}

function decode(message: Uint8Array, target: DecodeTarget): void {
  if (detectEncoding(message) === 'otlp_json') decodeTracesJson(message, target)
  else if (!looksLikeLogs(message)) decodeTraces(message, target)
}

/** All messages of a file, detected and unpacked as a file source does it. */
function messages(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const framing = detectFraming(bytes)
  if (framing === 'gzip') return messages(gunzipSync(bytes), chunkBytes)
  if (framing === 'zstd') return messages(zstdDecompressSync(bytes), chunkBytes)
  if (framing === null) return []
  if (framing === 'utf-16le' || framing === 'utf-16be') throw new Error('no Collector writes this')
  const inner: Framing = framing === 'zstd_frames' ? 'length_prefixed' : framing
  const splitter = frameSplitter(inner, 1 << 20)
  const frames: Uint8Array[] = []
  for (let i = 0; i < bytes.length; i += chunkBytes) {
    splitter.push(bytes.slice(i, i + chunkBytes), frames)
  }
  splitter.end(frames)
  return framing === 'zstd_frames' ? frames.map((frame) => zstdDecompressSync(frame)) : frames
}

const FILES = {
  'traces.json': 'json_lines',
  'traces.pb': 'length_prefixed',
  'traces.json.zst': 'zstd_frames',
  'traces.pb.zst': 'zstd_frames',
  'traces.native.json.zst': 'zstd',
  'traces.native.pb.zst': 'zstd',
  'mixed.json.zst': 'zstd_frames',
  'mixed.pb.zst': 'zstd_frames',
} as const

/** The same spans in the same order, whoever batched and encoded them. */
const reference = newTarget()
for (const message of messages(read('traces.pb'), 65536)) decode(message, reference)
const referenceSpans = plainSpans(reference)

describe('files of the Collector', () => {
  for (const [file, framing] of Object.entries(FILES)) {
    it(`holds the stated spans in ${file}, however it is cut into chunks`, () => {
      const bytes = read(file)
      expect(detectFraming(bytes.subarray(0, 64))).toBe(framing)
      for (const chunkBytes of [bytes.length, 4096, 61]) {
        const target = newTarget()
        for (const message of messages(bytes, chunkBytes)) decode(message, target)
        expect(counts(target)).toEqual(EXPECTED)
        expect(plainSpans(target)).toEqual(referenceSpans)
      }
    })
  }

  it('reads them through gzip by hand', () => {
    for (const file of ['traces.json', 'traces.pb']) {
      const target = newTarget()
      for (const message of messages(gzipSync(read(file)), 4096)) decode(message, target)
      expect(counts(target)).toEqual(EXPECTED)
    }
  })

  it('tells the signals of a mixed protobuf file apart', () => {
    const logs = messages(read('mixed.pb.zst'), 4096).filter(looksLikeLogs)
    expect(logs).toHaveLength(11)
    expect(messages(read('logs.pb'), 4096).every(looksLikeLogs)).toBe(true)
    expect(messages(read('logs.native.pb.zst'), 4096).every(looksLikeLogs)).toBe(true)
    expect(messages(read('traces.pb'), 4096).some(looksLikeLogs)).toBe(false)
  })

  it('agrees with protobufjs on every field', () => {
    const bodies = messages(read('traces.pb'), 4096)
    expect(bodies).toHaveLength(12)
    for (const body of bodies) {
      const target = newTarget()
      decodeTraces(body, target)
      expect(plainSpans(target)).toEqual(oracleSpans(body))
    }
  })

  it('finds no spans in logs as JSON', () => {
    const target = newTarget()
    for (const document of messages(read('logs.json'), 4096)) {
      expect(decodeTracesJson(document, target)).toBe(0)
    }
  })
})

describe('Kafka records of the Collector', () => {
  const key = (span: { spanId: string }): string => span.spanId
  const sorted = referenceSpans.toSorted((a, b) => key(a).localeCompare(key(b)))

  for (const topic of ['', '_keyed', '_json', '_batched']) {
    it(`holds the stated spans in otlp_spans${topic}`, () => {
      const target = newTarget()
      const lines = new TextDecoder().decode(read(`kafka.otlp_spans${topic}.jsonl`))
      for (const line of lines.trim().split('\n')) {
        const { value } = JSON.parse(line) as { value: string }
        decode(Buffer.from(value, 'base64'), target)
      }
      expect(counts(target)).toEqual(EXPECTED)
      const spans = plainSpans(target).toSorted((a, b) => key(a).localeCompare(key(b)))
      expect(spans).toEqual(sorted)
    })
  }

  it('recognises the logs', () => {
    const lines = new TextDecoder().decode(read('kafka.otlp_logs.jsonl')).trim().split('\n')
    for (const line of lines) {
      const { value } = JSON.parse(line) as { value: string }
      expect(looksLikeLogs(Buffer.from(value, 'base64'))).toBe(true)
    }
  })
})
