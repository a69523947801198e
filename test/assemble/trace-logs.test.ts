import { describe, expect, it } from 'vitest'
import { type AssembledTrace, emptyTrace } from '../../src/assemble/assembled-trace.ts'
import type { TracedRecord } from '../../src/assemble/log-graft.ts'
import { type TraceLogSettings, TraceLogs } from '../../src/assemble/trace-logs.ts'
import { KIND_LOG } from '../../src/otlp/span-columns.ts'

const START_MS = 1_795_914_000_000
const OTHER = 99
const ID = Uint32Array.of(1, 2, 3, 4)

function logs(changes: Partial<TraceLogSettings> = {}, maxPlaces = 1000): TraceLogs {
  const settings = { waitMs: 10_000, maxRecords: 5, maxWaiting: 8, ...changes }
  return new TraceLogs(settings, 60_000, 0, maxPlaces, () => OTHER)
}

function record(changes: Partial<TracedRecord> = {}): TracedRecord {
  return {
    ...{ partition: 'otlp_logs/0', offset: 7n, spanHi: 0, spanLo: 0, service: 1, name: 50 },
    ...{ severity: 9, timeMs: START_MS, sessionKey: null, ...changes },
  }
}

/** Spans by parent, start and duration in ms; their ids are 1, 2, ... */
function trace(...spans: readonly (readonly [number, number, number])[]): AssembledTrace {
  const made = emptyTrace(0, spans.length)
  spans.forEach(([parent, startMs, durationMs], i) => {
    const { of } = made.columns
    made.columns.add()
    of.spanId[2 * i + 1] = i + 1
    of.service[i] = 10 + i
    of.name[i] = 20 + i
    of.kind[i] = 2
    made.parent[i] = parent
    made.startNs[i] = startMs * 1e6
    made.durationNs[i] = durationMs * 1e6
  })
  made.count = spans.length
  made.traceId.set(ID)
  made.startHi = Math.floor((START_MS * 1e6) / 2 ** 32)
  made.startLo = (START_MS * 1e6) % 2 ** 32
  made.rooted = true
  return made
}

/** Names and depth in order, as `20 .21 ..50`. */
function shape({ count, parent, columns }: AssembledTrace): string {
  const depth: number[] = []
  for (let i = 0; i < count; i++) depth[i] = parent[i]! < 0 ? 0 : depth[parent[i]!]! + 1
  return depth.map((d, i) => '.'.repeat(d) + columns.of.name[i]).join(' ')
}

const TREE = [
  [-1, 0, 100],
  [0, 10, 20],
  [1, 15, 5],
  [0, 50, 20],
] as const

function joined(...records: readonly TracedRecord[]): AssembledTrace {
  const store = logs()
  for (const one of records) store.add(ID, 0, one, START_MS)
  return store.join(trace(...TREE))
}

describe('log records in a trace', () => {
  it('leave alone how long its message waited, and who sent it', () => {
    const store = logs()
    const made = { ...trace(...TREE), waitNs: 7e9, sender: 5 }
    store.add(ID, 0, record(), START_MS)
    expect(store.join(made)).toMatchObject({ count: 5, waitNs: 7e9, sender: 5 })
  })

  it('hang below the span that they name, by time, and the spans stay as they are', () => {
    const all = joined(
      record({ spanLo: 2, name: 51, timeMs: START_MS + 25 }),
      record({ spanLo: 2, name: 50, timeMs: START_MS + 12 }),
      record({ spanLo: 1, name: 52, timeMs: START_MS + 40 }),
      record({ spanLo: 4, name: 53, timeMs: START_MS + 60 }),
    )
    expect(shape(all)).toBe('20 .21 ..50 ..22 ..51 .52 .23 ..53')
    const spans = [0, 1, 3, 6]
    expect(spans.map((i) => all.startNs[i]! / 1e6)).toEqual([0, 10, 15, 50])
    expect(spans.map((i) => all.durationNs[i]! / 1e6)).toEqual([100, 20, 5, 20])
    expect([2, 4, 5, 7].map((i) => [all.columns.of.kind[i], all.durationNs[i]])).toEqual(
      Array.from({ length: 4 }, () => [KIND_LOG, 0]),
    )
  })

  it('hang below the entry where they name no span, or one that is not there', () => {
    expect(shape(joined(record(), record({ spanLo: 77, name: 51 })))).toBe(
      '20 .50 .51 .21 ..22 .23',
    )
  })

  it('lie within their span, whatever their clock says', () => {
    const early = record({ spanLo: 2, name: 50, timeMs: START_MS - 9e6 })
    const late = record({ spanLo: 2, name: 51, timeMs: START_MS + 9e6 })
    const all = joined(late, early, record({ spanLo: 2, name: 52, timeMs: 0 }))
    expect(shape(all)).toBe('20 .21 ..50 ..52 ..22 ..51 .23')
    expect([2, 5].map((i) => all.startNs[i]! / 1e6)).toEqual([10, 30])
  })

  it('are errors from severity ERROR on', () => {
    const all = joined(record({ severity: 17 }), record({ severity: 16, name: 51 }))
    expect([all.columns.of.status[1], all.columns.of.status[2]]).toEqual([2, 0])
  })

  it('go to the part of the trace that has their span', () => {
    const store = logs()
    for (const spanLo of [0, 2, 3, 77]) store.add(ID, 0, record({ spanLo, name: 50 + spanLo }), 0)
    const whole = trace(...TREE)
    const first = { ...trace([-1, 0, 100], [0, 10, 20]), whole }
    expect(shape(store.join(first))).toBe('20 .50 .127 .21 ..52')
    const second = { ...trace([-1, 0, 5]), whole, part: 'consumer' as const }
    second.columns.of.spanId[1] = 3
    expect(shape(store.join(second))).toBe('20 .53')
    expect([store.waiting, store.counts.joined]).toEqual([0, 4])
  })

  it('leave a trace without any as it is', () => {
    const one = trace(...TREE)
    const store = logs()
    expect(store.join(one)).toBe(one)
    store.add(Uint32Array.of(9, 9, 9, 9), 0, record(), 0)
    expect(store.join(one)).toBe(one)
  })

  it('share a name where an operation has too many templates, or all have', () => {
    const few = logs({}, 2)
    for (const name of [50, 51, 52, 50]) few.add(ID, 0, record({ name }), 0)
    expect(shape(few.join(trace([-1, 0, 1])))).toBe(`20 .50 .51 .${OTHER} .50`)
    const many = logs({ maxRecords: 500, maxWaiting: 500 })
    for (let name = 1000; name < 1200; name++) many.add(ID, 0, record({ name }), 0)
    const { count, columns } = many.join(trace([-1, 0, 1]))
    expect(count).toBe(201)
    expect(new Set(columns.of.name.subarray(1, count)).size).toBe(129)
    expect(many.counts.otherLines).toBe(72)
  })
})

