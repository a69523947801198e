import { describe, expect, it } from 'vitest'
import { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import { harness, record, SETTINGS, type SpanDraft, STRIDE } from './span-drafts.ts'

const [INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER] = [1, 2, 3, 4, 5]
const FRONT = 2
const MAILER = 3

/** A request from 0 to 20 ms which sends a message by 6 ms. */
const request: readonly SpanDraft[] = [
  { trace: 1, span: 1, start: 0, duration: 20, service: FRONT, kind: SERVER },
  { trace: 1, span: 2, parent: 1, start: 5, duration: 1, service: FRONT, kind: PRODUCER },
]
const work = (start: number, more: Partial<SpanDraft> = {}): SpanDraft => ({
  ...{ trace: 1, span: 3, parent: 2, start, duration: 9, service: MAILER, kind: CONSUMER },
  ...more,
})

/** How long the message of each part waited, ms, and who sent it. */
function waits(...records: readonly (readonly SpanDraft[])[]): [number, number][] {
  const { feed, tick, traces, assembler } = harness({ closedIds: 1e6 })
  let now = 0
  for (const drafts of records) {
    const start = Math.max(...drafts.map((draft) => draft.start))
    for (; now < start; now += 50) tick(now)
    feed(...drafts)
  }
  assembler.flush()
  for (let next = assembler.next(); next; next = assembler.next());
  return traces().map(({ waitMs, sender }) => [waitMs, sender])
}

const NONE = [-1, 0]

describe('how long a message waited', () => {
  it('is the time from when it was sent until it is taken', () => {
    expect(waits([...request, work(36)])).toEqual([NONE, [30, FRONT]])
    expect(waits([...request, work(6)])).toEqual([NONE, [0, FRONT]])
  })

  it('is none of what takes no message', () => {
    expect(waits(request)).toEqual([NONE])
    expect(waits([...request, work(36, { kind: SERVER })])).toEqual([NONE])
  })

  it.each([INTERNAL, SERVER, CLIENT])(
    'begins with the end of whatever sent it, kind %i',
    (kind) => {
      const sender = { ...request[1]!, kind, start: 4, duration: 12 }
      expect(waits([request[0]!, sender, work(36)])).toEqual([NONE, [20, FRONT]])
      // What still goes on when its message is taken: it did not wait for longer than that, and nothing is claimed.
      expect(waits([request[0]!, sender, work(14)])).toEqual([NONE, [0, FRONT]])
    },
  )

  it('is never below nothing, whatever clocks say', () => {
    expect(waits([...request, work(-700)])).toEqual([NONE, [0, FRONT]])
    expect(waits([...request, work(5.5)])).toEqual([NONE, [0, FRONT]])
  })

  it('is not known where nothing says when it was sent', () => {
    // No parent is there, in a trace of which nothing was handed out before.
    expect(waits([work(36)])).toEqual([NONE])
    expect(waits([request[0]!, work(36)])).toEqual([NONE, NONE])
    // A root of its own.
    expect(waits([work(36, { parent: 0 })])).toEqual([NONE])
    // No time at all.
    const undated = { startNs: 0n, endNs: 0n }
    expect(waits([...request, work(36, undated)])).toEqual([NONE, NONE])
    expect(waits([request[0]!, { ...request[1]!, ...undated }, work(36)])).toEqual([NONE, NONE])
  })

  it('is none of a message that is taken within the work of its own service', () => {
    const received = { trace: 1, span: 1, start: 0, duration: 90, service: MAILER, kind: CONSUMER }
    expect(waits([received, work(60, { parent: 1 })])).toEqual([NONE])
  })

  it('is known of each consumer of a chain', () => {
    const on = [
      { trace: 1, span: 5, parent: 3, start: 40, duration: 2, service: MAILER, kind: PRODUCER },
      { trace: 1, span: 6, parent: 5, start: 49, duration: 1, service: 9, kind: CONSUMER },
    ]
    expect(waits([...request, work(36), ...on])).toEqual([NONE, [30, FRONT], [7, MAILER]])
  })
})

describe('how long a message waited of a trace that was handed out before', () => {
  it.each([500, 90_000])('is counted from the last one that was sent, %i ms later', (wait) => {
    expect(waits(request, [work(6 + wait)])).toEqual([NONE, [wait, 0]])
  })

  it('is counted from the end of the trace where it sends none', () => {
    expect(waits([request[0]!], [work(520, { parent: 1 })])).toEqual([NONE, [500, 0]])
  })

  it('is not more than the time since a later message', () => {
    const later = { trace: 1, span: 9, parent: 1, start: 14, duration: 2, kind: PRODUCER }
    expect(waits([...request, later], [work(516)])).toEqual([NONE, [500, 0]])
    // A consumer that came meanwhile sends on; the last one of all counts, also where what comes sends none.
    const sent = { trace: 1, span: 5, parent: 3, start: 530, duration: 2, kind: PRODUCER }
    const own = { service: MAILER }
    expect(
      waits(
        [...request],
        [work(506), { ...sent, ...own }],
        [work(1_000, { span: 20, parent: 99, service: 8 })],
        [work(1_532, { span: 30, parent: 98, service: 8 })],
      ),
    ).toEqual([NONE, [500, 0], [468, 0], [1_000, 0]])
  })

  it('is what its parent says where both come later', () => {
    const sent = {
      trace: 1,
      span: 5,
      parent: 1,
      start: 530,
      duration: 2,
      service: 8,
      kind: PRODUCER,
    }
    expect(waits(request, [sent, work(550, { parent: 5 })])).toEqual([NONE, NONE, [18, 8]])
  })

  it('is not known once the trace is forgotten', () => {
    const { feed, tick, traces } = harness({ closedIds: 5 })
    feed(...request)
    for (let ms = 50; ms < 2_000; ms += 50) tick(ms)
    feed(work(2_000))
    for (let ms = 2_050; ms < 4_000; ms += 50) tick(ms)
    expect(traces().map(({ waitMs }) => waitMs)).toEqual([-1, -1])
  })

  it('is known after a restart', () => {
    const assembler = new TraceAssembler({ ...SETTINGS, closedIds: 100 }, STRIDE)
    assembler.add(record(request), 0n, true)
    assembler.flush()
    while (assembler.next());
    const restored = TraceAssembler.restore(structuredClone(assembler.state()), SETTINGS, STRIDE)
    restored.add(record([work(906)]), 1n, true)
    restored.flush()
    expect(restored.next()?.waitNs).toBeCloseTo(900e6, -3)
  })
})
