import { describe, expect, it } from 'vitest'
import { detectorSettings } from '../detector-settings.ts'
import { type CaseResult, opened, runCase } from './run-case.ts'
import {
  type CaseSpan,
  type Chance,
  MINUTE,
  records,
  type ShopOptions,
  shop,
  T0_MS,
} from './small-shop.ts'

const TEST_MS = T0_MS + 10 * MINUTE

/** Ten minutes to learn from and some to judge; `slow` is the fault of these. */
function run(
  minutes: number,
  { slow, ...options }: Pick<ShopOptions, 'rate' | 'route' | 'slow' | 'edit'>,
): CaseResult {
  const warm = shop({ seed: 1, fromMs: T0_MS, minutes: 10, ...options })
  const test = shop({ seed: 2, fromMs: TEST_MS, minutes, ...options, ...(slow && { slow }) })
  return runCase(records(warm), { 'k/0': records(test) }, TEST_MS)
}

describe('210 entry operations', () => {
  const NOUNS = ['users', 'carts', 'bills', 'items', 'rates', 'files', 'teams', 'plans', 'notes']
  const ACTS = ['', '/search', '/export', '/import', '/history', '/stats', '/tags', '/owner']
  const name = (i: number): string => {
    const path = NOUNS[i % 9]! + ACTS[Math.floor(i / 9) % 8]!
    return `${['GET', 'POST', 'PUT'][Math.floor(i / 72)]} /api/${path}`
  }

  it('are judged by themselves where they are busy, and the rest named as too rare for that', () => {
    const { detector, verdicts } = run(5, {
      rate: 20,
      route: (chance) => name(Math.floor(210 * chance.unit() ** 3)),
      // What is asked is about names, so one span will do.
      edit: (spans) => spans.slice(0, 1),
    })
    const { state, strata, coverage } = detector.status()
    expect(state).toBe('live')
    const stateOf = new Map(strata.map((one) => [one.name, one.state]))
    expect(stateOf.size).toBe(210)
    const ranked = Array.from({ length: 210 }, (_, i) => stateOf.get(`front ${name(i)}`))
    expect(new Set(ranked.slice(0, 30))).toEqual(new Set(['live']))
    expect(new Set(ranked.slice(90))).toEqual(new Set(['pooled']))
    for (const { name: operation, seen, judged, pooled } of coverage.entryOperations) {
      const isBusy = stateOf.get(operation) === 'live'
      expect([operation, judged, pooled]).toEqual([operation, ...(isBusy ? [seen, 0] : [0, seen])])
    }
    const learning = verdicts.filter(({ reason }) => reason === 'learning').length
    expect(learning / verdicts.length).toBeLessThan(0.01)
  })
})

describe('slugs of words in the names of entry operations', () => {
  const WORDS = ['lorem', 'ipsum', 'dolor', 'amet', 'magna', 'velit', 'nulla', 'quis']
  const word = (chance: Chance): string =>
    WORDS[Math.floor(chance.unit() * 8)]! + String.fromCharCode(97 + Math.floor(chance.unit() * 26))
  const slug = (chance: Chance): string => `${word(chance)}-${word(chance)}-${word(chance)}`

  it('are one operation; it and the one beside them are judged, and their fault is found', () => {
    const result = run(6, {
      route: (chance) => (chance.unit() < 0.7 ? `GET /blog/${slug(chance)}` : 'GET /orders'),
      slow: (t) => (t > TEST_MS + 3 * MINUTE ? 4 : 1),
    })
    const operations = new Set(result.verdicts.map(({ stratum }) => stratum))
    expect([...operations].sort()).toEqual(['front GET /blog/{id}', 'front GET /orders'])
    const { entryOperations } = result.detector.status().coverage
    expect(entryOperations).toHaveLength(2)
    for (const { seen, judged } of entryOperations) expect(judged).toBe(seen)
    expect(opened(result)).toEqual([
      {
        atS: expect.any(Number),
        service: 'orders',
        sentence: expect.stringContaining('is slower'),
      },
    ])
    const { atS } = opened(result)[0]!
    expect([atS > 180, atS < 200]).toEqual([true, true])
  })
})

describe('an id for each process that starts', () => {
  const PER_SECOND = 4
  const FAULT_MS = TEST_MS + 12 * MINUTE
  const settings = detectorSettings()
  /** A table that is far too small for all of the ids. */
  const MAX_TEXTS = 256

  const started = (spans: CaseSpan[], _: number, chance: Chance): CaseSpan[] => {
    const id = [8, 4, 4, 4, 12].map((digits) => chance.hex(digits)).join('-')
    const [span] = spans as [CaseSpan]
    const resource = { 'service.instance.id': id }
    return [
      { ...span, service: 'resizer', name: 'resize image', kind: 5, attributes: {}, resource },
    ]
  }
  const booking = (spans: CaseSpan[], startMs: number, chance: Chance): CaseSpan[] => {
    const failed = startMs > FAULT_MS && chance.unit() < 0.6
    const resource = { 'service.instance.id': 'one-and-the-same' }
    const [entry, , server] = spans as [CaseSpan, CaseSpan, CaseSpan, CaseSpan]
    const same = { attributes: {}, resource, failed }
    return [
      { ...entry, ...same, service: 'billing', name: 'POST /invoices' },
      { ...server, ...same, service: 'ledger', name: 'ledger.Api/Book', parentId: entry.spanId },
    ]
  }

  it('takes no room from the names of services that are new', () => {
    const processes = { rate: PER_SECOND, edit: started }
    const warm = shop({ seed: 1, fromMs: T0_MS, minutes: 10, ...processes })
    const test = [
      ...shop({ seed: 2, fromMs: TEST_MS, minutes: 15, ...processes }),
      ...shop({ seed: 3, fromMs: TEST_MS, minutes: 15, rate: 5, edit: booking }),
    ]
    const features = { ...settings.features, maxTexts: MAX_TEXTS }
    const result = runCase(records(warm), { 'k/0': records(test) }, TEST_MS, -1, undefined, {
      ...settings,
      features,
    })
    const instances = new Set(
      [...warm, ...test].map((span) => span.resource?.['service.instance.id']),
    )
    expect(instances.size).toBeGreaterThan(20 * MAX_TEXTS)
    const clusters = opened(result)
    expect(clusters).toHaveLength(1)
    const [{ atS, service, sentence }] = clusters as [(typeof clusters)[0]]
    expect(service).toBe('ledger')
    expect(sentence).toMatch(
      /billing POST \/invoices → ledger: .* ledger ledger\.Api\/Book fails in /,
    )
    expect([atS > 12 * 60, atS < 12 * 60 + 30]).toEqual([true, true])
  })
})
