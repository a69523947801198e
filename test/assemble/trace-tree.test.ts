import { describe, expect, it } from 'vitest'
import { harness, record, type SpanDraft, T0_MS, type TraceCopy } from './span-drafts.ts'

/** The single trace of the drafts, with the counts of making it. */
function build(...drafts: Omit<SpanDraft, 'trace'>[]) {
  return buildAll(drafts)
}

function buildAll(drafts: readonly Omit<SpanDraft, 'trace'>[]) {
  const { assembler, out } = harness({ maxSpansPerTrace: 1e6, maxOpenSpans: 1e6 })
  assembler.add(record(drafts.map((draft) => ({ ...draft, trace: 1 }))), 0n, true)
  assembler.flush()
  expect(out).toHaveLength(1)
  return { ...out[0]!, counts: assembler.counts }
}

/** The tree as text: `1(2(3) 4)`. */
function shape(trace: TraceCopy): string {
  const text = (at: number): string => {
    const below = trace.spans.flatMap((span, i) => (span.up === at ? [text(i)] : []))
    return `${trace.spans[at]!.span}${below.length > 0 ? `(${below.join(' ')})` : ''}`
  }
  return text(0)
}

const ms = (values: readonly number[]): number[] => values.map((value) => value * 1e6)

describe('the order of spans', () => {
  it('is depth-first, siblings by start and then span id', () => {
    const trace = build(
      { span: 7, parent: 1, start: 5 },
      { span: 6, parent: 1, start: 5 },
      { span: 5, parent: 3, start: 9 },
      { span: 4, parent: 1, start: 2 },
      { span: 3, parent: 4, start: 8 },
      { span: 1, start: 0, duration: 20 },
      { span: 2, parent: 4, start: 3 },
    )
    expect(shape(trace)).toBe('1(4(2 3(5)) 6 7)')
    expect(trace.spans.map((span) => span.span)).toEqual([1, 4, 2, 3, 5, 6, 7])
    expect(trace.spans.map((span) => span.start)).toEqual(ms([0, 2, 3, 8, 9, 5, 5]))
    expect(trace).toMatchObject({ rooted: true, orphans: 0, endMs: T0_MS + 20 })
    expect(trace.startNs).toBe(BigInt(T0_MS) * 1_000_000n)
  })

  it('keeps starts to the nanosecond across the boundary of the lower word', () => {
    const base = (1_700_000_000n << 32n) / 4n // some time in 2057
    const edge = (base >> 32n) << 32n
    const trace = build(
      { span: 1, start: 0, startNs: edge - 1n, endNs: edge + 9n },
      { span: 2, parent: 1, start: 0, startNs: edge + 1n, endNs: edge + 2n },
    )
    expect(trace.startNs).toBe(edge - 1n)
    expect(trace.spans.map((span) => [span.start, span.duration])).toEqual([
      [0, 10],
      [2, 1],
    ])
  })

  it('copes with a chain and a fan of 30,000 spans', () => {
    const n = 30_000
    const spans = Array.from({ length: n }, (_, i) => n - i)
    const chain = buildAll(spans.map((span) => ({ span, parent: span - 1, start: span })))
    expect(chain.spans.every((span, i) => span.span === i + 1 && span.up === i - 1)).toBe(true)
    const fan = buildAll(spans.map((span) => ({ span, parent: span === 1 ? 0 : 1, start: 0 })))
    expect(fan.spans.every((span, i) => span.span === i + 1)).toBe(true)
    expect(fan.spans.every((span, i) => span.up === (i === 0 ? -1 : 0))).toBe(true)
  })
})

