import { describe, expect, it } from 'vitest'
import { Quarantine } from '../../src/detector/quarantine.ts'

const WAIT_MS = 1000

function released(quarantine: Quarantine<string>, nowMs: number): string[] {
  const items: string[] = []
  quarantine.release(nowMs, (stratum, item) => items.push(`${stratum} ${item}`))
  return items
}

describe('the quarantine', () => {
  it('hands out what has waited, once, in the order in which it came', () => {
    const quarantine = new Quarantine<string>(WAIT_MS)
    quarantine.add(1, 0, 'a')
    quarantine.add(2, 400, 'b')
    quarantine.add(1, 500, 'c')
    expect(released(quarantine, 999)).toEqual([])
    expect(released(quarantine, 1400)).toEqual(['1 a', '2 b'])
    expect(quarantine.size).toBe(1)
    expect(released(quarantine, 9000)).toEqual(['1 c'])
    expect(released(quarantine, 9000)).toEqual([])
    expect(quarantine.forgotten).toBe(0)
  })

  it('forgets what was there when its own entry operation had an incident', () => {
    const quarantine = new Quarantine<string>(WAIT_MS)
    quarantine.add(1, 100, 'before it was known')
    quarantine.add(2, 100, 'elsewhere')
    quarantine.noteIncident(1, 300)
    quarantine.noteIncident(1, 200)
    quarantine.add(1, 250, 'within')
    quarantine.add(1, 301, 'after')
    expect(released(quarantine, 9000)).toEqual(['2 elsewhere', '1 after'])
    expect(quarantine.forgotten).toBe(2)
  })

  it('has a limit, forgets the first of more, and counts them', () => {
    const quarantine = new Quarantine<string>(WAIT_MS)
    for (let i = 0; i < 2050; i++) quarantine.add(1, i, String(i))
    expect(quarantine).toMatchObject({ size: 2048, forgotten: 2 })
    expect(released(quarantine, 1e9)[0]).toBe('1 2')
  })

  it('goes on after a restart as if there had been none', () => {
    const quarantine = new Quarantine<string>(WAIT_MS)
    quarantine.add(1, 100, 'a')
    quarantine.add(2, 100, 'b')
    quarantine.noteIncident(1, 200)
    const again = new Quarantine<string>(WAIT_MS)
    again.restore(structuredClone(quarantine.state()))
    expect(released(again, 9000)).toEqual(released(quarantine, 9000))
    expect(again.state()).toEqual(quarantine.state())
  })
})
