import { join } from 'node:path'
import protobuf from 'protobufjs'
import type { Attributes } from '../../src/otlp/any-value.ts'
import { slotTable } from '../../src/otlp/attribute-slots.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import type { DecodeTarget } from '../../src/otlp/decode-target.ts'
import {
  encodeTracesJson,
  encodeTracesProto,
  type OtlpResourceSpans,
  type OtlpSpan,
} from '../../src/otlp/encode-traces.ts'
import { RejectedSpans } from '../../src/otlp/rejected-spans.ts'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'

const SPANS_A_BODY = 512
const BODIES = 8

export interface DecodeBench {
  /** Median over the rounds, thousands of spans a second. */
  readonly medoscope: number
  readonly protobufjs: number
  readonly medoscopeJson: number
  readonly jsonParse: number
  /** Median over the rounds of the ratio within one round. */
  readonly ratio: number
  readonly ratioMin: number
  readonly bytesPerSpan: number
}

/**
 * Spans a second of the selective readers against readers of everything, on the same seeded bodies
 * (512 spans of 10 attributes, half of them wanted) in one process, the contestants taking turns in every round. Only the
 * ratio is worth gating on.
 */
export function benchDecode(rounds = 15, millisecondsEach = 150): DecodeBench {
  const requests = Array.from({ length: BODIES }, (_, i) => seededRequest(i + 1))
  const bodies = requests.map(encodeTracesProto)
  const documents = requests.map(encodeTracesJson)
  const root = protobuf.loadSync(
    join(import.meta.dirname, '../fixtures/opentelemetry-proto/otlp.proto'),
  )
  const oracle = root.lookupType('otlp.ExportTraceServiceRequest')
  const target = benchTarget()
  const utf8 = new TextDecoder()
  // The checksum keeps every result alive, so that no work can be optimised away.
  let checksum = 0
  const contestants = {
    medoscope: (i: number) => {
      target.columns.clear()
      checksum += decodeTraces(bodies[i]!, target)
    },
    protobufjs: (i: number) => {
      const request = oracle.decode(bodies[i]!) as unknown as { resourceSpans: unknown[] }
      checksum += request.resourceSpans.length
    },
    medoscopeJson: (i: number) => {
      target.columns.clear()
      checksum += decodeTracesJson(documents[i]!, target)
    },
    jsonParse: (i: number) => {
      const request = JSON.parse(utf8.decode(documents[i])) as { resourceSpans: unknown[] }
      checksum += request.resourceSpans.length
    },
  }
  const rates: Record<string, number[]> = {}
  for (const [name, decode] of Object.entries(contestants)) {
    measure(decode, millisecondsEach * 3)
    rates[name] = []
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, decode] of Object.entries(contestants)) {
      rates[name]?.push(measure(decode, millisecondsEach))
    }
  }
  if (checksum === 0) throw new Error('nothing was decoded')
  const rate = (name: string): number => median(rates[name] ?? [])
  const ratios = (rates['medoscope'] ?? []).map((r, i) => r / (rates['protobufjs']?.[i] ?? 1))
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0)
  return {
    medoscope: rate('medoscope'),
    protobufjs: rate('protobufjs'),
    medoscopeJson: rate('medoscopeJson'),
    jsonParse: rate('jsonParse'),
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    bytesPerSpan: bytes / (BODIES * SPANS_A_BODY),
  }
}

/** Thousands of spans a second over about `milliseconds`. */
function measure(decode: (i: number) => void, milliseconds: number): number {
  const start = performance.now()
  let spans = 0
  let elapsed = 0
  while (elapsed < milliseconds) {
    for (let i = 0; i < BODIES; i++) decode(i)
    spans += BODIES * SPANS_A_BODY
    elapsed = performance.now() - start
  }
  return spans / elapsed
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1] ?? 0
}

function benchTarget(): DecodeTarget {
  const slots = slotTable([])
  return {
    columns: new SpanColumns(slots.stride),
    names: new Vocabulary(10_000),
    values: new Vocabulary(10_000),
    slots,
    ignoreServices: new Set(['medoscope']),
    droppedOwn: 0,
    rejected: new RejectedSpans(),
  }
}

/** One seeded request: 4 services, 512 spans, each with 10 attributes as HTTP, RPC and SQL spans have them. */
function seededRequest(seed: number): OtlpResourceSpans[] {
  const random = xorshift(seed)
  const hex = (digits: number): string => {
    let text = ''
    while (text.length < digits) text += random().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }
  return Array.from({ length: 4 }, (_, service) => ({
    attributes: {
      'service.name': `service-${service}`,
      'service.instance.id': `service-${service}-${seed}`,
      'telemetry.sdk.language': 'nodejs',
      'host.name': `node-${random() % 20}`,
    },
    scope: '@opentelemetry/instrumentation-http',
    spans: Array.from({ length: SPANS_A_BODY / 4 }, (): OtlpSpan => {
      const startNs = 1_790_000_000_000_000_000n + BigInt(random()) * 1000n
      const [name, kind, attributes] = seededSpan(random)
      return {
        traceId: hex(32),
        spanId: hex(16),
        parentSpanId: hex(16),
        name,
        kind,
        startNs,
        endNs: startNs + BigInt(random() % 100_000_000),
        status: random() % 50 === 0 ? 2 : 0,
        attributes,
      }
    }),
  }))
}

function seededSpan(random: () => number): [string, number, Attributes] {
  const item = random() % 12
  const peer = `10.1.${random() % 8}.${random() % 250}`
  const kind = random() % 3
  if (kind === 0) {
    return [
      `GET /api/items-${item}/{id}`,
      2,
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': `/api/items-${item}/${random()}`,
        'http.route': `/api/items-${item}/{id}`,
        'http.response.status_code': 200,
        'server.address': `items-${item}.shop.svc.cluster.local`,
        'server.port': 8080,
        'network.peer.address': peer,
        'network.peer.port': random() % 65536,
        'user_agent.original':
          'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      },
    ]
  }
  if (kind === 1) {
    return [
      `shop.Items${item}/GetItem`,
      3,
      {
        'rpc.system': 'grpc',
        'rpc.service': `shop.Items${item}`,
        'rpc.method': 'GetItem',
        'rpc.grpc.status_code': 0,
        'server.address': `items-${item}.shop.svc.cluster.local`,
        'server.port': 9090,
        'network.peer.address': peer,
        'network.peer.port': random() % 65536,
        'thread.id': random() % 64,
        'thread.name': `grpc-default-executor-${random() % 64}`,
      },
    ]
  }
  return [
    `SELECT shop.items_${item}`,
    3,
    {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.collection.name': `items_${item}`,
      'db.operation.name': 'SELECT',
      'db.query.text': `SELECT id, name, price_cents FROM items_${item} WHERE id = $1 AND NOT deleted`,
      'server.address': 'postgres.shop.svc.cluster.local',
      'server.port': 5432,
      'network.peer.address': peer,
      'thread.id': random() % 64,
      'code.function.name': 'com.example.shop.items.ItemRepository.findById',
    },
  ]
}

/** Marsaglia's xorshift32; 32-bit words. */
function xorshift(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    return state
  }
}
