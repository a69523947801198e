import { describe, expect, it } from 'vitest'
import { calleeName } from '../../src/profile/callee-names.ts'
import { type HandSpan, HandTraces } from './traces.ts'

const SERVER = 2
const CLIENT = 3

/** A checkout whose call to the bank is answered, or not. */
function checkout(
  attributes: HandSpan['attributes'],
  answeredBy: string | null,
  more: Partial<HandSpan> = {},
): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: 'POST /order', parent: -1, start: 0, duration: 50, kind: SERVER },
    {
      ...{ service: 'shop', name: 'POST', parent: 0, start: 5, duration: 20, kind: CLIENT },
      ...(attributes ? { attributes } : {}),
      ...more,
    },
  ]
  if (answeredBy !== null) {
    const answer = { name: 'POST /charge', parent: 1, start: 6, duration: 15, kind: SERVER }
    spans.push({ service: answeredBy, ...answer })
  }
  return spans
}

class Calls {
  readonly traces = new HandTraces()

  /** Whom the call of a checkout is taken to call, and whether it was not answered. */
  of(...args: Parameters<typeof checkout>): { callee: string; unanswered: number } {
    let found = { callee: '', unanswered: 0 }
    this.traces.read(checkout(...args), () => {
      const { elements, tables } = this.traces
      const callee = calleeName(tables.elements.calleeText(elements.element[1]!))
      found = { callee, unanswered: elements.unanswered[1]! }
    })
    return found
  }
}

const REFUSED = { error: true } as const
const at = (address: string, port?: string) => ({
  'server.address': address,
  ...(port === undefined ? {} : { 'server.port': port }),
  'error.type': 'ECONNREFUSED',
})

describe('whom a call without an answer was for', () => {
  it('is who answered at that address and port before, whoever called then', () => {
    const calls = new Calls()
    calls.of(at('10.0.0.7', '8080'), 'bank')
    calls.of(at('10.0.0.7', '9090'), 'mail')
    const other = { ...REFUSED, name: 'PUT' }
    expect(calls.of(at('10.0.0.7', '8080'), null, other)).toEqual({ callee: 'bank', unanswered: 1 })
    expect(calls.of(at('10.0.0.7', '9090'), null, other)).toEqual({ callee: 'mail', unanswered: 1 })
  })

  it('is an address only where no service ever answered, and shown as that', () => {
    const calls = new Calls()
    calls.of(at('10.0.0.7', '8080'), 'bank')
    expect(calls.of(at('192.0.2.7', '8080'), null, REFUSED)).toEqual({
      callee: '192.0.2.7:8080 (no telemetry)',
      unanswered: 1,
    })
    expect(calls.of(at('2001:db8::7', '8080'), null, REFUSED).callee).toBe(
      '[2001:db8::7]:8080 (no telemetry)',
    )
    expect(calls.of(at('bank.example', '443'), null, REFUSED).callee).toBe('bank.example')
  })

  it.each([undefined, { 'server.address': '127.0.0.1' }])(
    'is who answers that operation otherwise, where the address says nothing: %j',
    (attributes) => {
      const calls = new Calls()
      calls.of(attributes, 'bank')
      expect(calls.of(attributes, null, REFUSED)).toEqual({ callee: 'bank', unanswered: 1 })
      // Another operation calls somebody else.
      expect(calls.of(attributes, null, { ...REFUSED, name: 'PUT' }).callee).not.toBe('bank')
    },
  )

  it('is found by the host and port of a URL, where that is all that is said', () => {
    const calls = new Calls()
    const of = (url: string) => ({ 'http.url': url })
    calls.of(of('http://127.0.0.1:8080/charge/1?card=2'), 'bank')
    calls.of(of('http://user:secret@127.0.0.1:9090/'), 'mail')
    const other = { ...REFUSED, name: 'PUT' }
    expect(calls.of(of('http://127.0.0.1:8080/charge/3'), null, other).callee).toBe('bank')
    expect(calls.of(of('http://127.0.0.1:9090/'), null, other).callee).toBe('mail')
    const nobody = { ...REFUSED, name: 'DELETE' }
    const silent = calls.of(of('http://user:secret@127.0.0.1:7070/'), null, nobody).callee
    expect(silent).toBe('127.0.0.1:7070 (no telemetry)')
    expect(calls.of(of('https://bank.example:444/'), null, nobody).callee).toBe('bank.example')
    expect(calls.of(of('http://[::1]:70/'), null, nobody).callee).toBe('[::1]:70 (no telemetry)')
  })

  it('is not a service for a database beside it on the same host', () => {
    const calls = new Calls()
    calls.of({ 'server.address': 'host' }, 'bank')
    const query = { 'server.address': 'host', 'db.system': 'mysql' }
    expect(calls.of(query, null, REFUSED)).toEqual({ callee: 'host', unanswered: 0 })
  })

  it('is remembered through a checkpoint', () => {
    const before = new Calls()
    before.of(at('127.0.0.1', '8080'), 'bank')
    const after = new Calls()
    after.traces.tables.restore(structuredClone(before.traces.tables.state()))
    expect(after.of(at('127.0.0.1', '8080'), null, REFUSED).callee).toBe('bank')
  })

  it('is the service itself, where that answers its own call', () => {
    expect(new Calls().of(at('127.0.0.1', '8080'), 'shop').callee).toBe('shop')
  })
})

