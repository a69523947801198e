import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import {
  floorOf,
  POOLS,
  type SeriesSignal,
  SIGNAL_LIST,
  SIGNALS,
  signalOf,
} from '../../src/baseline/signals.ts'

/** The table once more, as prose: a change of a signal must be meant twice. */
const EXPECTED = `
0 selfTimeP90 of place / occurrences, high; from some, floor few, pool selfTime; bursts go on, learned, reopens; self_time in ms
1 selfTimeP10 of place / occurrences, low; from some, floor few, pool selfTime; bursts go on, learned, reopens; self_time in ms
2 selfTimeP99 of place / occurrences, high; from some, floor far, pool far; bursts go on, learned, reopens; self_time in ms
3 errors of place / occurrences, high; from few, floor hardlyEver, pool errors; learned, reopens; errors
4 count of place / runs, high; from some, floor rare, pool count; learned, reopens; count in calls
5 presence of place / parents, low; from few, floor rare, pool presence; learned, reopens; presence
6 appearance of place / parents, high; from half, floor few, pool presence; learned, reopens; presence
7 unseen of place / occurrences, high; from few, floor hardlyEver, pool structure; learned, reopens; structure
8 structure of entry operation / observations, high; from few, floor hardlyEver, pool structure; learned; structure
9 category of entry operation / observations, high; from few, floor hardlyEver, pool structure; reopens; category
10 similarAnomalies of similar anomalies / observations, high; from rare, floor null, pool null; reopens; like
11 noAnswer of place / occurrences, high; from few, floor hardlyEver, pool errors; learned, reopens; no_answer
12 failures of entry operation / requests, high; from few, floor hardlyEver, pool errors; learned, reopens; errors
13 wait of place / waits, high; from some, floor few, pool wait; bursts go on, learned, reopens; wait in ms
`

describe('the table of signals', () => {
  it('says of every signal all that it differs in', () => {
    const lines = SIGNAL_LIST.map((signal) => {
      const { number, name, subject, denominator, direction, leastShare, floor, pool } = signal
      const life = [
        signal.burstsGoOn ? ['bursts go on'] : [],
        signal.learned ? ['learned'] : [],
        signal.reopens ? ['reopens'] : [],
      ]
      const published = signal.unit === null ? signal.term : `${signal.term} in ${signal.unit}`
      const tested = `from ${leastShare}, floor ${floor}, pool ${pool}`
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

  it('has a least base rate for every signal that has series', () => {
    const floors = SIGNAL_LIST.filter(({ floor }) => floor !== null).map(({ name }) =>
      floorOf(name as SeriesSignal, CONSTANTS),
    )
    expect(floors).toEqual([
      0.05,
      0.05,
      1 - 0.99,
      0.005,
      0.02,
      0.02,
      0.05,
      0.005,
      0.005,
      0.005,
      0.005,
      0.005,
      0.05,
    ])
  })

  it('lets slow calls burst most, and takes errors to come one by one', () => {
    const bounds = Object.entries(POOLS).map(([pool, { leastRho, mostRho, comesInBursts }]) => [
      pool,
      CONSTANTS[leastRho],
      CONSTANTS[mostRho],
      comesInBursts,
    ])
    expect(bounds).toEqual([
      ['selfTime', 0.01, 0.5, true],
      ['far', 0.01, 0.5, false],
      ['wait', 0.01, 0.5, true],
      ['errors', 0.001, 0.05, false],
      ['count', 0.01, 0.05, false],
      ['presence', 0.01, 0.05, false],
      ['structure', 0.01, 0.05, false],
    ])
  })
})
