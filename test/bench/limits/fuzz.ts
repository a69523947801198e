import { readFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { decompress } from '../../../src/io/decompress.ts'
import { CODECS } from '../../../src/io/kafka/codecs.ts'
import { DecodeError } from '../../../src/otlp/decode-error.ts'
import { decodeTracesJson } from '../../../src/otlp/decode-json.ts'
import { decodeLogsJson } from '../../../src/otlp/decode-logs-json.ts'
import { decodeLogs } from '../../../src/otlp/decode-logs-protobuf.ts'
import { decodeTraces } from '../../../src/otlp/decode-protobuf.ts'
import { frameSplitter } from '../../../src/otlp/frame-splitter.ts'
import { detectFraming } from '../../../src/otlp/frames.ts'
import { looksLikeLogs } from '../../../src/otlp/looks-like-logs.ts'
import { detectEncoding } from '../../../src/otlp/record-encoding.ts'
import { SeededRandom } from '../../../src/stats/random.ts'
import { newLogTarget } from '../../otlp/log-list.ts'
import { newTarget } from '../../otlp/span-list.ts'
import type { Figure } from '../figures.ts'

const SHORT = 100_000
const LONG = 10_000_000
const SLOW_MS = 1_000
const MAX_OUTPUT = 1 << 20
/** Decompressing costs a thread's turn each; so every so many bodies only. */
const EVERY_PACKED = 20

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))

function seeds(): Buffer[] {
  const names = ['array.json', 'tempo-batches.json', 'old-keys.jsonl', 'zero-span-id.jsonl']
  const bodies = [
    ...names.map((name) => fixture(`cases/${name}`).subarray(0, 3_000)),
    fixture('cases/empty-span-id.pb').subarray(4, 3_000),
    fixture('collector/traces.pb').subarray(4, 4_000),
    // Whole messages: the shorter ones of the Collector's.
    fixture('collector/logs.pb').subarray(4, 4 + fixture('collector/logs.pb').readUInt32BE(0)),
    Buffer.from(fixture('collector/logs.json').toString().split('\n')[1] ?? ''),
  ]
  return [
    ...bodies,
    ...bodies.map((body) => gzipSync(body)),
    ...bodies.map((body) => zstdCompressSync(body)),
  ]
}

/** Flips, cuts, splices, repetitions and small numbers where lengths may be. */
function mutated(body: Buffer, others: readonly Buffer[], random: SeededRandom): Buffer {
  const below = (n: number): number => Math.floor(random.next() * n)
  let bytes = Buffer.from(body)
  for (let times = 1 + below(4); times > 0 && bytes.length > 0; times--) {
    const at = below(bytes.length)
    const other = others[below(others.length)] ?? body
    const from = below(other.length)
    switch (below(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
        break
      case 1:
        bytes = bytes.subarray(0, at)
        break
      case 2:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          other.subarray(from, from + below(60)),
          bytes.subarray(at + below(20)),
        ])
        break
      case 3:
        bytes[at] = below(5) === 0 ? 0xff : below(32)
        break
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(at, at + below(40)),
          bytes.subarray(at),
        ])
    }
  }
  return bytes
}

/** Mutated bodies over every decoder: how many crash it, or hold it up for a second. */
export async function fuzzFigures(long: boolean): Promise<Figure[]> {
  const count = long ? LONG : SHORT
  const random = new SeededRandom(11)
  const corpus = seeds()
  let failures = 0
  let target = newTarget()
  let logTarget = newLogTarget([], ['user.id'])
  const pure = (body: Buffer): void => {
    target.columns.clear()
    logTarget.columns.clear()
    for (const decode of [
      () => decodeTraces(body, target),
      () => decodeTracesJson(body, target),
      () => decodeLogs(body, logTarget),
      () => decodeLogsJson(body, logTarget),
    ]) {
      try {
        decode()
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    looksLikeLogs(body)
    detectEncoding(body)
    const framing = detectFraming(body)
    for (const kind of ['json_lines', 'json_documents', 'length_prefixed', 'protobuf'] as const) {
      const splitter = frameSplitter(kind, 10_000)
      try {
        splitter.push(body, [])
        splitter.end([])
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    if (framing !== null && typeof framing !== 'string') throw new Error('no framing')
  }
  const packed = async (body: Buffer): Promise<void> => {
    // Any refusal is right; what matters is that one comes, and in time.
    for (const coding of ['gzip', 'deflate', 'zstd'])
      await decompress(coding, body, MAX_OUTPUT).catch(() => null)
    for (const codec of Object.values(CODECS))
      await codec.decompress(body, MAX_OUTPUT).catch(() => null)
  }
  for (let i = 0; i < count; i++) {
    if (target.values.size > 800 || target.names.size > 800) target = newTarget()
    if (logTarget.values.size > 800) logTarget = newLogTarget([], ['user.id'])
    const body = mutated(corpus[i % corpus.length] ?? Buffer.alloc(0), corpus, random)
    const begun = performance.now()
    try {
      pure(body)
      if (i % EVERY_PACKED === 0) await packed(body)
    } catch (error) {
      failures++
      console.error(`fuzz: ${String(error)} for ${body.toString('base64').slice(0, 200)}`)
    }
    if (performance.now() - begun > SLOW_MS) failures++
  }
  return [
    {
      name: 'fuzz_failures',
      value: failures,
      what: `crashes and hangs in ${count} mutated bodies`,
      bar: '0',
    },
  ]
}
