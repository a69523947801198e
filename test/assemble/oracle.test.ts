import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import { DrainedAssembler, drain } from './drained-assembler.ts'
import { NaiveAssembler } from './naive-assembler.ts'
import {
  balance,
  copyOf,
  record,
  SETTINGS,
  type SpanDraft,
  STRIDE,
  type TraceCopy,
} from './span-drafts.ts'

const spanDraft = (traces: number, spans: number): fc.Arbitrary<SpanDraft> =>
  fc
    .record({
      trace: fc.integer({ min: 1, max: traces }),
      span: fc.integer({ min: 1, max: spans }),
      parent: fc.oneof(fc.integer({ min: 0, max: spans }), fc.constantFrom(0, 99)),
      // Whole and quarter ms, so that the two words and their ms value say the same.
      start: fc.integer({ min: 0, max: 160 }).map((quarter) => quarter / 4),
      duration: fc.integer({ min: -8, max: 160 }).map((quarter) => quarter / 4),
      service: fc.integer({ min: 0, max: 3 }),
      kind: fc.integer({ min: 0, max: 5 }),
      broken: fc.oneof(
        { weight: 30, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.constantFrom('start', 'end', 'trace', 'span') },
      ),
    })
    .map(({ broken, ...draft }) => {
      if (broken === 'start') return { ...draft, startNs: 5n, endNs: endNsOf(draft) }
      if (broken === 'end') return { ...draft, endNs: 2n ** 63n }
      if (broken === 'trace') return { ...draft, trace: 0 }
      return broken === 'span' ? { ...draft, span: 0 } : draft
    })

function endNsOf(draft: { start: number; duration: number }): bigint {
  return 1_700_000_000_000_000_000n + BigInt(Math.round((draft.start + draft.duration) * 1e6))
}

/** Records whose spans are drawn around a time that moves on. */
function stream(traces: number, spans: number): fc.Arbitrary<SpanDraft[][]> {
  const step = fc.tuple(
    fc.integer({ min: 0, max: 60 }),
    fc.array(spanDraft(traces, spans), { maxLength: 12 }),
  )
  // The first record has one span of its own: then data time begins at the same place for both.
  const first: SpanDraft = { trace: traces + 1, span: 1, start: 0, duration: 0 }
  return fc.array(step, { maxLength: 40 }).map((steps) => {
    let now = 1
    const moved = steps.map(([by, drafts]) => {
      now += by
      return drafts.map((draft) => {
        const later = { ...draft, start: draft.start + now }
        if (draft.endNs === undefined || draft.startNs === undefined) return later
        return { ...later, endNs: draft.endNs + BigInt(now * 1_000_000) }
      })
    })
    return [[first], ...moved]
  })
}

const tight: fc.Arbitrary<AssembleSettings> = fc.record({
  quietMs: fc.integer({ min: 1, max: 100 }),
  maxWaitMs: fc.integer({ min: 50, max: 400 }),
  maxSpansPerTrace: fc.integer({ min: 1, max: 20 }),
  maxOpenTraces: fc.integer({ min: 1, max: 8 }),
  maxOpenSpans: fc.integer({ min: 1, max: 40 }),
  closedIds: fc.constant(1000),
  maxJumpMs: fc.constant(1e9),
})
const wide: AssembleSettings = { ...SETTINGS, quietMs: 60, maxWaitMs: 300, maxJumpMs: 1e9 }
const settings = fc.oneof(fc.constant(wide), tight)

/** Many traces, or few large ones with shared spans, cycles and repetitions. */
const streams = fc.oneof(stream(30, 6), stream(3, 40), stream(1, 15))

function assemblerOf(using: AssembleSettings) {
  const out: TraceCopy[] = []
  return { out, assembler: new DrainedAssembler(using, STRIDE, (trace) => out.push(copyOf(trace))) }
}

