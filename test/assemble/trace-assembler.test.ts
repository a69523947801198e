import { describe, expect, it } from 'vitest'
import { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { DrainedAssembler } from './drained-assembler.ts'
import { balance, harness, record, SETTINGS, STRIDE, T0_MS } from './span-drafts.ts'

describe('closing a trace', () => {
  it('waits until its root has ended and nothing came for the quiet time', () => {
    const { feed, tick, traces } = harness()
    feed({ trace: 1, span: 2, parent: 1, start: 0, duration: 10 })
    tick(300) // no root yet
    feed({ trace: 1, span: 1, start: 0, duration: 320 }) // root ends at 320, data time 320
    tick(419.9)
    expect(traces()).toEqual([])
    tick(420)
    expect(traces()).toMatchObject([{ trace: 1, cause: 'quiet', rooted: true }])
    expect(traces()[0]!.spans.map((span) => span.span)).toEqual([1, 2])
  })

  it('begins the quiet time anew with every span', () => {
    const { feed, tick, traces } = harness()
    feed({ trace: 1, span: 1, start: 0, duration: 10 })
    tick(100)
    feed({ trace: 1, span: 2, parent: 1, start: 1, duration: 1 }) // data time 100
    tick(199)
    expect(traces()).toEqual([])
    tick(200)
    expect(traces()).toHaveLength(1)
  })

  it('counts the time of the record that brought the span, not of the one before', () => {
    const { feed, tick, traces } = harness()
    tick(0)
    // The same record moves data time by more than quiet and more than the longest wait.
    feed(
      { trace: 1, span: 2, parent: 9, start: 4, duration: 1 },
      { trace: 2, span: 1, start: 5000 },
    )
    expect(traces()).toEqual([])
    tick(5999)
    expect(traces().map((trace) => trace.trace)).toEqual([2])
    tick(6001)
    expect(traces().map((trace) => trace.trace)).toEqual([2, 1])
  })

  it('does not wait for a missing root longer than the maximum after its first span', () => {
    const { feed, tick, traces } = harness()
    feed({ trace: 1, span: 2, parent: 1, start: 0, duration: 10 })
    for (let ms = 60; ms < 500; ms += 50) {
      feed({ trace: 1, span: ms, parent: 1, start: ms, duration: 5 })
    }
    tick(1009)
    expect(traces()).toEqual([])
    tick(1010)
    expect(traces()).toMatchObject([{ trace: 1, cause: 'max_wait', rooted: false, part: 'trace' }])
  })

  it('does not wait for the end of quiet longer than the maximum either', () => {
    const { feed, traces } = harness()
    feed({ trace: 1, span: 1, start: 0, duration: 10 })
    for (let ms = 60; ms < 1100; ms += 50) {
      feed({ trace: 1, span: ms, parent: 1, start: ms, duration: 5 })
    }
    expect(traces()).toMatchObject([{ trace: 1, cause: 'max_wait', rooted: true }])
  })

  it('hands out in the order of deadline, then trace id, whatever the order of arrival', () => {
    const { feed, tick, traces } = harness()
    feed(
      { trace: 5, span: 1, start: 0, duration: 1 },
      { trace: 9, span: 1, start: 0, duration: 30 },
    )
    feed(
      { trace: 8, span: 1, start: 0, duration: 30 },
      { trace: 3, span: 1, start: 0, duration: 40 },
    )
    feed({ trace: 2, span: 1, start: 0, duration: 2 })
    tick(10_000)
    // 5 and 9 came at data time 30, 8, 3 and 2 at 40.
    expect(traces().map((trace) => trace.trace)).toEqual([5, 9, 2, 3, 8])
  })

  it('closes everything at the end of input in the same order', () => {
    const { feed, assembler, out } = harness()
    feed({ trace: 7, span: 2, parent: 1, start: 0 }, { trace: 6, span: 1, start: 0, duration: 9 })
    feed({ trace: 4, span: 1, start: 0, duration: 8 })
    assembler.flush()
    expect(out.map((trace) => [trace.trace, trace.cause])).toEqual([
      [4, 'end_of_input'],
      [6, 'end_of_input'],
      [7, 'end_of_input'],
    ])
    expect([assembler.openTraces, assembler.openSpans]).toEqual([0, 0])
  })

  it('does not wait for the end of a root that cannot be believed', () => {
    const { feed, tick, traces } = harness({ maxJumpMs: 50 })
    tick(0)
    feed({ trace: 1, span: 1, start: 0, duration: 400 })
    for (let ms = 40; ms <= 120; ms += 40) tick(ms)
    expect(traces()).toEqual([])
    // Its end counts as 50, what could be believed then.
    tick(160)
    expect(traces()).toMatchObject([{ trace: 1, cause: 'quiet' }])
  })

  it('hands out what it was given', () => {
    const columns = record([{ trace: 1, span: 3, start: 2, duration: 5, service: 4, kind: 3 }])
    const seen: unknown[] = []
    const assembler = new DrainedAssembler(SETTINGS, STRIDE, (trace) => {
      const { service, name, kind, status, events, links, attributes, endMs } = trace.columns.of
      seen.push([service[0], name[0], kind[0], status[0], events[0], links[0]])
      seen.push([...attributes.subarray(0, STRIDE)], endMs[0])
      seen.push([...trace.id], trace.endMs)
    })
    assembler.add(columns, 0n, false)
    assembler.flush()
    expect(seen).toEqual([[4, 103, 3, 0, 4, 5], [30, 31, 32], T0_MS + 7, [1, 7, 0, 3], T0_MS + 7])
  })

  it('refuses columns of another stride and caps of nothing', () => {
    const assembler = new TraceAssembler(SETTINGS, STRIDE)
    expect(() => assembler.add(new SpanColumns(STRIDE + 1), 0n, false)).toThrow(/4 .*expected 3/)
    for (const cap of ['maxOpenSpans', 'maxOpenTraces', 'maxSpansPerTrace']) {
      const settings = { ...SETTINGS, [cap]: 0 }
      expect(() => new TraceAssembler(settings, STRIDE)).toThrow(cap)
    }
  })

  it('takes no record while closed traces wait to be drained, and goes on where draining stopped', () => {
    const assembler = new TraceAssembler({ ...SETTINGS, maxOpenTraces: 1 }, STRIDE)
    const add = (columns: SpanColumns, offset: bigint) => assembler.add(columns, offset, true)
    const next = () => assembler.next()
    add(record([1, 2, 3].map((trace) => ({ trace, span: 1, start: 0 }))), 0n)
    const refused = record([{ trace: 4, span: 1, start: 0 }])
    expect(() => add(refused, 1n)).toThrow('call next()')
    const first = next()
    expect(() => add(refused, 1n)).toThrow('call next()')
    const second = next()
    // Evicted traces have arrays of their own: all that one record pushes out can be kept.
    expect([first?.id[0], second?.id[0]]).toEqual([1, 2])
    expect(next()).toBeNull()
    add(refused, 1n)
    expect(next()?.id[0]).toBe(3)
  })
})

describe('spans that come late or twice', () => {
  it('counts and drops spans of a closed trace that ended before it was, and says whose', () => {
    const { feed, tick, traces, assembler } = harness()
    feed({ trace: 1, span: 1, start: 0 })
    tick(500)
    feed({ trace: 1, span: 2, parent: 1, start: 0 }, { trace: 1, span: 3, parent: 1, start: 0 })
    assembler.flush()
    expect(traces()).toHaveLength(1)
    expect(assembler.counts.lateSpans).toBe(2)
    expect(assembler.lateServices()).toEqual({ services: [{ service: 2, spans: 2 }], others: 0 })
    expect(balance(assembler)).toBe(0)
  })

  it('forgets closed ids in their order when there is no room, but not those asked for', () => {
    const { feed, tick, traces, assembler } = harness({ closedIds: 3 })
    for (let trace = 1; trace <= 3; trace++) feed({ trace, span: 1, start: trace })
    tick(500) // closes 1, 2, 3; the tick stays open
    feed({ trace: 1, span: 2, parent: 1, start: 0 }) // late: 1 is remembered for longer
    feed({ trace: 4, span: 1, start: 500 })
    tick(700) // closes the tick and 4: 2 and 3 are forgotten
    feed({ trace: 1, span: 3, parent: 1, start: 0 }, { trace: 2, span: 2, parent: 1, start: 0 })
    assembler.flush()
    expect(assembler.counts.lateSpans).toBe(2)
    expect(traces().filter((trace) => trace.trace === 2)).toHaveLength(2)
    expect(assembler.counts.closedIdsForgotten).toBeGreaterThanOrEqual(2)
  })

  it('keeps the first of two spans with the same id and counts the other', () => {
    const { feed, traces, assembler } = harness()
    feed({ trace: 1, span: 1, start: 0, duration: 9 }, { trace: 1, span: 2, parent: 1, start: 1 })
    feed({ trace: 1, span: 2, parent: 1, start: 3 }, { trace: 2, span: 2, parent: 1, start: 3 })
    assembler.flush()
    const one = traces().find((trace) => trace.trace === 1)!
    expect(one.spans.map((span) => [span.span, span.start])).toEqual([
      [1, 0],
      [2, 1e6],
    ])
    expect(assembler.counts.duplicates).toBe(1)
    expect(balance(assembler)).toBe(0)
  })

  it('drops spans without a trace id or a span id', () => {
    const { feed, traces, assembler } = harness()
    feed(
      { trace: 0, span: 1, start: 0 },
      { trace: 1, span: 1, start: 0 },
      { trace: 2, span: 0, start: 0 },
      { trace: 2, span: 1, start: 0 },
    )
    assembler.flush()
    expect(traces().map((trace) => [trace.trace, trace.spans.length])).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect(assembler.counts.invalidIds).toBe(2)
    expect(balance(assembler)).toBe(0)
  })
})

describe('caps', () => {
  it('drops spans beyond the most of a trace, and says that it is truncated', () => {
    const { feed, traces, assembler } = harness({ maxSpansPerTrace: 3 })
    for (let span = 1; span <= 5; span++) feed({ trace: 1, span, parent: span - 1, start: span })
    feed({ trace: 2, span: 1, start: 0 })
    assembler.flush()
    expect(traces()).toMatchObject([
      { trace: 1, truncated: true, rooted: true },
      { trace: 2, truncated: false },
    ])
    expect(traces()[0]!.spans).toHaveLength(3)
    expect(assembler.counts).toMatchObject({ overlongSpans: 2, truncated: 1 })
    expect(balance(assembler)).toBe(0)
  })

  it('evicts the oldest trace when there are too many', () => {
    const { feed, traces, assembler } = harness({ maxOpenTraces: 2 })
    feed({ trace: 9, span: 2, parent: 1, start: 0 })
    feed({ trace: 1, span: 2, parent: 1, start: 1 })
    feed({ trace: 9, span: 3, parent: 1, start: 2 }) // a further span makes it no younger
    feed({ trace: 5, span: 2, parent: 1, start: 3 })
    expect(traces()).toMatchObject([{ trace: 9, cause: 'evicted', truncated: false }])
    expect(assembler.counts.evictedForTraces).toBe(1)
    expect(assembler.openTraces).toBe(2)
  })

  it('evicts the oldest trace when there are too many spans, even the one that grows', () => {
    const { feed, traces, assembler } = harness({ maxOpenSpans: 4 })
    feed({ trace: 1, span: 2, parent: 1, start: 0 })
    for (let span = 2; span < 9; span++) feed({ trace: 2, span, parent: 1, start: span })
    expect(traces()).toMatchObject([
      { trace: 1, cause: 'evicted' },
      { trace: 2, cause: 'evicted' },
    ])
    expect(traces()[1]!.spans).toHaveLength(4)
    expect(assembler.counts).toMatchObject({ evictedForSpans: 2, lateSpans: 1 })
    expect(balance(assembler)).toBe(0)
  })

  it.each([
    ['every root missing', (n: number) => ({ trace: 1 + (n % 50), span: n + 1, parent: 9e6 })],
    ['one endless trace', (n: number) => ({ trace: 1, span: n + 1, parent: n })],
    ['every id new', (n: number) => ({ trace: n + 1, span: 1, parent: 5 })],
    ['always the same span', (_: number) => ({ trace: 1, span: 1, parent: 1 })],
  ])('hold against %s, with every drop counted', (_, draft) => {
    const caps = { maxOpenTraces: 20, maxOpenSpans: 64, maxSpansPerTrace: 40, closedIds: 30 }
    const { feed, assembler } = harness(caps)
    for (let n = 0; n < 3000; n += 3) {
      const at = (i: number) => ({ ...draft(n + i), start: n / 5 })
      feed(at(0), at(1), at(2))
      expect(assembler.openTraces).toBeLessThanOrEqual(20)
      expect(assembler.openSpans).toBeLessThanOrEqual(64)
      expect(balance(assembler)).toBe(0)
    }
    assembler.flush()
    const { counts } = assembler
    expect(balance(assembler)).toBe(0)
    expect(counts.spans).toBe(3000)
    expect(counts.spansOut + counts.lateSpans + counts.overlongSpans + counts.duplicates).toBe(3000)
  })
})

describe('positions', () => {
  it('needs the log from the first record of the oldest open trace', () => {
    const { feed, tick, assembler } = harness()
    expect(assembler.lowWatermark(0n)).toBe(0n)
    feed({ trace: 1, span: 1, start: 0 }) // 0
    feed({ trace: 2, span: 2, parent: 1, start: 0 }) // 1
    feed({ trace: 1, span: 2, parent: 1, start: 0 }) // 2
    expect(assembler.lowWatermark(3n)).toBe(0n)
    tick(200) // 3, closes 1
    expect(assembler.lowWatermark(4n)).toBe(1n)
    assembler.flush()
    expect(assembler.lowWatermark(4n)).toBe(4n)
  })

  it('keeps offsets beyond 2^53', () => {
    const assembler = new TraceAssembler(SETTINGS, STRIDE)
    assembler.add(record([{ trace: 1, span: 1, start: 0 }]), 2n ** 62n + 1n, true)
    expect(assembler.lowWatermark(2n ** 62n + 2n)).toBe(2n ** 62n + 1n)
  })
})

describe('a log read from its middle', () => {
  const early = [
    { trace: 1, span: 2, parent: 1, start: 0 }, // no root
    { trace: 2, span: 1, start: 0 },
    { trace: 2, span: 3, parent: 2, start: 0 }, // an orphan
    { trace: 3, span: 1, start: 0 }, // complete
  ]
  const late = { trace: 4, span: 2, parent: 1, start: 1002 } // no root, seen later

  it('calls incomplete traces truncated that were first seen within the longest wait', () => {
    const { feed, assembler, traces } = harness({}, { startedMidLog: true })
    feed(...early)
    feed(late)
    assembler.flush()
    const truncated = traces().map((trace) => [trace.trace, trace.truncated])
    expect(new Map(truncated as [number, boolean][])).toEqual(
      new Map([
        [1, true],
        [2, true],
        [3, false],
        [4, false],
      ]),
    )
    expect(assembler.counts.truncated).toBe(2)
  })

  it('means the beginning of the log: not what comes after a gap in it', () => {
    const { feed, assembler, traces } = harness({ maxJumpMs: 2_000 }, { startedMidLog: true })
    feed(...early)
    for (let trace = 5; trace < 8; trace++) {
      for (let span = 2; span < 6; span++) feed({ trace, span, parent: 1, start: 50_000 })
    }
    feed({ trace: 8, span: 2, parent: 1, start: 50_001 })
    assembler.flush()
    expect(traces().find((trace) => trace.trace === 8)).toMatchObject({ truncated: false })
  })

  it('counts from where the clock was set back to', () => {
    const { feed, assembler, traces } = harness({ maxJumpMs: 2_000 }, { startedMidLog: true })
    feed({ trace: 9, span: 1, start: 1_000_000 })
    for (let trace = 1; trace < 4; trace++) feed({ trace, span: 2, parent: 1, start: trace })
    feed({ trace: 5, span: 2, parent: 1, start: 900 })
    feed({ trace: 6, span: 2, parent: 1, start: 1_100 })
    assembler.flush()
    const truncated = traces().filter((trace) => trace.truncated)
    expect(truncated.map((trace) => trace.trace)).toEqual([1, 2, 3, 5])
  })

  it('calls none truncated when it begins at the beginning', () => {
    const { feed, assembler, traces } = harness()
    feed(...early)
    assembler.flush()
    expect(traces().every((trace) => !trace.truncated)).toBe(true)
  })
})

describe('counting incomplete traces', () => {
  const drafts = [
    { trace: 1, span: 2, parent: 1, start: 0 },
    { trace: 2, span: 1, start: 0 },
    { trace: 2, span: 3, parent: 2, start: 0 },
    { trace: 3, span: 1, start: 0 },
  ]

  it('tells those without root from those with orphans', () => {
    const { feed, assembler } = harness()
    feed(...drafts)
    assembler.flush()
    expect(assembler.counts).toMatchObject({ rootless: 1, orphaned: 1, incompleteUnkeyed: 0 })
  })

  it('tells how many came from records without a key', () => {
    const { feed, assembler } = harness({}, { keyed: false })
    feed(...drafts)
    assembler.flush()
    expect(assembler.counts.incompleteUnkeyed).toBe(2)
  })
})
