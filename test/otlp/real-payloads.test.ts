import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import { jsonSpans } from './json-oracle.ts'
import { encodeByOracle, oracleSpans } from './protobuf-oracle.ts'
import { newTarget, type PlainSpan, plainSpans } from './span-list.ts'

const data = join(import.meta.dirname, '../../../shared/data')
const present = existsSync(data)
if (!present) console.warn(`SKIPPED: real payloads are not tested, ${data} is missing`)
const there = it.skipIf(!present)

const utf8 = new TextEncoder()
const text = (file: string): string => readFileSync(join(data, file), 'utf8')
const lines = (content: string): string[] => content.split('\n').filter((line) => line.trim())

function fromProtobuf(body: Uint8Array): PlainSpan[] {
  const target = newTarget()
  const added = decodeTraces(body, target)
  const spans = plainSpans(target)
  expect(added).toBe(spans.length)
  return spans
}

function fromJson(document: string): PlainSpan[] {
  const target = newTarget()
  const added = decodeTracesJson(utf8.encode(document), target)
  const spans = plainSpans(target)
  expect(added).toBe(spans.length)
  return spans
}

/** Both readers and both oracles say the same about the document; returns how many spans it has. */
function agree(document: string): number {
  const expected = jsonSpans(document)
  same(fromJson(document), expected)
  const body = encodeByOracle(JSON.parse(document))
  same(oracleSpans(body), expected)
  same(fromProtobuf(body), expected)
  return expected.length
}

/** `toEqual` costs more than all the decoding, so it is only asked where there is a difference to show. */
function same(actual: readonly PlainSpan[], expected: readonly PlainSpan[]): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

describe('payloads of real systems', () => {
  there('decodes the bodies of the Android agent as protobufjs does', () => {
    const files = readdirSync(join(data, 'otlp-protobuf-android'))
    const spans = files.map((file) => {
      const body = readFileSync(join(data, 'otlp-protobuf-android', file))
      const decoded = fromProtobuf(body)
      expect(decoded).toEqual(oracleSpans(body))
      return decoded.length
    })
    expect(files).toHaveLength(9)
    expect(Math.min(...spans)).toBe(2)
    expect(Math.max(...spans)).toBe(19)
  })

  there('decodes the same telemetry alike from protobuf, JSON and JSON lines', () => {
    const folder = 'otlp2parquet-testdata'
    const body = readFileSync(join(data, folder, 'traces.pb'))
    const spans = fromProtobuf(body)
    expect(spans).toEqual(oracleSpans(body))
    expect(spans).toHaveLength(19)
    const documents = lines(text(`${folder}/traces.jsonl`))
    expect(documents.map(agree).reduce((a, b) => a + b)).toBe(19)
    expect(documents.flatMap(fromJson)).toEqual(spans)

    const single = readFileSync(join(data, folder, 'trace.pb'))
    expect(fromProtobuf(single)).toEqual(oracleSpans(single))
    agree(text(`${folder}/trace.json`))
  })

  there('decodes 14,772 spans of a robot shop as both oracles do', { timeout: 120_000 }, () => {
    const file = join(data, 'robotshop-otlp-json/traces.otlp.jsonl.gz')
    const documents = lines(gunzipSync(readFileSync(file)).toString('utf8'))
    expect(documents).toHaveLength(240)
    expect(documents.map(agree).reduce((a, b) => a + b)).toBe(14_772)
  })

  there('decodes the examples of the specification and the OTLP input of Jaeger', () => {
    expect(agree(text('otlp-proto-examples/trace.json'))).toBe(1)
    for (const file of ['in', 'in-error', 'multi-in-combined']) {
      expect(agree(text(`jaeger-json/otlp2jaeger-${file}.json`))).toBeGreaterThan(0)
    }
  })

  there('finds no spans in logs and metrics as JSON', () => {
    for (const file of ['logs', 'metrics', 'events']) {
      expect(fromJson(text(`otlp-proto-examples/${file}.json`))).toEqual([])
    }
    expect(fromJson(text('otlp2parquet-testdata/metrics_mixed.json'))).toEqual([])
    expect(fromJson(text('otlp2parquet-testdata/log.json'))).toEqual([])
  })
})

/** Reasons by file; null = read as a document of another signal, whose content is not judged here. */
const INVALID: Record<string, string | null> = {
  'log_invalid_severity.json': null,
  'malformed.json': 'not JSON at character 447',
  'metrics_invalid_temporality.json': null,
  'trace_invalid_base64.json': 'resourceSpans[0].scopeSpans[0].spans[0].traceId: no id of 16 bytes',
  'trace_invalid_kind.json': 'resourceSpans[0].scopeSpans[0].spans[0].kind: not an enum value',
  'trace_mixed_encoding.json': 'resourceSpans[0].scopeSpans[0].spans[0].traceId: no id of 16 bytes',
}

describe('invalid payloads', () => {
  there('are refused with where and why, and leave no row', () => {
    const folder = join(data, 'otlp2parquet-testdata/invalid')
    expect(readdirSync(folder).sort()).toEqual(Object.keys(INVALID))
    for (const [file, reason] of Object.entries(INVALID)) {
      const target = newTarget()
      const body = readFileSync(join(folder, file))
      if (reason === null) expect(decodeTracesJson(body, target)).toBe(0)
      else {
        const error = thrownBy(() => decodeTracesJson(body, target))
        expect(error).toBeInstanceOf(DecodeError)
        expect((error as DecodeError).reason).toBe(reason)
      }
      expect(target.columns.count).toBe(0)
    }
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return null
}
