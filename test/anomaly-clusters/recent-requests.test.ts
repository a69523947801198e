import { describe, expect, it } from 'vitest'
import {
  NO_REQUESTS,
  outcomeOf,
  RecentRequests,
} from '../../src/anomaly-clusters/recent-requests.ts'

const S = 1000
/** A data time that no slot begins at. */
const T = 1_790_000_002_000

it('is slow beyond the tail, and plainly so at one and a half times that', () => {
  expect([0, 1, 1.01, 1.5].map(outcomeOf)).toEqual(['fine', 'fine', 'slow', 'slow'])
  expect(outcomeOf(1.51)).toBe('plainlySlow')
})

describe('the requests since a change', () => {
  it('end with the last that suffered, but hold the fine ones between', () => {
    const recent = new RecentRequests()
    const outcomes = ['failed', 'fine', 'failed', 'fine', 'fine'] as const
    for (const at of [0, 10 * S])
      outcomes.forEach((one, i) => {
        recent.add(3, T + at + i, one)
      })
    recent.add(3, T + 20 * S, 'fine')
    expect(recent.since(3, T)).toEqual({ ...NO_REQUESTS, requests: 8, failed: 4, fineAfter: 3 })
  })

  it('are those of the entry operation from the first that suffered on', () => {
    const recent = new RecentRequests()
    for (let i = 0; i < 20; i++) recent.add(3, T + i * 10, 'fine')
    for (let i = 20; i < 30; i++) recent.add(3, T + i * 10, i % 2 === 0 ? 'failed' : 'slow')
    recent.add(4, T + 300, 'failed')
    recent.add(3, T + 20 * S, 'fine')
    const all = { ...NO_REQUESTS, requests: 10, failed: 5, slow: 5, fineAfter: 1 }
    expect(recent.since(3, T + 200)).toEqual(all)
    expect(recent.since(4, T)).toEqual({ ...NO_REQUESTS, requests: 1, failed: 1 })
    expect(recent.since(5, T)).toEqual(NO_REQUESTS)
  })

  it('leave out earlier slots, and count later ones as a whole', () => {
    const recent = new RecentRequests()
    recent.add(3, T - 30 * S, 'failed')
    recent.add(3, T, 'fine')
    recent.add(3, T + 10 * S, 'fine')
    recent.add(3, T + 10 * S, 'failed')
    expect(recent.since(3, T)).toEqual({ ...NO_REQUESTS, requests: 2, failed: 1 })
  })

  it('are remembered for ten minutes, through a checkpoint, and not of a time to come', () => {
    const recent = new RecentRequests()
    recent.add(3, T, 'failed')
    recent.add(3, T + 590 * S, 'plainlySlow')
    const restored = new RecentRequests()
    restored.restore(structuredClone(recent.state()))
    expect(restored.since(3, T)).toEqual({
      ...NO_REQUESTS,
      requests: 2,
      failed: 1,
      slow: 1,
      plainlySlow: 1,
    })
    const kept = new RecentRequests()
    kept.add(3, T, 'failed')
    kept.add(4, T + 595 * S, 'fine')
    expect(kept.since(3, 0).failed).toBe(1)
    kept.add(4, T + 600 * S, 'fine')
    expect(kept.since(3, 0).failed).toBe(0)
    recent.add(3, T + 606 * S, 'fine')
    expect(recent.since(3, 0)).toEqual({
      ...NO_REQUESTS,
      requests: 1,
      slow: 1,
      plainlySlow: 1,
      fineAfter: 1,
    })
    // Data time was a day ahead, and was set back.
    recent.add(3, T + 86_400 * S, 'failed')
    recent.add(3, T, 'fine')
    expect(recent.since(3, 0)).toEqual({ ...NO_REQUESTS, fineAfter: 1 })
  })
})