describe('incomplete traces', () => {
  it('hang orphans under the entry, in order of start among its children', () => {
    const trace = build(
      { span: 1, start: 0, duration: 9 },
      { span: 2, parent: 1, start: 4 },
      { span: 3, parent: 99, start: 2 },
      { span: 4, parent: 3, start: 3 },
      { span: 5, parent: 98, start: 6 },
    )
    expect(shape(trace)).toBe('1(3(4) 2 5)')
    expect(trace).toMatchObject({ rooted: true, orphans: 2 })
    expect(trace.counts).toMatchObject({ orphanSpans: 2, orphaned: 1, rootless: 0 })
  })

  it('enter at the earliest top-most fragment where there is no root', () => {
    const trace = build(
      { span: 2, parent: 9, start: 5 },
      { span: 3, parent: 8, start: 4 },
      { span: 4, parent: 3, start: 1 },
    )
    expect(shape(trace)).toBe('3(4 2)')
    expect(trace).toMatchObject({ rooted: false, orphans: 1 })
    expect(trace.counts).toMatchObject({ orphanSpans: 1, orphaned: 1, rootless: 1 })
  })

  it('count no orphan where a single fragment is the entry', () => {
    const trace = build({ span: 2, parent: 9, start: 5 }, { span: 3, parent: 2, start: 6 })
    expect(trace).toMatchObject({ rooted: false, orphans: 0 })
  })

  it('enter at the earliest of several roots, and hang the others under it', () => {
    const trace = build(
      { span: 3, start: 7 },
      { span: 2, parent: 9, start: 1 },
      { span: 1, start: 5 },
      { span: 4, parent: 3, start: 8 },
    )
    expect(shape(trace)).toBe('1(2 3(4))')
    expect(trace).toMatchObject({ rooted: true, orphans: 1 })
    expect(trace.counts.extraRoots).toBe(1)
  })
})

describe('cycles', () => {
  it('are cut at their earliest span, which then hangs under the entry', () => {
    const trace = build(
      { span: 4, parent: 3, start: 6 },
      { span: 3, parent: 2, start: 3 },
      { span: 1, start: 0 },
      { span: 2, parent: 4, start: 5 },
      { span: 5, parent: 4, start: 9 },
    )
    expect(shape(trace)).toBe('1(3(4(2 5)))')
    expect(trace).toMatchObject({ rooted: true, orphans: 0 })
    expect(trace.counts.cycles).toBe(1)
  })

  it('of one span that names itself are cut too', () => {
    const trace = build({ span: 1, start: 0 }, { span: 2, parent: 2, start: 3 })
    expect(shape(trace)).toBe('1(2)')
    expect(trace.counts.cycles).toBe(1)
  })

  it('alone make a trace whose entry is their earliest span', () => {
    const trace = build(
      { span: 1, parent: 2, start: 5 },
      { span: 2, parent: 1, start: 4 },
      { span: 3, parent: 3, start: 9 },
    )
    expect(shape(trace)).toBe('2(1 3)')
    expect(trace).toMatchObject({ rooted: false, orphans: 0 })
    expect(trace.counts.cycles).toBe(2)
  })

  it('can give the entry where they begin before the orphans', () => {
    const trace = build(
      { span: 1, parent: 2, start: 1 },
      { span: 2, parent: 1, start: 4 },
      { span: 3, parent: 9, start: 2 },
    )
    expect(shape(trace)).toBe('1(3 2)')
    expect(trace).toMatchObject({ rooted: false, orphans: 1 })
  })
})

