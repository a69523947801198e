import { describe, expect, it } from 'vitest'
import { entryTails } from '../../src/baseline/entry-tails.ts'
import {
  keptTime,
  logTime,
  PROFILE_STRIDE,
  type Profile,
  packProfiles,
} from '../../src/profile/profile.ts'

const ENTRY = 7
/** A call before the entry's path in order, which takes much longer than it. */
const OTHER = 3

/** Requests of these calls, each of which takes so long. */
function tailsOf(requests: readonly (readonly [ms: number, paths: readonly number[]])[]) {
  const profiles = requests.map(([ms, paths]): Profile => {
    const values = new Float32Array(paths.length * PROFILE_STRIDE)
    for (let i = 0; i < paths.length; i++) values[i * PROFILE_STRIDE + 1] = logTime(ms * 1e6)
    return { paths: Int32Array.from(paths), values, status: 0, categories: new Int32Array(0) }
  })
  return entryTails({
    calibration: packProfiles(profiles, 0),
    calibrationStratum: new Int32Array(requests.length).fill(5),
    calibrationEntry: new Int32Array(requests.length).fill(ENTRY),
  })
}

interface Request {
  readonly stratum: number
  readonly ms: number
  /** Path of the entry; by default it is there. */
  readonly entry?: number
}

function profile(ms: number): Profile {
  const values = new Float32Array(2 * PROFILE_STRIDE)
  values[1] = logTime(9e12)
  values[PROFILE_STRIDE + 1] = logTime(ms * 1e6)
  return { paths: Int32Array.of(OTHER, ENTRY), values, status: 0, categories: new Int32Array(0) }
}

function tails(requests: readonly Request[]) {
  return entryTails({
    calibration: packProfiles(
      requests.map(({ ms }) => profile(ms)),
      0,
    ),
    calibrationStratum: Int32Array.from(requests, ({ stratum }) => stratum),
    calibrationEntry: Int32Array.from(requests, ({ entry }) => entry ?? ENTRY),
  })
}

/** So many requests that take 1 ms, 2 ms, … */
function rising(count: number, stratum: number): Request[] {
  return Array.from({ length: count }, (_, i) => ({ stratum, ms: 1 + i }))
}

const msOf = (tailNs: number | undefined): number => Math.round((tailNs ?? Number.NaN) / 1e6)

describe('how long hardly any request of an entry operation takes', () => {
  it('is beyond nearly all that were seen, though not beyond the very longest of many', () => {
    const [row] = tails(rising(10_000, 5))
    const beyond = 10_000 - msOf(row?.tailNs)
    expect(beyond).toBeGreaterThan(20)
    expect(beyond).toBeLessThan(100)
    expect(tails(rising(10_000, 5).toReversed())).toEqual([row])
    // Of few it is the longest: what is rarer was not seen.
    expect(msOf(tails(rising(100, 5))[0]?.tailNs)).toBe(100)
  })

  it('is half as long again as is typical at least: less is not felt', () => {
    const same = Array.from({ length: 100 }, () => ({ stratum: 5, ms: 40 }))
    expect(msOf(tails(same)[0]?.tailNs)).toBe(60)
    const halves = same.map((request, i) => ({ ...request, ms: i < 50 ? 40 : 44 }))
    expect(msOf(tails(halves)[0]?.tailNs)).toBe(66)
  })

  it('is exceeded by none of many requests that take the very same time', () => {
    for (const ms of [25_000, 30_001, 1234.5]) {
      const some = Array.from({ length: 100 }, (_, i) => ({ stratum: 5, ms: i < 70 ? ms / 9 : ms }))
      expect(keptTime(ms * 1e6)).toBe(tails(some)[0]?.tailNs)
    }
  })

  it('is told by operation, ascending, and of those alone that were seen often enough', () => {
    const found = tails([...rising(40, 9), ...rising(60, 5), ...rising(5, 7)])
    expect(found.map(({ stratum, tailNs }) => [stratum, msOf(tailNs)])).toEqual([
      [5, 60],
      [9, 40],
    ])
    expect(tails(rising(29, 5))).toEqual([])
    expect(tails(rising(30, 5))).toHaveLength(1)
  })

  it('leaves out a request without its entry, whatever those beside it have', () => {
    const own = Array.from({ length: 30 }, () => [10, [OTHER, ENTRY]] as const)
    const lacking = [2, [OTHER]] as const
    expect(tailsOf(own)).toHaveLength(1)
    // One of thirty lacks it: the other twenty-nine are not enough.
    expect(tailsOf([lacking, ...own.slice(1)])).toEqual([])
    expect(tailsOf([...own.slice(1), lacking])).toEqual([])
  })

  it('leaves out requests whose entry is not known, or not among their calls', () => {
    const some = rising(60, 5).map((request, i) => ({ ...request, entry: i < 30 ? ENTRY : 8 }))
    expect(msOf(tails(some)[0]?.tailNs)).toBe(30)
    expect(tails(rising(60, 5).map((request) => ({ ...request, entry: 1 })))).toEqual([])
    expect(tails([])).toEqual([])
  })
})