describe('log records that wait', () => {
  const open = () => 'open' as const
  const unknown = () => 'unknown' as const

  it('do so for as long as their trace is open, and no longer than it takes spans to come', () => {
    const store = logs()
    store.add(ID, 0, record(), 1000)
    expect(store.expire(60_999, unknown)).toEqual([])
    expect(store.expire(61_000, open)).toEqual([])
    expect(store.expire(120_999, unknown)).toEqual([])
    expect(store.expire(121_000, unknown)).toEqual([record()])
    expect(store.counts).toMatchObject({ taken: 1, lone: 1, joined: 0 })
    expect(store.unjoined().lone.services).toEqual([{ service: 1, spans: 1 }])
  })

  it('are late where their trace was handed out before', () => {
    const store = logs()
    store.add(ID, 0, record({ service: 3 }), 0)
    expect(store.expire(1e9, () => 'closed')).toEqual([])
    expect(store.counts).toMatchObject({ late: 1, lone: 0 })
    expect(store.unjoined().late.services).toEqual([{ service: 3, spans: 1 }])
  })

  it('are bounded, in a trace and altogether: the oldest make room', () => {
    const store = logs()
    for (let i = 0; i < 7; i++) store.add(ID, 0, record({ name: i }), 0)
    expect([store.waiting, store.counts.overlong]).toEqual([5, 2])
    const other = Uint32Array.of(5, 6, 7, 8)
    for (let i = 0; i < 4; i++) store.add(other, 0, record({ name: 10 + i }), 0)
    expect([store.waiting, store.counts.crowdedOut]).toEqual([4, 5])
    expect(store.expire(0, unknown).map(({ name }) => name)).toEqual([0, 1, 2, 3, 4])
    const { taken, joined: j, late, lone, overlong, crowdedOut, lost } = store.counts
    expect(taken).toBe(j + late + lone + overlong + crowdedOut + lost + store.waiting)
  })

  it('are read again by whoever goes on without this state, and lost with their partition', () => {
    const store = logs()
    store.add(ID, 0, record({ offset: 9n }), 0)
    store.add(ID, 0, record({ offset: 5n, partition: 'otlp_logs/1' }), 0)
    expect(store.lowWatermark('otlp_logs/0', 20n)).toBe(9n)
    expect(store.lowWatermark('otlp_spans/0', 20n)).toBe(20n)
    store.drop('otlp_logs/1')
    expect([store.waiting, store.counts.lost]).toEqual([1, 1])
    expect(store.lowWatermark('otlp_logs/1', 20n)).toBe(20n)
  })

  it('go on from a copy of their state', () => {
    const store = logs()
    store.add(ID, 0, record({ spanLo: 2 }), 0)
    const again = logs()
    again.restore(structuredClone(store.state()))
    expect(shape(again.join(trace(...TREE)))).toBe(shape(store.join(trace(...TREE))))
    expect(again.state()).toEqual(store.state())
  })
})
