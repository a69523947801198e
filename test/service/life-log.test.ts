import { describe, expect, it } from 'vitest'
import { emptyCounts } from '../../src/assemble/assembler-counts.ts'
import type { DetectorCounts } from '../../src/detector/detector-counts.ts'
import type { DetectorStatus } from '../../src/detector/detector-status.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { createLog } from '../../src/io/telemetry/log.ts'
import { LifeLog } from '../../src/service/life-log.ts'
import { clusterChange } from '../fakes/publications.ts'

function logged() {
  const lines: string[] = []
  let now = 0
  const write = (line: string): void => void lines.push(line.slice(25).trimEnd())
  const log = createLog({ level: 'info', format: 'text', write, wall: () => 0 })
  return { lines, life: new LifeLog(log, () => now, false), wait: (ms: number) => (now += ms) }
}

describe('the log of a service', () => {
  it('tells once when the model is live', () => {
    const { lines, life } = logged()
    const output = { ...emptyOutput(), installed: [{ id: 'm1', strata: 4 } as never] }
    life.take(emptyOutput())
    life.take(output)
    life.take(output)
    expect(lines).toEqual([
      'info  the first model is live: traces are judged from here on model="m1" entry_operations=4',
    ])
  })

  it('tells of a cluster when it opens and when it closes, with its sentence, on one line each', () => {
    const { lines, life } = logged()
    const change = clusterChange('opened')
    const { id, sentence } = change.cluster
    for (const kind of ['opened', 'updated', 'closed'] as const) {
      life.take({ ...emptyOutput(), clusterChanges: [{ ...change, change: kind }] })
    }
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^warn {2}anomaly cluster opened cluster="/)
    expect(lines[1]).toMatch(/^info {2}anomaly cluster closed cluster="/)
    for (const line of lines) {
      expect(line).toContain(id)
      expect(line).toContain(JSON.stringify(sentence))
    }
  })

  it('tells of what it loses once a minute, with how much and the first reason', () => {
    const { lines, life, wait } = logged()
    const at = { partition: 'p/0', offset: 7n, position: -1 }
    const output = {
      ...emptyOutput(),
      deadLetters: [{ ...at, reason: 'not JSON', body: new Uint8Array() }],
      rejected: [{ ...at, spans: 3, reason: 'spanId: all zero', service: 'cart' }],
    }
    for (let i = 0; i < 10; i++) life.take(output)
    expect(lines).toEqual([
      'warn  records cannot be read; they are dead letters records=1 partition="p/0" offset=7 reason="not JSON"',
      'warn  spans are no good and are left out spans=3 service="cart" partition="p/0" offset=7 reason="spanId: all zero"',
    ])
    wait(60_000)
    life.take(output)
    expect(lines[2]).toContain('records=10 ')
    expect(lines[3]).toContain('spans=30 ')
  })
})

interface Seen {
  readonly model?: object | null
  readonly clockMs?: number
  readonly coverage?: object
  readonly late?: DetectorStatus['late']
  readonly clocksAhead?: DetectorStatus['clocksAhead']
  readonly assembled?: Partial<DetectorCounts['assembled']>
  readonly overflow?: Partial<DetectorCounts['overflow']>
}

function look(life: LifeLog, seen: Seen = {}): void {
  const { assembled, overflow, ...status } = seen
  const nothing = { seen: 0, share: 1, entryOperations: [] }
  const none = { ...{ texts: 0, elements: 0, paths: 0, places: 0, strata: 0 }, environments: 0 }
  life.look(
    {
      ...{ model: {}, clockMs: 0, late: [], clocksAhead: [], coverage: nothing },
      ...status,
    } as unknown as DetectorStatus,
    {
      assembled: { ...emptyCounts(), ...assembled },
      overflow: { ...none, rules: 0, ...overflow },
    } as DetectorCounts,
  )
}

describe('the log of what is not seen', () => {
  const counts = { judged: 0, pooled: 0, learning: 0, incomplete: 0 }
  const blind: Seen = {
    coverage: {
      seen: 100,
      share: 0.62,
      entryOperations: [
        { ...counts, name: 'web GET /new', seen: 30, learning: 30 },
        { ...counts, name: 'worker run', seen: 16, judged: 8, incomplete: 8 },
        { ...counts, name: 'web GET /', seen: 54, judged: 54 },
      ],
    },
  }
  const overMs = 15 * 60_000

  it('tells when less than nine tenths of the traffic is judged, of what and why', () => {
    const { lines, life } = logged()
    for (let i = 0; i < 5; i++) look(life, blind)
    expect(lines).toEqual([
      'warn  less than nine tenths of the traffic of the last minutes is judged, and nothing is told of the rest; ' +
        'GET /api/v1/coverage lists it all judged="62 %" traces=100 ' +
        'not_judged="web GET /new (100 % of 30: too little is known of it yet), worker run (50 % of 16: spans of it were dropped)"',
    ])
  })

  it('says nothing of it while there is no model, little traffic, or nine tenths are judged', () => {
    const { lines, life } = logged()
    look(life, { ...blind, model: null })
    look(life, { coverage: { ...blind.coverage, seen: 19 } })
    look(life, { coverage: { ...blind.coverage, share: 0.9 } })
    expect(lines).toEqual([])
  })

  it('tells of clocks that disagree, with the services that are ahead now', () => {
    const { lines, life } = logged()
    const phone = { service: 'phone', spans: 40, aheadMs: 60_000 }
    look(life, { assembled: { rejectedJumps: 40 }, clocksAhead: [phone] })
    expect(lines).toEqual([])
    const app = { service: 'app', spans: 2, aheadMs: 570_000 }
    look(life, { assembled: { rejectedJumps: 42 }, clocksAhead: [phone, app] })
    look(life, { assembled: { rejectedJumps: 99 }, clocksAhead: [phone, app] })
    expect(lines).toEqual([
      'warn  clocks disagree: spans end later than most services say it is, and do not move data time; ' +
        'set the clocks of these services spans=2 services="app (570 s ahead)"',
    ])
  })

  it('tells when data time was set back', () => {
    const { lines, life } = logged()
    look(life)
    look(life, { assembled: { clockRestarts: 1 }, clockMs: Date.UTC(2026, 0, 2) })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^warn {2}data time was wrong and was set back to what most services/)
    expect(lines[0]).toContain('data_time="2026-01-02T00:00:00.000Z" services="not known"')
  })

  it('tells of late spans, how many and whose, and of all of them once it is over', () => {
    const { lines, life, wait } = logged()
    const late = (total: number): Seen => ({
      assembled: { lateSpans: total },
      late: [
        { service: 'batch', spans: total - 4 },
        ...['a', 'b', 'c', 'd'].map((service) => ({ service, spans: 1 })),
      ],
    })
    look(life)
    look(life, late(14))
    wait(60_000)
    look(life, late(1000))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^warn {2}spans come too late and are dropped.* raise traces\.quiet;.* twice/,
    )
    expect(lines[0]).toContain('spans=14 services="batch (10), a (1), b (1), 2 more"')
    wait(overMs - 1)
    look(life, late(1000))
    expect(lines).toHaveLength(1)
    wait(1)
    look(life, late(1000))
    expect(lines[1]).toBe('info  over: late spans minutes=1 count=1000')
    look(life, late(1001))
    expect(lines[2]).toContain('spans=1 services="batch (1)"')
    expect(lines).toHaveLength(3)
  })

  it('tells which table is full and what to do, each by itself', () => {
    const { lines, life } = logged()
    look(life, { overflow: { texts: 7 } })
    look(life, { overflow: { texts: 7, strata: 3 } })
    look(life, { overflow: { texts: 7, strata: 9, environments: 1 } })
    expect(lines).toEqual([
      'warn  there is no room for more strata, so what is new of them cannot be told apart: look for ids in ' +
        'names of entry operations at the sender, or raise features.max_strata table="strata" times=3',
      expect.stringMatching(
        /more environments, .* 16 environments .* table="environments" times=1$/,
      ),
    ])
  })
})
