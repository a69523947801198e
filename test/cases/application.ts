import { type CaseSpan, Chance } from './small-shop.ts'

/** Spans of one trace, as auto-instrumentation writes them: times in ms after its start. */
class Trace {
  readonly spans: CaseSpan[] = []
  readonly #startMs: number
  readonly #chance: Chance
  readonly #traceId: string

  constructor(startMs: number, chance: Chance) {
    this.#startMs = startMs
    this.#chance = chance
    this.#traceId = chance.hex(32)
  }

  add(
    service: string,
    name: string,
    kind: number,
    at: number,
    durationMs: number,
    more: Partial<Pick<CaseSpan, 'failed' | 'attributes' | 'parentId'>> = {},
  ): string {
    const spanId = this.#chance.hex(16)
    const startMs = this.#startMs + at
    const where = { traceId: this.#traceId, spanId, arrivesMs: startMs + durationMs }
    this.spans.push({ service, name, kind, startMs, durationMs, ...where, ...more })
    return spanId
  }
}

export interface Traffic {
  readonly seed: number
  readonly fromMs: number
  readonly minutes: number
  /** Requests a second. */
  readonly rate: number
  /** From when on it goes wrong. */
  readonly faultMs?: number
}

function* starts({ seed, fromMs, minutes, rate, faultMs = Number.POSITIVE_INFINITY }: Traffic) {
  const chance = new Chance(seed)
  for (let i = 0; i < minutes * 60 * rate; i++) {
    const startMs = fromMs + ((i + chance.unit()) * 1000) / rate
    yield { chance, startMs, faulty: startMs >= faultMs }
  }
}

/** What the caller's spans say of whom they call; `{}`: nothing. */
export type Address = Readonly<Record<string, string>>

/**
 * gateway → orders → payment. While it is faulty payment refuses connections: orders tries four times, and
 * answers with an error.
 */
export function checkouts(traffic: Traffic, address: Address): CaseSpan[] {
  const all: CaseSpan[] = []
  for (const { chance, startMs, faulty } of starts(traffic)) {
    const trace = new Trace(startMs, chance)
    const ms = faulty ? 620 : chance.around(60)
    const failed = faulty
    const code = { 'http.response.status_code': faulty ? '502' : '200' }
    const entry = trace.add('gateway', 'POST /api/checkout', 2, 0, ms, { failed, attributes: code })
    const call = trace.add('gateway', 'POST', 3, ms * 0.05, ms * 0.9, { failed, parentId: entry })
    const under = { failed, parentId: call }
    const orders = trace.add('orders', 'POST /orders', 2, ms * 0.08, ms * 0.85, under)
    if (faulty) {
      const attributes = { ...address, 'error.type': 'ECONNREFUSED' }
      for (let k = 0; k < 4; k++) {
        const more = { failed, parentId: orders, attributes }
        trace.add('orders', 'POST', 3, 50 + 40 * 2 ** k, 0.5, more)
      }
    } else {
      const more = { parentId: orders, attributes: address }
      const pay = trace.add('orders', 'POST', 3, ms * 0.2, ms * 0.5, more)
      trace.add('payment', 'POST /charge', 2, ms * 0.22, ms * 0.45, { parentId: pay })
      const insert = { parentId: orders, attributes: { 'db.system': 'sqlite' } }
      trace.add('orders', 'insert', 3, ms * 0.8, 1, insert)
    }
    all.push(...trace.spans)
  }
  return all
}

/**
 * gateway (or several callers in turn) → cart → catalog; cart is written with a framework that makes two internal spans of each answer.
 * While it is faulty a fifth of its requests raises: its server span and the first of those fail, and
 * catalog is not asked.
 */
export function carts(traffic: Traffic, callers: readonly string[] = ['gateway']): CaseSpan[] {
  const all: CaseSpan[] = []
  let calls = 0
  for (const { chance, startMs, faulty } of starts(traffic)) {
    const trace = new Trace(startMs, chance)
    const failed = faulty && chance.unit() < 0.2
    const gateway = callers[calls++ % callers.length]!
    const ms = chance.around(failed ? 6 : 20)
    const code = { 'http.status_code': failed ? '500' : '200' }
    const entry = trace.add(gateway, 'POST /api/cart', 2, 0, ms, { failed })
    const call = trace.add(gateway, 'POST', 3, ms * 0.1, ms * 0.85, { failed, parentId: entry })
    const under = { failed, parentId: call, attributes: code }
    const cart = trace.add('cart', 'POST /cart/{user}/items', 2, ms * 0.15, ms * 0.75, under)
    if (!failed) {
      const get = trace.add('cart', 'GET', 3, ms * 0.25, ms * 0.4, { parentId: cart })
      const found = { parentId: get }
      trace.add('catalog', 'GET /products/{id}', 2, ms * 0.3, ms * 0.3, found)
    }
    const send = 'POST /cart/{user}/items http send'
    trace.add('cart', send, 1, ms * 0.8, 0.03, { failed, parentId: cart, attributes: code })
    trace.add('cart', send, 1, ms * 0.81, 0.03, { parentId: cart })
    all.push(...trace.spans)
  }
  return all
}

/** Orders go to a topic; warehouse takes each at once, and unless it is faulty so does mailer. */
export function twoConsumers(traffic: Traffic): CaseSpan[] {
  const all: CaseSpan[] = []
  for (const { chance, startMs, faulty } of starts(traffic)) {
    const trace = new Trace(startMs, chance)
    const ms = chance.around(30)
    const entry = trace.add('orders', 'POST /orders', 2, 0, ms)
    const send = trace.add('orders', 'send orders', 4, ms * 0.7, 1.5, { parentId: entry })
    const taken = { parentId: send }
    trace.add('warehouse', 'process orders', 5, ms * 0.8, chance.around(3), taken)
    if (!faulty) trace.add('mailer', 'process orders', 5, ms * 0.85, chance.around(9), taken)
    all.push(...trace.spans)
  }
  return all
}

/**
 * proxy → shop, without a span of the call: only server spans. While it is faulty the shop does not answer a third
 * of the requests, and the proxy says so after `timeoutMs`.
 */
export function proxied(traffic: Traffic, timeoutMs = 2000): CaseSpan[] {
  const all: CaseSpan[] = []
  for (const { chance, startMs, faulty } of starts(traffic)) {
    const trace = new Trace(startMs, chance)
    const failed = faulty && chance.unit() < 1 / 3
    const ms = failed ? timeoutMs : chance.around(30)
    const attributes = { 'http.response.status_code': failed ? '504' : '200' }
    const parentId = trace.add('proxy', 'GET /shop', 2, 0, ms + 2, { failed, attributes })
    if (!failed) trace.add('shop', 'GET /', 2, 1, ms, { parentId })
    all.push(...trace.spans)
  }
  return all
}

/** Requests that wait for a message, for 25 s at most, which a third of them do to the microsecond. */
export function polls(traffic: Traffic): CaseSpan[] {
  const all: CaseSpan[] = []
  for (const { chance, startMs } of starts(traffic)) {
    const trace = new Trace(Math.round(startMs), chance)
    const ms = Math.min(25_000, Math.round(-22_000 * Math.log(1 - chance.unit())))
    const parentId = trace.add('push', 'GET /poll', 2, 0, ms)
    trace.add('push', 'BLPOP', 3, 0, ms, { parentId, attributes: { 'db.system': 'redis' } })
    all.push(...trace.spans)
  }
  return all
}