describe('a server that reaches another without a span of the call', () => {
  /** A proxy's request that an upstream answers, or nobody. */
  const proxied = (answeredBy: string | null, more: Partial<HandSpan> = {}): HandSpan[] => {
    const proxy = { service: 'proxy', name: 'GET /shop', start: 0, duration: 50, kind: SERVER }
    const spans: HandSpan[] = [{ ...proxy, parent: -1, ...more }]
    if (answeredBy !== null) {
      const answer = { name: 'GET /', parent: 0, start: 6, duration: 15, kind: SERVER }
      spans.push({ service: answeredBy, ...answer })
    }
    return spans
  }
  const named = (traces: HandTraces, spans: HandSpan[]): string => {
    let found = ''
    traces.read(spans, () => {
      const { elements, tables } = traces
      found = tables.elements.calleeText(elements.element[0]!)
    })
    return found
  }

  it('keeps its name where it fails since nobody answers', () => {
    const traces = new HandTraces()
    expect(named(traces, proxied(null, REFUSED))).toBe('')
    expect(named(traces, proxied('shop'))).toBe('shop')
    expect(named(traces, proxied(null, REFUSED))).toBe('shop')
    expect(named(traces, proxied(null, { ...REFUSED, name: 'GET /blog' }))).toBe('')
  })

  it('is another operation where it answers by itself', () => {
    const traces = new HandTraces()
    named(traces, proxied('shop'))
    expect(named(traces, proxied(null))).toBe('')
  })

  it('keeps the name that it has where spans of its calls are missing now and then', () => {
    const traces = new HandTraces()
    const [server] = proxied(null)
    const call = { service: 'proxy', name: 'GET', parent: 0, start: 5, duration: 20, kind: CLIENT }
    named(traces, [server!, call])
    named(traces, proxied('shop'))
    named(traces, [server!, call])
    expect(named(traces, proxied(null, REFUSED))).toBe('')
  })

  it('keeps it where it answers most by itself', () => {
    const traces = new HandTraces()
    named(traces, proxied('shop'))
    named(traces, proxied(null))
    expect(named(traces, proxied(null, REFUSED))).toBe('')
  })

  it('has nobody to name where several answer in turn', () => {
    const traces = new HandTraces()
    named(traces, proxied('shop'))
    named(traces, proxied('blog'))
    expect(named(traces, proxied(null, REFUSED))).toBe('')
  })

  it('says nothing of who answers at an address: its own is no call', () => {
    const calls = new Calls()
    const own = { attributes: { 'server.address': 'shop.example' } }
    named(calls.traces, proxied('bank', own))
    expect(calls.of(own.attributes, null, REFUSED).callee).toBe('shop.example')
  })
})

describe('a call that failed without an answering span', () => {
  const answered = (attributes: Readonly<Record<string, string>>, known: boolean): number => {
    const calls = new Calls()
    const address = { 'server.address': 'bank', 'server.port': '80' }
    if (known) calls.of(address, 'bank')
    return 1 - calls.of({ ...address, ...attributes }, null, REFUSED).unanswered
  }

  it.each([
    [{ 'http.response.status_code': '500' }, 1, 1],
    [{ 'http.response.status_code': '503' }, 0, 0],
    [{ 'rpc.grpc.status_code': '13' }, 1, 1],
    [{ 'rpc.grpc.status_code': '14' }, 0, 0],
    [{ 'error.type': 'requests.exceptions.ConnectTimeout' }, 0, 0],
    [{ 'error.type': 'TypeError' }, 0, 1],
    [{}, 0, 1],
  ] as const)(
    'with %j was answered: %i by who answers with spans, %i by another',
    (attributes, known, other) => {
      expect([answered(attributes, true), answered(attributes, false)]).toEqual([known, other])
    },
  )

  it('only counts where it failed', () => {
    const calls = new Calls()
    calls.of(at('bank', '80'), 'bank')
    const lost = { 'server.address': 'bank', 'server.port': '80' }
    expect(calls.of(lost, null)).toEqual({ callee: 'bank', unanswered: 0 })
  })
})
