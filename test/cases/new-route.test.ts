import { describe, expect, inject, it } from 'vitest'
import { opened, runCase } from './run-case.ts'
import { type CaseSpan, type Chance, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 20 * MINUTE
const NEW_MS = TEST_MS + 4 * MINUTE
const END_MS = NEW_MS + 14 * MINUTE
const RATE = 8

/** How many of its requests fail at a time. */
type Failing = (timeMs: number) => number

/** From `NEW_MS` on one request in seven is of a route that nobody knew, which another service answers. */
function withNewRoute(failing: Failing, name: (chance: Chance) => string = () => 'GET /v2/items') {
  return (spans: CaseSpan[], startMs: number, chance: Chance): CaseSpan[] => {
    if (startMs < NEW_MS || chance.unit() >= 1 / 7) return spans
    const failed = chance.unit() < failing(startMs)
    const [entry, call, answer] = spans as [CaseSpan, CaseSpan, CaseSpan]
    return [
      { ...entry, name: name(chance), failed },
      { ...call, attributes: { 'server.address': 'catalog' }, failed },
      { ...answer, service: 'catalog', name: 'catalog.Api/List', failed },
    ]
  }
}

const WORDS = 'admin login old test shell wp cgi backup config db'.split(' ')

/** Now and then a request fails in `orders`. */
function failingAt(share: number) {
  return (spans: CaseSpan[], _startMs: number, chance: Chance): CaseSpan[] => {
    const failed = chance.unit() < share
    return spans.map((span, i) => (i < 3 ? { ...span, failed } : span))
  }
}

function told(
  seed: number,
  edit: NonNullable<Parameters<typeof shop>[0]['edit']>,
  { usual = 0, restartAt = -1 } = {},
) {
  const before = failingAt(usual)
  const warm = records(shop({ seed, fromMs: T0_MS, minutes: 15, rate: RATE, edit: before }))
  const minutes = (END_MS - TEST_MS) / MINUTE
  const test = shop({
    seed: seed + 10,
    fromMs: TEST_MS,
    minutes,
    rate: RATE,
    edit: (spans, startMs, chance) => edit(before(spans, startMs, chance), startMs, chance),
  })
  return runCase(warm, { 'k/0': records(test) }, NEW_MS, restartAt)
}

/** One with every `npm test`, all among the statistics. */
const CHANCES = inject('thorough') ? [1, 2, 3] : [1]

describe('a job once a minute that has always failed', () => {
  it('is no news, though too seldom for a share of its own', () => {
    let last = 0
    const job = (spans: CaseSpan[], startMs: number): CaseSpan[] => {
      const minute = Math.floor(startMs / MINUTE)
      if (minute === last) return spans
      last = minute
      const [entry, ...below] = spans as [CaseSpan, ...CaseSpan[]]
      return [{ ...entry, name: 'GET /expire', failed: true }, ...below]
    }
    const at = { rate: RATE, edit: job }
    const warm = records(shop({ ...at, seed: 4, fromMs: T0_MS, minutes: 15 }))
    const test = records(shop({ ...at, seed: 14, fromMs: TEST_MS, minutes: 18 }))
    expect(opened(runCase(warm, { 'k/0': test }, TEST_MS))).toEqual([])
  })
})

describe.each(CHANCES)('a route that nobody knew, chance %i', (seed) => {
  it('is told once where all of its requests fail, over the next models and a restart', () => {
    const through = told(
      seed,
      withNewRoute(() => 1),
    )
    for (const restartAt of [243, 400]) {
      const result = told(
        seed,
        withNewRoute(() => 1),
        { restartAt },
      )
      expect(result.changes).toEqual(through.changes)
      expect(opened(result).map(({ service }) => service)).toEqual(['catalog'])
      expect(opened(result)[0]!.atS).toBeLessThan(20)
      expect(opened(result)[0]!.sentence).toMatch(
        /^front GET \/v2\/items: 100 % of requests fail since 08:24:\d\d\. front GET \/v2\/items is new and fails, as catalog catalog\.Api\/List does: (\d+) of \1 requests\.$/,
      )
      const [cluster, ...others] = result.detector.openClusters()
      expect(others).toEqual([])
      expect(cluster).toMatchObject({ severity: 'critical', alerts: true, suspect: 'catalog' })
    }
  })

  it('is told once where some fail for a while, and over when that is', () => {
    const failing: Failing = (timeMs) => (timeMs < NEW_MS + 6 * MINUTE ? 0.4 : 0)
    const result = told(seed, withNewRoute(failing))
    expect(result.changes.map(({ change }) => change.change)).toEqual(['opened', 'closed'])
    expect(opened(result)[0]!.atS).toBeLessThan(30)
    expect(result.changes[1]!.atS).toBeGreaterThan(6 * 60)
    expect(result.changes[1]!.atS).toBeLessThan(8 * 60)
    expect(result.changes[1]!.change.cluster.severity).toBe('critical')
  })

  it('is told once where some of its requests go on failing', () => {
    const result = told(
      seed,
      withNewRoute(() => 0.2),
    )
    expect(result.changes.map(({ change }) => change.change)).toEqual(['opened'])
    expect(result.detector.openClusters()).toHaveLength(1)
  })

  it('is no news where it works, or fails as others do', () => {
    expect(
      opened(
        told(
          seed,
          withNewRoute(() => 0),
        ),
      ),
    ).toEqual([])
    expect(
      opened(
        told(
          seed,
          withNewRoute(() => 0.02),
          { usual: 0.02 },
        ),
      ),
    ).toEqual([])
  })

  it('is no news where it is a hundred names that each fail once', () => {
    let names = 0
    const scan = withNewRoute(
      () => 1,
      () => `GET /${WORDS[Math.floor(names / 10) % 10]}/${WORDS[names++ % 10]}.php`,
    )
    const result = told(seed, (spans, startMs, chance) =>
      names < 100 ? scan(spans, startMs, chance) : spans,
    )
    expect(names).toBe(100)
    expect(opened(result)).toEqual([])
  })
})
