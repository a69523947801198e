import { describe, expect, it } from 'vitest'
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
