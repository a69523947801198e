import { describe, expect, it } from 'vitest'
import { Coverage } from '../../src/detector/coverage.ts'

const WINDOW_MS = 300_000

describe('coverage', () => {
  it('counts by entry operation what was judged by itself, with others, and not at all', () => {
    const coverage = new Coverage()
    for (let i = 0; i < 6; i++) coverage.add(2, 1000, 'normal', false)
    coverage.add(2, 1000, 'time', false)
    coverage.add(3, 1000, 'normal', true)
    coverage.add(3, 1000, 'incomplete', false)
    coverage.add(4, 1000, 'learning', false)
    coverage.add(4, 1000, 'learning', false)
    expect(coverage.strata()).toEqual([
      { stratum: 4, seen: 2, judged: 0, pooled: 0, learning: 2, incomplete: 0 },
      { stratum: 3, seen: 2, judged: 0, pooled: 1, learning: 0, incomplete: 1 },
      { stratum: 2, seen: 7, judged: 7, pooled: 0, learning: 0, incomplete: 0 },
    ])
    expect(coverage.seen).toBe(11)
    expect(coverage.unjudgedShare).toBeCloseTo(3 / 11)
  })

  it('forgets a window once it is two windows old, and all when time has leapt', () => {
    const coverage = new Coverage()
    coverage.add(2, 0, 'learning', false)
    coverage.add(2, WINDOW_MS, 'normal', false)
    expect(coverage.unjudgedShare).toBe(0.5)
    coverage.add(2, 2 * WINDOW_MS, 'normal', false)
    expect(coverage.strata()).toMatchObject([{ seen: 2, judged: 2, learning: 0 }])
    expect(coverage.unjudgedShare).toBe(0)
    coverage.add(5, 9 * WINDOW_MS, 'learning', false)
    expect(coverage.strata()).toMatchObject([{ stratum: 5, seen: 1 }])
    expect(coverage.unjudgedShare).toBe(1)
  })

  it('counts what comes late into the running window', () => {
    const coverage = new Coverage()
    coverage.add(2, 5 * WINDOW_MS, 'normal', false)
    coverage.add(2, 1, 'normal', false)
    expect(coverage.seen).toBe(2)
  })

  it('begins anew when told so, and goes on after a restart', () => {
    const coverage = new Coverage()
    coverage.add(7, 1, 'learning', false)
    coverage.add(8, WINDOW_MS, 'normal', true)
    const restored = new Coverage()
    restored.restore(structuredClone(coverage.state()))
    restored.add(8, WINDOW_MS + 1, 'normal', false)
    coverage.add(8, WINDOW_MS + 1, 'normal', false)
    expect(restored.strata()).toEqual(coverage.strata())
    expect(restored.unjudgedShare).toBe(coverage.unjudgedShare)
    coverage.restart()
    expect(coverage.strata()).toEqual([])
    expect(coverage.unjudgedShare).toBe(0)
  })
})
