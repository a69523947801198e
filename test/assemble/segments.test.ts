import { describe, expect, it } from 'vitest'
import { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import {
  balance,
  copyOf,
  harness,
  record,
  SETTINGS,
  STRIDE,
  type TraceCopy,
} from './span-drafts.ts'

const PRODUCER = 4
const CONSUMER = 5
const FRONT = 2
const MAILER = 3

/** The spans of each trace handed out, in order, with what part it is. */
function parts(traces: readonly TraceCopy[]): (string | number)[][] {
  return traces.map(({ part, spans }) => [part, ...spans.map(({ span }) => span)])
}

/** A request that sends a message, which a consumer takes `wait` ms later and works on. */
const request = [
  { trace: 1, span: 1, start: 0, duration: 20, service: FRONT },
  { trace: 1, span: 2, parent: 1, start: 5, duration: 1, service: FRONT, kind: PRODUCER },
]
const work = (wait: number) => [
  { trace: 1, span: 4, parent: 3, start: wait + 1, duration: 2, service: MAILER },
  { trace: 1, span: 3, parent: 2, start: wait, duration: 9, service: MAILER, kind: CONSUMER },
]

describe('a consumer', () => {
  it.each([12, 10_000, 90_000])(
    'that takes its message %i ms later is an observation of its own',
    (wait) => {
      const { feed, tick, traces, assembler } = harness({ closedIds: 10_000 })
      feed(...request)
      for (let ms = 50; ms < wait; ms += 50) tick(ms)
      feed(...work(wait))
      for (let ms = wait + 10; ms <= wait + 300; ms += 50) tick(ms)
      assembler.flush()
      for (let next = assembler.next(); next; next = assembler.next());
      const own = wait < 100 ? 'consumer' : 'late'
      expect(parts(traces())).toEqual([
        ['trace', 1, 2],
        [own, 3, 4],
      ])
      const [main, mail] = traces()
      expect(mail).toMatchObject({ rooted: true, orphans: 0, truncated: false })
      expect(mail!.spans.map(({ up, start }) => [up, start / 1e6])).toEqual([
        [-1, 0],
        [0, 1],
      ])
      expect(mail!.startNs - main!.startNs).toBe(BigInt(wait) * 1_000_000n)
      expect(assembler.counts).toMatchObject({ lateSpans: 0, duplicates: 0 })
      expect(balance(assembler)).toBe(0)
    },
  )

  it('is part of what its own service does around it', () => {
    const { feed, tick, traces } = harness()
    feed(
      { trace: 1, span: 1, start: 0, duration: 20, service: MAILER, kind: CONSUMER },
      { trace: 1, span: 2, parent: 1, start: 5, duration: 1, service: MAILER, kind: CONSUMER },
    )
    tick(500)
    expect(parts(traces())).toEqual([['trace', 1, 2]])
  })

  it('of a message of its own service begins a segment, too', () => {
    const { feed, tick, traces } = harness()
    feed(...request, { trace: 1, span: 3, parent: 2, start: 7, service: FRONT, kind: CONSUMER })
    tick(500)
    expect(parts(traces())).toEqual([
      ['trace', 1, 2],
      ['consumer', 3],
    ])
  })

  it('sends on: each consumer of a chain is one, with what it does itself', () => {
    const { feed, tick, traces } = harness()
    feed(
      ...request,
      ...work(30),
      { trace: 1, span: 5, parent: 3, start: 33, service: MAILER, kind: PRODUCER },
      { trace: 1, span: 6, parent: 5, start: 40, service: 9, kind: CONSUMER },
      { trace: 1, span: 7, parent: 6, start: 41, service: 9 },
    )
    tick(500)
    expect(parts(traces())).toEqual([
      ['trace', 1, 2],
      ['consumer', 3, 4, 5],
      ['consumer', 6, 7],
    ])
  })

  it('has a name of its own, made from its trace and its span', () => {
    const ids: string[] = []
    const assembler = new TraceAssembler(SETTINGS, STRIDE)
    assembler.add(record([...request, ...work(30)]), 0n, true)
    assembler.flush()
    for (let next = assembler.next(); next; next = assembler.next()) {
      expect([...next.traceId]).toEqual([1, 7, 0, 3])
      ids.push(next.id.join('.'))
    }
    expect(ids[0]).toBe('1.7.0.3')
    expect(ids[1]).not.toBe(ids[0])
    expect(ids).toHaveLength(2)
  })

  it('told again after it was handed out counts once', () => {
    const { feed, tick, traces, assembler } = harness()
    feed(...request)
    tick(500)
    feed(...work(501))
    tick(1_000)
    feed(...work(501))
    feed(...request)
    tick(2_000)
    expect(parts(traces())).toEqual([
      ['trace', 1, 2],
      ['late', 3, 4],
    ])
    expect(assembler.counts.lateSpans).toBe(4)
    expect(assembler.lateServices().services).toEqual([
      { service: FRONT, spans: 2 },
      { service: MAILER, spans: 2 },
    ])
  })

  it('is kept when a full table makes its trace go', () => {
    const { feed, traces } = harness({ maxOpenTraces: 1 })
    feed(...request, ...work(30))
    feed({ trace: 2, span: 1, start: 50 })
    expect(parts(traces())).toEqual([
      ['trace', 1, 2],
      ['consumer', 3, 4],
    ])
  })
})

describe('a trace that goes on', () => {
  const STEP = 40
  /** Step `n` of a run: a call below a step, which comes when it is over. */
  const step = (n: number) => [
    { trace: 1, span: 1000 + n, parent: 100 + n, start: n * STEP + 5, duration: 10 },
    { trace: 1, span: 100 + n, parent: 1, start: n * STEP, duration: 30 },
  ]

  it('is handed out in parts, each step whole and once, and its end as well', () => {
    const { feed, tick, traces, assembler } = harness()
    const steps = 120
    for (let n = 1; n <= steps; n++) {
      const [call, own] = step(n)
      feed(call!)
      feed(own!)
    }
    feed({ trace: 1, span: 1, start: 0, duration: steps * STEP + 50 })
    tick(steps * STEP + 500)
    const all = traces()
    expect(all.every(({ part }) => part === 'late')).toBe(true)
    const byTop = new Map(all.map(({ spans }) => [spans[0]!.span, spans.length]))
    // The last ones are still there when the root comes, and hang below it.
    const below = all.find(({ spans }) => spans[0]!.span === 1)!.spans.map(({ span }) => span)
    for (let n = 1; n <= steps; n++) {
      if (below.includes(100 + n)) expect(below).toContain(1000 + n)
      else expect(byTop.get(100 + n)).toBe(2)
    }
    expect(all.flatMap(({ spans }) => spans)).toHaveLength(steps * 2 + 1)
    expect(new Set(all.flatMap(({ spans }) => spans.map(({ span }) => span))).size).toBe(
      steps * 2 + 1,
    )
    expect(assembler.counts).toMatchObject({ lateSpans: 0, duplicates: 0, overlongSpans: 0 })
    expect(balance(assembler)).toBe(0)
  })

  it('waits for no more than the longest wait, also where it is never quiet and never ends', () => {
    const { feed, traces } = harness()
    for (let n = 1; n <= 200; n++) {
      feed(...step(n))
      const oldest = traces().length * STEP
      expect(n * STEP - oldest).toBeLessThanOrEqual(
        SETTINGS.maxWaitMs + SETTINGS.quietMs + 2 * STEP,
      )
    }
  })

  it('goes on from a snapshot as if nothing had happened', () => {
    const whole: TraceCopy[] = []
    const drain = (assembler: TraceAssembler): void => {
      for (let next = assembler.next(); next; next = assembler.next()) whole.push(copyOf(next))
    }
    const assembler = new TraceAssembler(SETTINGS, STRIDE)
    for (let n = 1; n <= 60; n++) {
      assembler.add(record(step(n)), BigInt(n), true)
      drain(assembler)
    }
    const restored = TraceAssembler.restore(structuredClone(assembler.state()), SETTINGS, STRIDE)
    const before = whole.length
    for (const each of [assembler, restored]) {
      for (let n = 61; n <= 100; n++) {
        each.add(record(step(n)), BigInt(n), true)
        drain(each)
      }
    }
    const after = whole.slice(before)
    expect(after.slice(0, after.length / 2)).toEqual(after.slice(after.length / 2))
    expect(restored.state()).toEqual(assembler.state())
  })
})