describe('any stream of spans', () => {
  it('is assembled as the slow and obvious way does it', () => {
    fc.assert(
      fc.property(streams, settings, (records, using) => {
        const { out, assembler } = assemblerOf(using)
        const naive = new NaiveAssembler(using)
        records.forEach((drafts, i) => {
          assembler.add(record(drafts), BigInt(i), true)
          naive.add(drafts)
          expect(out).toEqual(naive.out)
          expect(assembler.openTraces).toBe(naive.openTraces)
          expect(assembler.openSpans).toBe(naive.openSpans)
          expect(assembler.lowWatermark(BigInt(i + 1))).toBe(BigInt(naive.lowWatermark()))
          expect(balance(assembler)).toBe(0)
        })
        assembler.flush()
        naive.flush()
        expect(out).toEqual(naive.out)
        const { counts } = assembler
        expect({
          late: counts.lateSpans,
          duplicates: counts.duplicates,
          overlong: counts.overlongSpans,
          invalid: counts.invalidIds,
          consumers: counts.consumerSegments,
          lateParts: counts.lateSegments,
          skewShifts: counts.skewShifts,
          cycles: counts.cycles,
          evicted: counts.evictedForSpans + counts.evictedForTraces,
        }).toEqual({
          late: naive.late,
          duplicates: naive.duplicates,
          overlong: naive.overlong,
          invalid: naive.invalid,
          consumers: naive.consumers,
          lateParts: naive.lateParts,
          skewShifts: naive.skewShifts,
          cycles: naive.cycles,
          evicted: naive.evicted,
        })
        expect(balance(assembler)).toBe(0)
        expect(assembler.openSpans).toBe(0)
      }),
      { seed: 5, numRuns: 400 },
    )
  })

  it('gives the same whenever somebody asks for what is due', () => {
    fc.assert(
      fc.property(streams, settings, fc.infiniteStream(fc.boolean()), (records, using, asks) => {
        const plain = assemblerOf(using)
        const asked = assemblerOf(using)
        records.forEach((drafts, i) => {
          plain.assembler.add(record(drafts), BigInt(i), true)
          if (asks.next().value) drain(asked.assembler, (trace) => asked.out.push(copyOf(trace)))
          asked.assembler.add(record(drafts), BigInt(i), true)
          if (asks.next().value) drain(asked.assembler, (trace) => asked.out.push(copyOf(trace)))
        })
        expect(asked.out).toEqual(plain.out)
        expect(asked.assembler.state()).toEqual(plain.assembler.state())
      }),
      { seed: 6, numRuns: 60 },
    )
  })

  it('gives the same traces whatever the order within a record', () => {
    const shuffled = stream(20, 30).chain((records) =>
      fc.tuple(
        fc.constant(records),
        fc.tuple(
          ...records.map((drafts) =>
            fc.shuffledSubarray(drafts, { minLength: drafts.length, maxLength: drafts.length }),
          ),
        ),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([records, others]) => {
        // Of spans with the same id the first counts, so there must be none.
        const seen = new Set<string>()
        const fresh = new Set(
          records.flat().filter((draft) => {
            const key = `${draft.trace}/${draft.span}`
            return !seen.has(key) && seen.add(key)
          }),
        )
        const one = assemblerOf(wide)
        const other = assemblerOf(wide)
        records.forEach((drafts, i) => {
          const keep = (draft: SpanDraft) => fresh.has(draft)
          one.assembler.add(record(drafts.filter(keep)), BigInt(i), true)
          other.assembler.add(record((others[i] as SpanDraft[]).filter(keep)), BigInt(i), true)
        })
        one.assembler.flush()
        other.assembler.flush()
        expect(other.out).toEqual(one.out)
        expect(other.assembler.counts).toEqual(one.assembler.counts)
      }),
      { seed: 7, numRuns: 100 },
    )
  })
})

