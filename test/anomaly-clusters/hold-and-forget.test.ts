import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import { BUCKET_S, get, HandShop } from './hand-shop.ts'

const CART = get('/', 'cart Get')
const CART_FAILS = get('/', 'cart Get!')
const ADS = get('/ads', 'ads List')
const ADS_FAILS = get('/ads', 'ads List!')
const WATCHED = [{ at: 'cart Get' }, { at: 'ads List' }]
const DAY_MS = 86_400_000

const shop = (): HandShop => new HandShop().watch([CART, ADS], WATCHED)

function usedBy(one: HandShop): IdSets {
  const used = new IdSets()
  one.clusters.use(used)
  return used
}

describe('what anomaly clusters must not have forgotten', () => {
  it('is nothing at first, and the operations of requests of late', () => {
    const one = shop()
    expect([[...usedBy(one).strata], [...usedBy(one).places]]).toEqual([[], []])
    one.run(1, () => ADS)
    expect([...usedBy(one).strata]).toEqual([one.stratum('GET /ads')])
  })

  it('are the places of clusters, open and over, and the calls of their examples', () => {
    const one = shop().run(20, () => CART_FAILS)
    const [cart, ads] = [one.place('cart Get'), one.place('ads List')]
    expect([usedBy(one).places.has(cart), usedBy(one).places.has(ads)]).toEqual([true, false])
    expect(usedBy(one).paths.has(one.path('cart Get'))).toBe(true)
    one.run(60, () => CART).run(20, () => ADS_FAILS)
    expect(one.story()).toEqual(['opened A', 'closed A', 'opened B'])
    expect([usedBy(one).places.has(cart), usedBy(one).places.has(ads)]).toEqual([true, true])
  })

  it('are anomalies that wait for others like them', () => {
    const strange = get('/ads', 'ads List', 'ads Old')
    const one = shop().watch([strange], WATCHED)
    one.run(1, () => ({ spans: strange, flagged: true }))
    expect(usedBy(one).paths.has(one.path('ads Old'))).toBe(true)
  })

  it('is what the null in effect watches', () => {
    const used = new IdSets()
    const one = shop()
    one.clusters.useFitted(used)
    expect([used.places.has(one.place('cart Get')), used.places.has(9999)]).toEqual([true, false])
  })
})

describe('calls in places of which nothing is known', () => {
  it('are counted on when a model takes effect that knows no more', () => {
    const one = new HandShop().watch([CART, ADS], [{ at: 'cart Get' }])
    const counted = () => one.clusters.counts['unwatched'] ?? 0
    one.run(10, () => ADS)
    const before = counted()
    expect(before).toBeGreaterThan(0)
    one.install([{ at: 'cart Get' }])
    expect(counted()).toBe(before)
    one.run(10, () => ADS)
    expect(counted()).toBe(2 * before)
  })
})

describe('ids that will be those of other things', () => {
  it('begin with no history', () => {
    const one = shop()
      .run(2 * BUCKET_S, () => CART)
      .run(20, () => CART_FAILS)
    const points = () => one.clusters.detail(one.clusters.open()[0]!.id)?.timeline?.points ?? []
    const calls = () => points().reduce((sum, point) => sum + point.calls, 0)
    expect(calls()).toBeGreaterThan(120)
    const gone = new IdSets()
    gone.places.add(one.place('cart Get'))
    one.clusters.forget(gone)
    expect(calls()).toBe(0)
  })
})

describe('data time that was wrong and is set back', () => {
  it('goes on as if it had never been ahead', () => {
    const one = shop().run(BUCKET_S, () => CART)
    const rightMs = one.timeMs
    one.timeMs += DAY_MS
    one.run(2, () => CART)
    one.clusters.turnBack(rightMs)
    one.timeMs = rightMs
    one.run(20, () => CART_FAILS)
    expect(one.story()).toEqual(['opened A'])
    expect(one.toldAtS('opened')).toBeLessThan(BUCKET_S + 20)
    one.run(60, () => CART)
    expect(one.story()).toEqual(['opened A', 'closed A'])
    expect(one.told('closed')[0]!.closedMs! - rightMs).toBeLessThan(90_000)
    const { timeline } = one.clusters.detail(one.told('closed')[0]!.id)!
    for (const { toMs } of timeline!.points) expect(toMs).toBeLessThan(rightMs + 120_000)
  })
})

describe('an entry operation with an unusual set of calls', () => {
  const NEW = get('/ads', 'ads List', 'ads Old')
  const WHAT = [{ at: 'GET /ads', signal: 'structure' }] as const
  const sentence = (one: HandShop, spans: typeof ADS, operation: string): string => {
    const differingPath = one.path(operation)
    one.run(4 * BUCKET_S, () => ({ spans, unusual: true, differingPath }))
    return one.told('opened')[0]?.sentence ?? ''
  }

  it('says which one is new, more often there, or missing', () => {
    // Known is what there was when the null was made.
    const knowing = (): HandShop => new HandShop().watch([CART, ADS, NEW], WHAT)
    expect(sentence(knowing(), NEW, 'ads Old')).toMatch(/^ads Old is called more often since/)
    expect(sentence(knowing(), ADS, 'ads Old')).toMatch(/^ads Old is missing since/)
    const one = new HandShop().watch([CART, ADS], WHAT)
    one.see(NEW)
    expect(sentence(one, NEW, 'ads Old')).toMatch(/^ads Old is new since/)
  })
})

describe('what was accepted, and what keeps coming back', () => {
  const twice = (): HandShop =>
    shop()
      .run(30, () => CART_FAILS)
      .run(240, () => CART)
      .run(30, () => ADS_FAILS)
      .run(240, () => ADS)

  it('is listed: acceptances in their order, signatures with the latest first', () => {
    const one = twice()
    expect(one.story()).toEqual(['opened A', 'closed A', 'opened B', 'closed B'])
    const places = one.clusters.signatures().map(({ places: [place] }) => place)
    expect(places).toEqual([
      expect.stringContaining('ads List'),
      expect.stringContaining('cart Get'),
    ])
    one.accept('B')
    one.timeMs += 1000
    one.accept('A')
    const [a, b] = one.told('opened').map(({ id }) => id)
    expect(one.clusters.acceptances().map(({ cluster }) => cluster)).toEqual([b, a])
    expect(one.clusters.unaccept('nobody')).toBe(false)
    expect(one.clusters.unaccept(b!)).toBe(true)
    expect(one.clusters.unaccept(b!)).toBe(false)
    expect(one.clusters.acceptances().map(({ cluster }) => cluster)).toEqual([a])
  })
})