describe('clock skew', () => {
  const root = { span: 1, start: 100, duration: 20, service: 1, kind: 3 }
  const starts = (trace: TraceCopy) => trace.spans.map((span) => span.start / 1e6)

  it('puts a child of another service that starts early into the middle, with all below it', () => {
    const trace = build(
      root,
      { span: 2, parent: 1, start: 70, duration: 10, service: 2, kind: 2 },
      { span: 3, parent: 2, start: 72, duration: 4, service: 2 },
      { span: 4, parent: 3, start: 73, duration: 1, service: 3 },
    )
    // The call took 20 ms, its serving 10: 5 ms there and 5 back.
    expect(starts(trace)).toEqual([0, 5, 7, 8])
    expect(trace.startNs).toBe(BigInt(T0_MS + 100) * 1_000_000n)
    expect(trace.counts.skewShifts).toBe(1)
  })

  it('does the same where the child ends late', () => {
    const trace = build(root, { span: 2, parent: 1, start: 115, duration: 11, service: 2, kind: 2 })
    expect(starts(trace)).toEqual([0, 4.5])
  })

  it('corrects each service on the way by its own clock', () => {
    const trace = build(
      root,
      { span: 2, parent: 1, start: 0, duration: 16, service: 2, kind: 2 },
      { span: 3, parent: 2, start: 500, duration: 6, service: 3, kind: 2 },
    )
    expect(starts(trace)).toEqual([0, 2, 7])
    expect(trace.counts.skewShifts).toBe(2)
  })

  it('rounds half nanoseconds down', () => {
    const ns = (n: number) => BigInt(T0_MS) * 1_000_000n + BigInt(n)
    const trace = build(
      { span: 1, start: 0, service: 1, startNs: ns(1000), endNs: ns(1010) },
      { span: 2, parent: 1, start: 0, service: 2, startNs: ns(900), endNs: ns(905) },
    )
    expect(trace.spans.map((span) => span.start)).toEqual([0, 2])
  })

  it('dates the trace by its corrected start, also across the boundary of the lower word', () => {
    const edge = 395_812_500n << 32n // 2023-11-14
    const trace = build(
      { span: 1, start: 0, service: 1, startNs: edge + 100n, endNs: edge + 200n },
      { span: 2, parent: 1, start: 0, service: 2, startNs: edge - 50n, endNs: edge - 10n },
    )
    expect(trace.startNs).toBe(edge + 100n)
    expect(trace.spans.map((span) => span.start)).toEqual([0, 30])
  })

  it.each([
    ['of the same service', { start: 90, duration: 10, service: 1 }],
    ['that fits, touching both ends', { start: 100, duration: 20, service: 2 }],
    ['that is longer than its parent', { start: 105, duration: 21, service: 2 }],
  ])('leaves a child alone %s', (_, child) => {
    const trace = build(root, { span: 2, parent: 1, ...child })
    const apart = trace.spans[1]!.start - trace.spans[0]!.start
    expect(apart).toBe((child.start - 100) * 1e6)
    expect(trace.counts.skewShifts).toBe(0)
  })

  it('leaves what a producer caused alone', () => {
    const trace = build(
      { ...root, kind: 4 },
      { span: 2, parent: 1, start: 115, duration: 11, service: 2 },
    )
    expect(starts(trace)).toEqual([0, 15])
  })

  it('only keeps longer and asynchronous children from starting before their cause', () => {
    const trace = build(
      { ...root, kind: 4 },
      { span: 2, parent: 1, start: 95, duration: 40, service: 2, kind: 2 },
      { span: 3, parent: 1, start: 90, duration: 1, service: 3, kind: 2 },
    )
    expect(trace.spans.map((span) => [span.span, span.start])).toEqual([
      [1, 0],
      [3, 0],
      [2, 0],
    ])
    expect(trace.counts.skewShifts).toBe(2)
  })

  it('does not correct orphans, whose parent is not known', () => {
    const trace = build(root, { span: 2, parent: 9, start: 90, duration: 10, service: 2 })
    expect(starts(trace)).toEqual([10, 0])
  })
})

