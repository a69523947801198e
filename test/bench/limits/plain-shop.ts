import type { LogRecord } from '../../../src/contract/log-record.ts'
import { SeededRandom } from '../../../src/stats/random.ts'

export const MINUTE_MS = 60_000
export const START_MS = Date.UTC(2026, 2, 2, 8)
const encoder = new TextEncoder()

interface PlainSpan {
  readonly service: string
  readonly endMs: number
  readonly json: object
}

export interface PlainShop {
  readonly seed: number
  readonly minutes: number
  /** Traces a second. */
  readonly rate: number
  /** Name of the entry's operation. `at`: ms since the start. */
  readonly route?: (random: SeededRandom, at: number) => string
  /** `service.name` of a service, by its plain name. */
  readonly service?: (plain: string, at: number) => string
  /** Factor of the own time of `orders`. */
  readonly slow?: (at: number) => number
  /** Whether the request is a health check: one short span that calls nobody. */
  readonly isHealthCheck?: (random: SeededRandom, at: number) => boolean
}

/** What is known of a trace: its id is that of the verdict. */
export interface PlainTrace {
  readonly id: string
  /** ms since the start. */
  readonly at: number
  readonly entry: string
}

/**
 * A shop as plain as can be, front → orders → db, whose names are what a row of limits is about: one
 * OTLP JSON record a second of end time, and what its traces are.
 */
export function plainShop(options: PlainShop): { records: LogRecord[]; traces: PlainTrace[] } {
  const random = new SeededRandom(options.seed)
  const traces: PlainTrace[] = []
  const spans: PlainSpan[] = []
  const count = Math.round(options.minutes * 60 * options.rate)
  for (let i = 0; i < count; i++) {
    const at = ((i + random.next()) * 1000) / options.rate
    const trace = drawTrace(options, random, at)
    traces.push({ id: trace.id, at, entry: trace.entry })
    spans.push(...trace.spans)
  }
  spans.sort((a, b) => a.endMs - b.endMs)
  return { records: recordsOf(spans), traces }
}

function drawTrace(
  options: PlainShop,
  random: SeededRandom,
  at: number,
): { id: string; entry: string; spans: PlainSpan[] } {
  const { service = (plain: string): string => plain, route } = options
  const entry =
    route?.(random, at) ?? ['GET /items', 'GET /orders', 'POST /orders'][below(random, 3)]!
  const isCheck = options.isHealthCheck?.(random, at) ?? false
  const id = hex(random, 32)
  const [a, b, c, d] = [hex(random, 16), hex(random, 16), hex(random, 16), hex(random, 16)]
  const db = lognormal(random, 4)
  const own = lognormal(random, 10) * (options.slow?.(at) ?? 1)
  const front = lognormal(random, 5)
  const start = START_MS + at
  const span = (
    name: string,
    of: { plain: string; kind: number; start: number; ms: number; id: string; parent?: string },
    more: Readonly<Record<string, string | number>> = {},
  ): PlainSpan => ({
    service: service(of.plain, at),
    endMs: of.start + of.ms,
    json: {
      traceId: id,
      spanId: of.id,
      ...(of.parent ? { parentSpanId: of.parent } : {}),
      name,
      kind: of.kind,
      startTimeUnixNano: nanos(of.start),
      endTimeUnixNano: nanos(of.start + of.ms),
      attributes: Object.entries(more).map(([key, value]) => ({
        key,
        value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
      })),
    },
  })
  if (isCheck) {
    const check = { plain: 'front', kind: 2, start, ms: lognormal(random, 0.5), id: a }
    return { id, entry: 'GET /healthz', spans: [span('GET /healthz', check)] }
  }
  const client = own + db + 1
  const inner = start + front / 2 + 0.5
  return {
    id,
    entry,
    spans: [
      span(
        entry,
        { plain: 'front', kind: 2, start, ms: client + front, id: a },
        {
          'http.request.method': entry.split(' ')[0]!,
          'http.response.status_code': 200,
        },
      ),
      span(
        'POST',
        { plain: 'front', kind: 3, start: inner - 0.5, ms: client, id: b, parent: a },
        {
          'server.address': 'orders',
        },
      ),
      span('orders.Api/Handle', {
        plain: 'orders',
        kind: 2,
        start: inner,
        ms: own + db,
        id: c,
        parent: b,
      }),
      span(
        'SELECT',
        { plain: 'orders', kind: 3, start: inner + own / 2, ms: db, id: d, parent: c },
        {
          'db.system': 'postgresql',
        },
      ),
    ],
  }
}

function recordsOf(spans: readonly PlainSpan[]): LogRecord[] {
  const records: LogRecord[] = []
  let batch = new Map<string, object[]>()
  let until = -1
  const flush = (): void => {
    if (batch.size === 0) return
    const resourceSpans = [...batch].map(([name, list]) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
      scopeSpans: [{ spans: list }],
    }))
    records.push({
      partition: 'otlp_spans/0',
      offset: BigInt(records.length),
      encoding: 'otlp_json',
      body: encoder.encode(JSON.stringify({ resourceSpans })),
      timestampMs: until,
      keyed: true,
    })
    batch = new Map()
  }
  for (const { service, endMs, json } of spans) {
    if (endMs > until) {
      flush()
      until = endMs + 1000
    }
    const list = batch.get(service)
    if (list) list.push(json)
    else batch.set(service, [json])
  }
  flush()
  return records
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1e3)) * 1000n)
}

function hex(random: SeededRandom, digits: number): string {
  let text = ''
  while (text.length < digits) text += below(random, 0x1_0000_0000).toString(16).padStart(8, '0')
  return text.slice(0, digits)
}

function lognormal(random: SeededRandom, median: number): number {
  const u = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  return median * Math.exp(0.3 * u)
}

/** A whole number in [0, n). */
export function below(random: SeededRandom, n: number): number {
  return Math.floor(random.next() * n)
}
