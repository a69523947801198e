import { describe, expect, it } from 'vitest'
import { opened, runCase } from './run-case.ts'
import { type CaseRecord, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 10 * MINUTE
const slow = (t: number): number => (t > TEST_MS + 3 * MINUTE && t < TEST_MS + 6 * MINUTE ? 4 : 1)
const warm = records(shop({ seed: 1, fromMs: T0_MS, minutes: 6 }))
const leading = records(shop({ seed: 2, fromMs: TEST_MS, minutes: 20, rate: 5, slow }))
const other = records(shop({ seed: 3, fromMs: TEST_MS, minutes: 20, rate: 5, slow }))
const later = (list: readonly CaseRecord[], ms: number): CaseRecord[] =>
  list.map((record) => ({ ...record, arrivesMs: record.arrivesMs + ms }))

describe('two partitions', () => {
  it('tell one incident once', () => {
    const result = runCase(warm, { 'k/0': leading, 'k/1': other }, TEST_MS)
    expect(opened(result)).toHaveLength(1)
  })

  describe('of which one is ten minutes behind', () => {
    const result = runCase(warm, { 'k/0': leading, 'k/1': later(other, 10 * MINUTE) }, TEST_MS)

    it('tell one incident under one id', () => {
      const ids = new Set(result.changes.map(({ change }) => change.cluster.id))
      expect(ids.size).toBe(1)
      const { accumulated } = result.detector.counts()
      expect(accumulated).toMatchObject({ opened: 1, reopened: 1 })
    })

    it('have all their traces judged, the late ones when they come', () => {
      const { counts } = { counts: result.detector.counts().assembled }
      expect(counts.lateSpans).toBe(0)
      expect(counts.rootless).toBe(0)
      const judged = result.verdicts.filter(({ p }) => p !== null).length
      expect(judged / result.verdicts.length).toBeGreaterThan(0.99)
      // 20 minutes of one at 5 a second, then both, then the other.
      for (const minute of [2, 8, 12, 18, 22, 27]) {
        expect(result.byMinute[minute]).toBeGreaterThan(280)
      }
    })
  })

  it('of which one is idle do not wait for it', () => {
    const idle = other.slice(0, 60)
    const result = runCase(warm, { 'k/0': leading, 'k/1': idle }, TEST_MS)
    expect(opened(result)).toHaveLength(1)
    expect(result.byMinute[15]).toBeGreaterThan(280)
  })

  it('of which only the one behind has a fault: it is found there', () => {
    const healthy = records(shop({ seed: 2, fromMs: TEST_MS, minutes: 20, rate: 5 }))
    const result = runCase(warm, { 'k/0': healthy, 'k/1': later(other, 10 * MINUTE) }, TEST_MS)
    const [first] = opened(result)
    expect(first?.sentence).toContain('orders')
    expect(first!.atS).toBeLessThan(780 + 60)
    expect(opened(result)).toHaveLength(1)
  })
})
