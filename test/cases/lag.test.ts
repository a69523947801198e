import { describe, expect, inject, it } from 'vitest'
import { mailed } from './late-traffic.ts'
import { type CaseResult, opened, runCase } from './run-case.ts'
import { type CaseRecord, type Chance, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 12 * MINUTE
const LAG_MS = TEST_MS + 4 * MINUTE
const RATE = 4

type Wait = Parameters<typeof mailed>[0]
type Factor = Parameters<typeof mailed>[1]

/** Messages are taken as they come, after some 40 ms. */
const soon = (_startMs: number, chance: Chance): number => 4 + chance.around(40, 0.8)
const never = (): number => 1

/** `soon`, and by so much later while the consumer lags, for five minutes. */
function later(ms: (sinceMs: number, chance: Chance) => number) {
  return (startMs: number, chance: Chance): number => {
    const since = startMs - LAG_MS
    const lags = since >= 0 && since < 5 * MINUTE
    return soon(startMs, chance) + (lags ? ms(since, chance) : 0)
  }
}

function traffic(seed: number, fromMs: number, minutes: number, wait: Wait, own: Factor) {
  return records(shop({ seed, fromMs, minutes, rate: RATE, edit: mailed(wait, own) }))
}

interface Run {
  /** How messages wait while it is learned, and afterwards. */
  readonly before?: Wait
  readonly wait?: Wait
  readonly own?: Factor
  readonly minutes?: number
  readonly restartAt?: number
}

/** Ten minutes to learn from, and then `minutes` of others. */
function told(seed: number, { before = soon, own = never, ...more }: Run = {}): CaseResult {
  const { wait = before, minutes = 12, restartAt = -1 } = more
  const warm = traffic(seed, T0_MS, 10, before, never)
  const test: CaseRecord[] = traffic(seed + 100, TEST_MS, minutes, wait, own)
  return runCase(warm, { 'k/0': test }, LAG_MS, restartAt)
}

/** A consumer that begins to work each period, more or less, and takes what was sent since, the oldest first. */
function batches(seed: number, periodMs: number, workMs: number, jitterMs = 0): Wait {
  const drawn = (k: number): number =>
    ((Math.imul(k * 97 + seed, 0x9e3779b1) >>> 0) / 2 ** 32) * 2 - 1
  const beginOf = (k: number): number => T0_MS + k * periodMs + drawn(k) * jitterMs
  return (startMs, chance) => {
    let k = Math.floor((startMs - T0_MS) / periodMs) - 1
    while (beginOf(k) + workMs <= startMs) k++
    const begin = beginOf(k)
    if (startMs >= begin) return 4 + chance.around(40)
    const since = beginOf(k - 1) + workMs
    return begin + ((startMs - since) / (begin - since)) * 0.9 * workMs - startMs
  }
}

const WAITS =
  /^messages from front to mailer \(mails process\) wait longer since 08:1[678]:\d\d: typically (\d+ ms|[\d.]+ s), normally \d\d(\.\d)? ms, in \d+ of \d+\.$/

/** One with every `npm test`, all among the statistics. */
const CHANCES = inject('thorough') ? [1, 2, 3, 4] : [1]

describe.each(CHANCES)('a consumer that lags, chance %i', (seed) => {
  it.each([
    ['5 s', 5_000, 20],
    // Its traces were judged long before.
    ['31 s', 31_000, 31 + 20],
  ])('by %s is told once, and over when it has caught up', (_, ms, atS) => {
    const result = told(seed, { wait: later(() => ms) })
    expect(result.changes.map(({ change }) => change.change)).toEqual(['opened', 'closed'])
    const [first] = opened(result)
    expect(first?.service).toBe('mailer')
    expect(first?.sentence).toMatch(WAITS)
    expect(first!.atS).toBeLessThan(atS)
    const { atS: overS, change } = result.changes[1]!
    expect(overS - 5 * 60 - ms / 1000).toBeLessThan(60)
    const { severity, alerts, term, direction, typical, normal, suspect } = change.cluster
    expect({ severity, alerts, term, direction, suspect }).toEqual({
      ...{ severity: 'warning', alerts: true, suspect: 'mailer' },
      ...{ term: 'wait', direction: 'high' },
    })
    expect(typical! / ms).toBeCloseTo(1, 1)
    expect(normal).toBeLessThan(60)
  })

  it('ever more is told while it is seconds, and stays one', () => {
    const wait = later((sinceMs) => sinceMs * 0.4)
    const result = told(seed, { wait, minutes: 9 })
    expect(result.changes.map(({ change }) => change.change)).toEqual(['opened'])
    expect(opened(result)[0]!.sentence).toMatch(WAITS)
    expect(opened(result)[0]!.atS).toBeLessThan(30)
  })

  it('with half of its messages is told', () => {
    const wait = later((_, chance) => (chance.unit() < 0.5 ? 5_000 : 0))
    const [first, ...others] = opened(told(seed, { wait }))
    expect(first?.sentence).toMatch(WAITS)
    expect(first!.atS).toBeLessThan(100)
    expect(others).toEqual([])
  })

  it('since its own work is slower is told by that', () => {
    const wait = later(() => 5_000)
    const own = (startMs: number): number =>
      startMs > LAG_MS && startMs < LAG_MS + 5 * MINUTE ? 40 : 1
    const result = told(seed, { wait, own })
    const [first, ...others] = opened(result)
    expect(first?.service).toBe('mailer')
    expect(others).toEqual([])
    expect(result.changes.at(-1)?.change.cluster.sentence).toMatch(/mailer mails process is slower/)
  })

  it('is told the same over a restart', () => {
    const wait = later(() => 8_000)
    const through = told(seed, { wait })
    for (const restartAt of [200, 255]) {
      expect(told(seed, { wait, restartAt }).changes).toEqual(through.changes)
    }
  })
})

describe.each(CHANCES)('a consumer that is well, chance %i', (seed) => {
  const tells = (before: Wait, minutes = 20): string[] =>
    opened(told(seed, { before, minutes })).map(({ sentence }) => sentence)

  it('tells nothing where waits are of any length', () => {
    expect(tells((_, chance) => 4 + chance.around(40, 1.5))).toEqual([])
  })

  it('tells nothing where it asks for messages once a second, or every half a minute', () => {
    expect(tells((_, chance) => 4 + chance.unit() * 1000)).toEqual([])
    expect(tells((startMs) => 4 + 30_000 - ((startMs - T0_MS) % 30_000))).toEqual([])
  })

  it('tells nothing where it works now and then, and messages wait for minutes', () => {
    expect(tells(batches(seed, 180_000, 15_000))).toEqual([])
    expect(tells(batches(seed, 180_000, 15_000, 30_000), 30)).toEqual([])
    expect(tells(batches(seed, 60_000, 5_000))).toEqual([])
  })

  it('tells once of a restart with a backlog of 20 s, and is over within a minute of it', () => {
    const back = 20_000
    const wait = later((sinceMs) => Math.max(0, back - sinceMs * 0.9))
    const result = told(seed, { wait })
    expect(result.changes.map(({ change }) => change.change)).toEqual(['opened', 'closed'])
    expect(opened(result)[0]!.sentence).toMatch(WAITS)
    expect(result.changes[1]!.atS).toBeLessThan(back / 1000 + 60)
  })
})