describe('a snapshot', () => {
  const cut = fc.double({ min: 0, max: 1, noNaN: true })
  // Small reach and few closed ids: votes and forgetting are part of what must go on.
  const any = fc.oneof(
    settings,
    tight.map((using) => ({ ...using, maxJumpMs: 20, closedIds: 7 })),
  )

  it('taken anywhere goes on as if nothing had happened', () => {
    fc.assert(
      fc.property(streams, any, cut, fc.boolean(), (records, using, where, midLog) => {
        const options = { startedMidLog: midLog }
        const uninterrupted = new TraceAssembler(using, STRIDE, options)
        const at = Math.floor(where * records.length)
        const whole: TraceCopy[] = []
        const feed = (
          assembler: TraceAssembler,
          out: TraceCopy[],
          from: number,
          to: number,
        ): void => {
          for (let i = from; i < to; i++) {
            assembler.add(record(records[i]!), BigInt(i), i % 2 === 0)
            drain(assembler, (trace) => out.push(copyOf(trace)))
          }
        }
        feed(uninterrupted, whole, 0, at)
        // Plain data: it survives a structured clone, and is a copy, not a view.
        const state = uninterrupted.state()
        const saved = structuredClone(state)
        const parts = [...whole]
        feed(uninterrupted, whole, at, records.length)
        expect(state).toEqual(saved)
        const restored = TraceAssembler.restore(saved, using, STRIDE)
        expect(restored.state()).toEqual(saved)
        feed(restored, parts, at, records.length)
        expect(parts).toEqual(whole)
        expect(restored.state()).toEqual(uninterrupted.state())
        uninterrupted.flush()
        drain(uninterrupted, (trace) => whole.push(copyOf(trace)))
        restored.flush()
        drain(restored, (trace) => parts.push(copyOf(trace)))
        expect(parts).toEqual(whole)
        expect(restored.counts).toEqual(uninterrupted.counts)
      }),
      { seed: 8, numRuns: 300 },
    )
  })

  it('of another format, stride or length is refused', () => {
    const { assembler } = assemblerOf(wide)
    assembler.add(record([{ trace: 1, span: 1, start: 0 }]), 0n, true)
    const state = assembler.state()
    const restore = (changed: object, stride = STRIDE) =>
      TraceAssembler.restore({ ...state, ...changed } as typeof state, wide, stride)
    expect(() => restore({ format: 1 })).toThrow(/format 1.*reads 4/)
    expect(() => restore({}, STRIDE + 1)).toThrow(/3 attribute slots.*expected 4/)
    const changed = (part: object): object => ({ open: { ...state.open, ...part } })
    const facts = { ...state.open.facts, spans: Int32Array.of(0) }
    expect(() => restore(changed({ spans: new Int32Array(2) }))).toThrow(/damaged/)
    expect(() => restore(changed({ facts }))).toThrow(/damaged/)
    const { redated, ...lacking } = state.open.facts
    expect(() => restore(changed({ facts: lacking }))).toThrow(/"redated" is missing/)
    expect(() => restore({})).not.toThrow()
  })

  it('can be taken over with smaller caps', () => {
    const { assembler } = assemblerOf({ ...wide, closedIds: 10 })
    for (let i = 0; i < 40; i++) {
      assembler.add(record([{ trace: i + 1, span: 1, start: i * 4, duration: 0 }]), BigInt(i), true)
    }
    const caps = { ...wide, closedIds: 3, maxOpenTraces: 4, maxOpenSpans: 5 }
    const out: TraceCopy[] = []
    const smaller = TraceAssembler.restore(assembler.state(), caps, STRIDE)
    const take = () => drain(smaller, (trace) => out.push(copyOf(trace)))
    expect(smaller.openTraces).toBeGreaterThan(5)
    smaller.add(
      record([
        { trace: 900, span: 2, parent: 1, start: 156 },
        { trace: 900, span: 3, parent: 1, start: 156 },
      ]),
      99n,
      true,
    )
    take()
    expect(smaller.openSpans).toBeLessThanOrEqual(5)
    expect(smaller.openTraces).toBeLessThanOrEqual(4)
    expect(balance(smaller)).toBe(0)
    smaller.flush()
    take()
    expect(out.at(-1)).toMatchObject({ trace: 900 })
  })
})