describe('impossible times', () => {
  it('make negative durations 0 and count them', () => {
    const trace = build(
      { span: 1, start: 5, duration: 9 },
      { span: 2, parent: 1, start: 6, duration: -3 },
    )
    expect(trace.spans.map((span) => span.duration)).toEqual(ms([9, 0]))
    expect(trace.counts.negativeDurations).toBe(1)
  })

  it('put a span without a start where its parent starts, last among its siblings', () => {
    const trace = build(
      { span: 1, start: 5, duration: 9 },
      { span: 2, parent: 1, start: 0, startNs: 0n },
      { span: 3, parent: 1, start: 7 },
      { span: 4, parent: 2, start: 8 },
    )
    expect(shape(trace)).toBe('1(3 2(4))')
    expect(trace.spans.map((span) => [span.start, span.duration])).toEqual([
      [0, 9e6],
      [2e6, 1e6],
      [0, 0],
      [3e6, 1e6],
    ])
    expect(trace.startNs).toBe(BigInt(T0_MS + 5) * 1_000_000n)
    expect(trace.counts).toMatchObject({ absurdTimes: 1, negativeDurations: 0 })
  })

  it('give a span that ends in no believable year no duration, and the trace no such end', () => {
    const year2500 = 16_700_000_000_000_000_000n
    const trace = build(
      { span: 1, start: 5, duration: 9 },
      { span: 2, parent: 1, start: 6, endNs: year2500 },
      { span: 3, parent: 1, start: 7, endNs: 0n },
    )
    expect(trace.spans.map((span) => span.duration)).toEqual(ms([9, 0, 0]))
    expect(trace.endMs).toBe(T0_MS + 14)
    expect(trace.counts).toMatchObject({ absurdTimes: 2, negativeDurations: 0 })
  })

  it('do not date a trace after data time', () => {
    const { feed, assembler, out } = harness({ maxJumpMs: 1000 })
    feed({ trace: 2, span: 1, start: 0 }, { trace: 2, span: 2, parent: 1, start: 5 })
    feed({ trace: 1, span: 1, start: 3, duration: 5_000 })
    assembler.flush()
    expect(out.map((trace) => [trace.trace, trace.endMs - T0_MS])).toEqual([
      [2, 6],
      [1, 6],
    ])
  })

  it('leave a trace without any at data time', () => {
    const { feed, assembler, out } = harness()
    feed({ trace: 2, span: 1, start: 0, duration: 4 })
    feed({ trace: 1, span: 1, start: 0, startNs: 0n, endNs: 0n })
    assembler.flush()
    const trace = out.find((one) => one.trace === 1)!
    expect(trace.endMs).toBe(T0_MS + 4)
    expect(trace.startNs).toBe(BigInt(T0_MS + 4) * 1_000_000n)
    expect(trace.spans).toEqual([{ span: 1, up: -1, start: 0, duration: 0 }])
  })
})

describe('both sides of a call under one span id', () => {
  const client = { span: 2, parent: 1, start: 1, duration: 8, service: 2, kind: 3 }
  const server = { span: 2, parent: 1, start: 2, duration: 6, service: 3, kind: 2 }
  const below = { span: 3, parent: 2, start: 3, duration: 2, service: 3 }
  const root = { span: 1, start: 0, duration: 10, service: 2, kind: 2 }

  it.each([
    ['the client first', [root, client, server, below]],
    ['the server first', [below, server, root, client]],
  ])('are two spans, the server below the client, %s', (_, drafts) => {
    const trace = build(...drafts)
    expect(trace.spans.map(({ span, up, duration }) => [span, up, duration / 1e6])).toEqual([
      [1, -1, 10],
      [2, 0, 8],
      [2, 1, 6],
      [3, 2, 2],
    ])
    expect(trace.counts.duplicates).toBe(0)
  })

  it('have what the client does itself below the client', () => {
    const own = { span: 4, parent: 2, start: 1, duration: 1, service: 2 }
    const trace = build(root, client, server, own, below)
    expect(trace.spans.map(({ span, up }) => [span, up])).toEqual([
      [1, -1],
      [2, 0],
      [4, 1],
      [2, 1],
      [3, 3],
    ])
  })

  it('count once each, however often they come', () => {
    const trace = build(root, client, server, client, server, { ...server, kind: 1 })
    expect(trace.spans).toHaveLength(3)
    expect(trace.counts.duplicates).toBe(3)
  })
})
