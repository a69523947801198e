import { SeededRandom } from '../../src/stats/random.ts'

/** 2026-03-02T08:00:00Z. */
export const T0_MS = Date.UTC(2026, 2, 2, 8)
export const MINUTE = 60_000

/** A span as it is sent: `arrivesMs` is when, by a clock that is right. */
export interface CaseSpan {
  readonly service: string
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly durationMs: number
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string
  readonly failed?: boolean
  readonly attributes?: Readonly<Record<string, string>>
  /** Attributes of its resource besides the service's name. */
  readonly resource?: Readonly<Record<string, string>>
  readonly arrivesMs: number
}

/** Numbers and ids by chance, the same for the same seed. */
export class Chance {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  unit(): number {
    return this.#random.next()
  }

  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.#random.uint32().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }

  /** Log-normal with this median. */
  around(median: number, sigma = 0.3): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit())
    return median * Math.exp(sigma * normal)
  }
}

export interface ShopOptions {
  readonly seed: number
  readonly fromMs: number
  readonly minutes: number
  /** Requests a second. */
  readonly rate?: number
  /** Name of a request's entry operation; one of three where it is not given. */
  readonly route?: (chance: Chance) => string
  /** Factor of the own time of `orders` at a time. */
  readonly slow?: (timeMs: number) => number
  /** Adds to the spans of a request, or changes them. */
  readonly edit?: (spans: CaseSpan[], startMs: number, chance: Chance) => CaseSpan[]
}

const NAMES = ['GET /items', 'GET /orders', 'POST /orders']

/** A plain shop: front → orders → database. */
export function shop(options: ShopOptions): CaseSpan[] {
  const { seed, fromMs, minutes, rate = 10, slow = () => 1, edit = (spans) => spans } = options
  const { route = (drawn) => NAMES[Math.floor(drawn.unit() * NAMES.length)]! } = options
  const chance = new Chance(seed)
  const out: CaseSpan[] = []
  for (let i = 0; i < minutes * 60 * rate; i++) {
    const startMs = fromMs + ((i + chance.unit()) * 1000) / rate
    const traceId = chance.hex(32)
    const ids = [chance.hex(16), chance.hex(16), chance.hex(16), chance.hex(16)] as const
    const name = route(chance)
    const database = chance.around(4)
    const own = chance.around(10) * slow(startMs)
    const front = chance.around(5)
    const span = (
      service: string,
      operation: string,
      kind: number,
      at: number,
      durationMs: number,
      k: 0 | 1 | 2 | 3,
      attributes: Record<string, string> = {},
    ): CaseSpan => ({
      service,
      name: operation,
      kind,
      startMs: at,
      durationMs,
      traceId,
      spanId: ids[k],
      ...(k > 0 ? { parentId: ids[(k - 1) as 0 | 1 | 2] } : {}),
      attributes,
      arrivesMs: at + durationMs,
    })
    const server = own + database
    const spans = [
      span('front', name, 2, startMs, server + 1 + front, 0, {
        'http.request.method': name.split(' ')[0]!,
      }),
      span('front', name.split(' ')[0]!, 3, startMs + front / 2, server + 1, 1, {
        'server.address': 'orders',
      }),
      span('orders', 'orders.Api/Handle', 2, startMs + front / 2 + 0.5, server, 2),
      span('orders', 'SELECT shop.orders', 3, startMs + front / 2 + 0.5 + own / 2, database, 3, {
        'db.system': 'postgresql',
      }),
    ]
    out.push(...edit(spans, startMs, chance))
  }
  return out
}

/** As its host's clock shows it, which is off by `ms`; it arrives when it does. */
export function offBy(span: CaseSpan, ms: number): CaseSpan {
  return { ...span, startMs: span.startMs + ms }
}

export interface CaseRecord {
  readonly arrivesMs: number
  readonly body: Uint8Array
}

/** The spans in order of arrival, one OTLP JSON body for each second. */
export function records(spans: readonly CaseSpan[], everyMs = 1000): CaseRecord[] {
  const sorted = [...spans].sort((a, b) => a.arrivesMs - b.arrivesMs)
  const out: CaseRecord[] = []
  for (let from = 0; from < sorted.length; ) {
    const endMs = sorted[from]!.arrivesMs + everyMs
    let to = from
    while (to < sorted.length && sorted[to]!.arrivesMs <= endMs) to++
    out.push({ arrivesMs: endMs, body: bodyOf(sorted.slice(from, to)) })
    from = to
  }
  return out
}

function bodyOf(spans: readonly CaseSpan[]): Uint8Array {
  const resources = new Map<string, CaseSpan[]>()
  for (const span of spans) {
    const key = JSON.stringify([span.service, span.resource ?? {}])
    const list = resources.get(key)
    if (list) list.push(span)
    else resources.set(key, [span])
  }
  const resourceSpans = [...resources.values()].map((list) => ({
    resource: {
      attributes: attributesOf({ 'service.name': list[0]!.service, ...list[0]!.resource }),
    },
    scopeSpans: [{ spans: list.map(otlpSpan) }],
  }))
  return new TextEncoder().encode(JSON.stringify({ resourceSpans }))
}

function otlpSpan(span: CaseSpan): unknown {
  const { traceId, spanId, parentId, name, kind, startMs, durationMs } = span
  return {
    traceId,
    spanId,
    ...(parentId ? { parentSpanId: parentId } : {}),
    name,
    kind,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + durationMs),
    attributes: attributesOf(span.attributes ?? {}),
    ...(span.failed ? { status: { code: 2 } } : {}),
  }
}

function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1e3)) * 1000n}`
}

function attributesOf(values: Readonly<Record<string, string>>): unknown[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}
