import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'

const SRC = resolve(import.meta.dirname, '../../src')
const FLOORS = ['baseline', 'evidence', 'anomaly-clusters']

/** Numbers of these floors that are no free constants. Whoever adds one says here what it is. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  bounds: [
    ...['BINS', 'BLOCK', 'BUCKETS_OF_ALL', 'LEAST_BUCKETS', 'LEAST_PER_BUCKET', 'MINUTES'],
    ...[
      'MOST_ALARMS',
      'MOST_BUCKETS',
      'MOST_CELLS',
      'MOST_ENTRIES',
      'MOST_EPISODES',
      'MOST_EXCURSIONS',
      'MOST_IN_BIN',
    ],
    ...['MOST_MEMBERS', 'MOST_OF_SERIES', 'MOST_OF_SIGNATURE', 'MOST_PAST', 'MOST_PATHS'],
    ...['MOST_PLACES', 'MOST_SERIES', 'MOST_SIGNATURES', 'MOST_SLOTS', 'MOST_STORIES'],
    ...['MOST_VALUES', 'MOST_WAITING', 'OLDEST_MS', 'RECENT', 'REMEMBERED_MS', 'SKETCH_SIZE'],
    ...['SLOT_MS', 'VALUES_PER_BUCKET'],
  ],
  shown: [
    ...['LEAST_OF_MINUTE_MS', 'MINUTES_AFTER', 'MINUTES_BEFORE', 'MOST_POINTS', 'NAMED'],
    ...['TOLD_ENTRIES'],
  ],
  units: ['DAY_MS', 'MINUTE_MS', 'WEEK_MS', 'FIRST_BIN', 'LEAST_LOW_NS', 'LOWEST_POWER'],
  codes: [
    ...['ALTERNATIVES', 'CATEGORIES', 'EXPECTED', 'NO_BUCKET', 'NO_MINUTE', 'NO_SERIES', 'NO_SLOT'],
    ...['OF_TRACES', 'OPTIONAL'],
  ],
  /** How long an acceptance lasts where nobody says so; what keeps logarithms finite; what saves work. */
  others: ['ACCEPTED_MS', 'MOST_RATE', 'PLAINLY_NORMAL'],
}

function numbersOf(floor: string): string[] {
  const files = readdirSync(join(SRC, floor)).map((file) => join(SRC, floor, file))
  return files.flatMap((file) => {
    const found = readFileSync(file, 'utf8').matchAll(
      /^(?:export )?const (\w+)(?:: \w+)? = [-(\d]/gm,
    )
    return Array.from(found, ([, name]) => name as string)
  })
}

describe('the constants', () => {
  it('are all there is to choose in what is normal, in evidence and in anomaly clusters', () => {
    const known = Object.values(KINDS).flat().sort()
    expect([...new Set(FLOORS.flatMap(numbersOf))].sort()).toEqual(known)
  })

  it('are at most 25, with the three settings that are free', () => {
    expect(Object.keys(CONSTANTS).length + 3).toBeLessThanOrEqual(25)
  })

  it('have shares in the order of their words', () => {
    const { hardlyEver, rare, few, some, half, most, quantile, farQuantile } = CONSTANTS
    const scale = [hardlyEver, rare, few, some, half, most, quantile, farQuantile]
    expect(scale).toEqual(scale.toSorted((a, b) => a - b))
  })
})
