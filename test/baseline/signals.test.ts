import { describe, expect, it } from 'vitest'
import { NULL_OPTIONS } from '../../src/baseline/null-options.ts'
import { POOLS, SIGNAL_LIST, SIGNALS, signalOf } from '../../src/baseline/signals.ts'
import { EVIDENCE_OPTIONS } from '../../src/evidence/evidence-options.ts'

/** The table once more, as prose: a change of a signal must be meant twice. */
const EXPECTED = `
0 selfTimeP90 of place / occurrences, high; commonShares, commonFloor, pool selfTime; bursts go on, learned, reopens; self_time in ms
1 selfTimeP10 of place / occurrences, low; commonShares, commonFloor, pool selfTime; bursts go on, learned, reopens; self_time in ms
2 selfTimeP99 of place / occurrences, high; commonShares, farFloor, pool far; bursts go on, learned, reopens; self_time in ms
3 errors of place / occurrences, high; rareShares, rareFloor, pool errors; learned, reopens; errors
4 count of place / runs, high; commonShares, countFloor, pool count; learned, reopens; count in calls
5 presence of place / parents, low; presenceShares, presenceFloor, pool presence; learned, reopens; presence
6 appearance of place / parents, high; appearanceShares, commonFloor, pool presence; learned, reopens; presence
7 unseen of place / occurrences, high; rareShares, rareFloor, pool structure; learned, reopens; structure
8 structure of entry operation / observations, high; rareShares, rareFloor, pool structure; learned; structure
9 category of entry operation / observations, high; rareShares, rareFloor, pool structure; reopens; category
10 similarAnomalies of similar anomalies / observations, high; similarShares, null, pool null; reopens; like
11 noAnswer of place / occurrences, high; rareShares, rareFloor, pool errors; learned, reopens; no_answer
`

describe('the table of signals', () => {
  it('says of every signal all that it differs in', () => {
    const lines = SIGNAL_LIST.map((signal) => {
      const { number, name, subject, denominator, direction, alternatives, floor, pool } = signal
      const life = [
        signal.burstsGoOn ? ['bursts go on'] : [],
        signal.learned ? ['learned'] : [],
        signal.reopens ? ['reopens'] : [],
      ]
      const published = signal.unit === null ? signal.term : `${signal.term} in ${signal.unit}`
      const tested = `${alternatives}, ${floor}, pool ${pool}`
      return `${number} ${name} of ${subject} / ${denominator}, ${direction}; ${tested}; ${life.flat().join(', ')}; ${published}`
    })
    expect(`\n${lines.join('\n')}\n`).toBe(EXPECTED)
  })

  it('finds a signal by its number and by its name', () => {
    for (const signal of SIGNAL_LIST) {
      expect(signalOf(signal.number)).toBe(signal)
      expect(SIGNALS[signal.name]).toBe(signal)
    }
  })

  it('names alternatives, floors and pools that there are', () => {
    for (const { alternatives, floor, pool } of SIGNAL_LIST) {
      expect(EVIDENCE_OPTIONS[alternatives]).toHaveLength(3)
      if (floor !== null) expect(NULL_OPTIONS[floor]).toBeGreaterThan(0)
      if (pool !== null) expect(NULL_OPTIONS[POOLS[pool].most]).toBeGreaterThan(0)
    }
  })

  it('assumes bursts of slow calls, and lets only those be young', () => {
    const young = Object.values(POOLS).filter((pool) => pool.young !== null)
    expect(young).toEqual([POOLS.selfTime, POOLS.far])
    expect(young.map((pool) => pool.young)).toEqual(['youngBuckets', 'youngFarBuckets'])
    expect(
      Object.values(POOLS).map(({ assumedRho, leastRho, most }) => [assumedRho, leastRho, most]),
    ).toEqual([
      [0.05, 0.01, 'mostRho'],
      [0.05, 0.01, 'mostRho'],
      [0.001, 0.001, 'mostPooledRare'],
      [0.02, 0.01, 'mostPooledRare'],
      [0.02, 0.01, 'mostPooledRare'],
      [0.02, 0.01, 'mostPooledRare'],
    ])
  })
})
