import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeLogsJson } from '../../src/otlp/decode-logs-json.ts'
import { decodeLogs } from '../../src/otlp/decode-logs-protobuf.ts'
import { frameSplitter } from '../../src/otlp/frame-splitter.ts'
import { detectFraming } from '../../src/otlp/frames.ts'
import { looksLikeLogs } from '../../src/otlp/looks-like-logs.ts'
import { detectEncoding } from '../../src/otlp/record-encoding.ts'
import { newLogTarget, type PlainLog, plainLogs } from './log-list.ts'
import { oracleLogs } from './log-oracle.ts'

const fixtures = join(import.meta.dirname, '../fixtures/collector')
const shared = join(import.meta.dirname, '../../../shared/data/collector')

/** What the Collector wrote, counted with the official protobuf classes. */
const EXPECTED = { records: 96, traces: 43, withoutTrace: 4, withEventName: 2 }

function counts(logs: readonly PlainLog[]): typeof EXPECTED {
  return {
    records: logs.length,
    traces: new Set(logs.map(({ traceId }) => traceId).filter((id) => id !== '')).size,
    withoutTrace: logs.filter(({ traceId }) => traceId === '').length,
    withEventName: logs.filter(({ eventName }) => eventName !== '').length,
  }
}

function logsOf(messages: readonly Uint8Array[]): PlainLog[] {
  const target = newLogTarget()
  for (const message of messages) {
    if (detectEncoding(message) === 'otlp_json') decodeLogsJson(message, target)
    else if (looksLikeLogs(message)) decodeLogs(message, target)
  }
  return plainLogs(target)
}

/** All messages of a file of any framing, or the values of a topic. */
function messagesOf(path: string): Uint8Array[] {
  const bytes = readFileSync(path)
  if (!path.includes('kafka.')) return framed(bytes)
  const lines = bytes.toString().trim().split('\n')
  return lines.map((line) => Buffer.from((JSON.parse(line) as { value: string }).value, 'base64'))
}

function framed(bytes: Uint8Array): Uint8Array[] {
  const framing = detectFraming(bytes)
  if (framing === 'gzip') return framed(gunzipSync(bytes))
  if (framing === 'zstd') return framed(zstdDecompressSync(bytes))
  if (framing === null || framing === 'utf-16le' || framing === 'utf-16be')
    throw new Error('no file of a Collector')
  const splitter = frameSplitter(framing === 'zstd_frames' ? 'length_prefixed' : framing, 1 << 24)
  const frames: Uint8Array[] = []
  splitter.push(bytes, frames)
  splitter.end(frames)
  return framing === 'zstd_frames' ? frames.map((frame) => zstdDecompressSync(frame)) : frames
}

const byContent = (a: PlainLog, b: PlainLog): number =>
  a.timeMs - b.timeMs || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
const reference = logsOf(messagesOf(join(fixtures, 'logs.pb'))).sort(byContent)

describe.each([fixtures, shared])('logs of the Collector in %s', (folder) => {
  const isHere = existsSync(folder)
  const files = isHere
    ? readdirSync(folder).filter((name) => /^(logs|mixed)\.|^kafka\.otlp_logs/.test(name))
    : []
  if (!isHere) console.warn(`SKIPPED: ${folder} is not here`)

  it.skipIf(!isHere)('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(folder === shared ? 12 : 6)
  })

  it.each(files)('hold the stated records in %s, each the same as in any other', (file) => {
    const logs = logsOf(messagesOf(join(folder, file)))
    expect(counts(logs)).toEqual(EXPECTED)
    expect(logs.sort(byContent)).toEqual(reference)
  })
})

describe('logs of the Collector', () => {
  it('are read as protobufjs reads them', () => {
    for (const message of messagesOf(join(fixtures, 'logs.pb'))) {
      expect(logsOf([message])).toEqual(oracleLogs(message))
    }
  })
})
