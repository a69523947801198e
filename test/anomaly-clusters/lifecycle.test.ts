import { describe, expect, it } from 'vitest'
import { BUCKET_S, get, HandShop, type Watched } from './hand-shop.ts'

/** Requests whose calls answer for different services, and those in which they fail. */
const CART = get('/', 'cart Get')
const CART_FAILS = get('/', 'cart Get!')
const PUT = get('/', 'cart Put')
const PUT_FAILS = get('/', 'cart Put!')
const ADS = get('/', 'ads List', 'ads Pick', 'ads Bid')
const ADS_FAILS = get('/', 'ads List!', 'ads Pick', 'ads Bid')
const BOTH = get('/', 'cart Get', 'ads List')
const BOTH_FAIL = get('/', 'cart Get!', 'ads List!')
const HOME = get('/home', 'news Read')
const ALL = [CART, PUT, ADS, BOTH, HOME]
/** In the places that fail above. */
const ERRORS_EVERYWHERE: readonly Watched[] = [
  { at: 'cart Get' },
  { at: 'cart Put' },
  { at: 'ads List' },
]

/** Each story is told twice: by one that runs through, and by one that is restored after each step. */
describe.each([{ restoring: false }, { restoring: true }])(
  'restored after each step: $restoring',
  (how) => {
    const shop = (settings: ConstructorParameters<typeof HandShop>[0] = {}): HandShop =>
      new HandShop({ ...settings, ...how }).watch(ALL, ERRORS_EVERYWHERE)

    describe('an alarm opens a cluster', () => {
      it('that says where, how often and since when, and shows an example from before', () => {
        const one = shop().run(BUCKET_S, () => CART)
        const began = one.timeMs
        one.run(12, (i) => (i % 2 === 0 ? CART_FAILS : CART))
        expect(one.story()).toEqual(['opened A'])
        const [cluster] = one.told('opened')
        expect(cluster).toMatchObject({
          state: 'open',
          term: 'errors',
          direction: 'high',
          services: ['cart'],
          firstMs: began + 500,
          closedMs: null,
          normalRate: 0.01,
          mergedFrom: [],
          model: 'model-1',
        })
        expect(cluster?.sentence).toMatch(
          /^cart Get fails since 00:00:30 in [56]\d %: \d+ of \d+ calls from gateway, normally 1 %\.$/,
        )
        expect(cluster?.representative?.spans.map(({ status }) => status)).toContain(2)
        expect(cluster?.members.length).toBeGreaterThan(0)
        expect(cluster!.observations).toBeLessThan(cluster!.occurrences)
        expect(one.last.cluster).toBeNull()
        expect(one.run(1, () => CART_FAILS).last.cluster).toBe(cluster?.id)
      })

      it('for each of more places than anybody counts, all of them in one observation', () => {
        const names = Array.from({ length: 70 }, (_, i) => `cart Get${i}`)
        const spans = get('/', ...names.map((name) => `${name}!`))
        const one = new HandShop(how).watch(
          [spans],
          names.map((at) => ({ at, baseRate: at === 'cart Get69' ? 0.001 : 0.9 })),
        )
        one.run(10, () => spans)
        expect(one.clusters.open()).toMatchObject([
          { place: expect.stringContaining('cart Get69'), services: ['cart'] },
        ])
      })

      it('the sooner as its bucket is looked at more than once', () => {
        const began = 10 * BUCKET_S + 25
        const one = shop().run(began, () => CART)
        // As a whole, the buckets would take until 35 s.
        one.run(60, (i) => (i % 4 === 0 ? CART_FAILS : CART))
        expect(one.story()).toEqual(['opened A'])
        expect(one.toldAtS('opened') - began).toBeLessThan(32)
      })

      it('not where it deviates as rarely as it normally does', () => {
        const one = shop().run(200, (i) => (i % 100 === 7 ? CART_FAILS : CART))
        expect(one.changes).toEqual([])
      })

      it('each its own where suspects, callers and observations differ', () => {
        const one = shop().run(20, (i) => (i % 2 === 0 ? CART_FAILS : ADS_FAILS))
        expect(one.story()).toEqual(['opened A', 'opened B'])
        expect(one.clusters.open().map(({ services }) => services)).toEqual([['cart'], ['ads']])
        expect(one.clusters.counts).toMatchObject({ opened: 2, open: 2 })
      })
    })

    describe('an alarm joins an open cluster', () => {
      it('with the same suspect', () => {
        const one = shop()
          .run(20, () => CART_FAILS)
          .run(20, (i) => (i % 2 === 0 ? PUT_FAILS : CART_FAILS))
        expect(one.story()).toEqual(['opened A'])
        one.run(60, () => CART).run(5 * BUCKET_S, () => PUT_FAILS)
        // It goes on with what has joined it.
        expect(one.story()).toEqual(['opened A'])
        expect(one.clusters.open()[0]?.place).toContain('cart Put')
      })

      it('with the same caller, though the callees differ', () => {
        const cart = (slow: string) => get('/c', { call: `POST cart${slow}`, to: 'cart Get' })
        const ads = (slow: string) => get('/a', { call: `POST ads${slow}`, to: 'ads List' })
        const levelMs = 30
        const one = new HandShop(how).watch(
          [cart(''), ads('')],
          [
            { at: 'gateway POST cart', signal: 'selfTimeP90', levelMs },
            { at: 'gateway POST ads', signal: 'selfTimeP90', levelMs },
          ],
        )
        one.run(20, () => cart('~')).run(20, (i) => (i % 2 === 0 ? ads('~') : cart('~')))
        expect(one.story()).toEqual(['opened A'])
        expect(one.clusters.open()[0]?.services.toSorted()).toEqual(['ads', 'cart'])
      })

      it('with the same observations', () => {
        const one = shop().run(20, () => BOTH_FAIL)
        expect(one.story()).toEqual(['opened A'])
        expect(one.clusters.open()[0]?.services.toSorted()).toEqual(['ads', 'cart'])
      })

      it('but not what has stopped, even before it is over', () => {
        const one = shop()
          .run(20, () => CART_FAILS)
          .run(3 * BUCKET_S, () => HOME)
          .run(20, () => PUT_FAILS)
        expect(one.story()).toEqual(['opened A', 'opened B'])
        // Two calls in the next bucket that do not fail speak for an end, and not enough for it.
        const returning = shop()
          .run(20, (i) => (i % 2 === 0 ? CART_FAILS : CART))
          .run(10, () => HOME)
          .run(BUCKET_S, (i) => (i < 2 ? CART : HOME))
        returning.run(10, () => PUT_FAILS)
        expect(returning.story()).toEqual(['opened A', 'opened B'])
      })
    })

    describe('unusual sets of calls of an entry', () => {
      const watched: readonly Watched[] = [{ at: 'GET /', signal: 'structure' }, { at: 'ads List' }]
      const unusual = { spans: CART, unusual: true }

      it('are a cluster of their own beside a place that fails in other requests', () => {
        const one = new HandShop(how).watch(ALL, watched)
        one.run(20, (i) => (i % 2 === 0 ? unusual : ADS_FAILS))
        expect(one.story()).toEqual(['opened A', 'opened B'])
      })

      it('say what differs in them, whatever differs a little in usual ones', () => {
        const one = new HandShop(how).watch(ALL, watched)
        const differing = (at: string, spans: typeof CART, unusual: boolean) => () => ({
          ...{ spans, unusual, differingPath: one.path(at) },
        })
        one.run(20, differing('ads Bid', ADS, false)).run(8, differing('ads Pick', ADS, true))
        expect(one.story()).toEqual(['opened A'])
        expect(one.told('opened')[0]?.sentence).toContain('ads Pick')
      })

      it('are one story with the place that fails in the same requests', () => {
        const one = new HandShop(how).watch(ALL, watched)
        one.run(20, () => ({ spans: ADS_FAILS, unusual: true }))
        expect(one.story()).toEqual(['opened A'])
      })
    })

    describe('errors that are not sure yet', () => {
      /** The cart asks its database, or fails and says so; the ads beside it may fail, too. */
      const asked = (fails: boolean, ads = 'ads List') => {
        const name = fails ? 'Sorry' : 'Query'
        const below = { service: 'db', name, parent: 2, start: 3, duration: 2, kind: 2 }
        return [...get('/', fails ? 'cart Get!' : 'cart Get', ads), below]
      }
      const half = (ads: string) => (i: number) =>
        asked(i % 2 === 0, i % 2 === 0 ? ads : 'ads List')
      const errors = ['cart Get', 'ads List'].map((at) => ({ at, baseRate: 0.04 }))
      const watching = (watched: Watched): HandShop =>
        new HandShop(how).watch([asked(false), asked(true)], [...errors, watched])
      const QUERY = { at: 'db Query', signal: 'presence', baseRate: 0.001 } as const

      it('are why calls are missing of who fails', () => {
        const one = watching(QUERY).run(BUCKET_S, () => asked(false))
        one.run(10, half('ads List'))
        expect(one.story()).toEqual(['opened A'])
        expect(one.told('opened')).toMatchObject([
          { term: 'errors', place: expect.stringContaining('cart Get') },
        ])
      })

      it('are not why others make no calls', () => {
        const one = watching(QUERY).run(BUCKET_S, () => asked(false))
        one.run(6, (i) => {
          const spans = half('ads List!')(i)
          return spans.map((span) => (span.name === 'Get' ? { ...span, error: false } : span))
        })
        expect(one.story()).toEqual(['opened A'])
        expect(one.clusters.open()).toMatchObject([{ term: 'presence', services: ['db'] }])
      })

      it('are why sets of calls lack what who fails would call', () => {
        const lacking = (at: string, ads: string): HandShop => {
          const one = watching({ at: 'GET /', signal: 'structure', baseRate: 0.001 })
          one.run(BUCKET_S, () => asked(false))
          const differingPath = one.path(at)
          return one.run(6, (i) => {
            const spans = half(ads)(i)
            return i % 2 === 0 ? { spans, unusual: true, differingPath } : spans
          })
        }
        expect(lacking('db Query', 'ads List').told('opened')).toMatchObject([{ term: 'errors' }])
        // There, and not missing.
        expect(lacking('db Sorry', 'ads List').told('opened')).toMatchObject([
          { term: 'structure' },
        ])
      })
    })

    describe('an alarm reopens a cluster that is over', () => {
      const over = (reopenMs: number): HandShop =>
        shop({ reopenMs })
          .run(40, () => CART_FAILS)
          .run(60, () => CART)

      it('where the same place deviates again in time', () => {
        const one = over(120_000)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.clusters.past()).toHaveLength(1)
        one.run(20, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'closed A', 'opened A'])
        expect(one.clusters.counts).toMatchObject({ opened: 1, reopened: 1, closed: 1, open: 1 })
        expect(one.clusters.past()).toEqual([])
        expect(one.clusters.open()[0]).toMatchObject({ state: 'open', closedMs: null })
      })

      it('not when its last deviation is too long ago', () => {
        const deviatedAgo = 60_000
        const one = over(deviatedAgo + 20_000).run(20, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'closed A', 'opened A'])
        const late = over(deviatedAgo - 10_000).run(20, () => CART_FAILS)
        expect(late.story()).toEqual(['opened A', 'closed A', 'opened B'])
        // It closed later than that.
        expect(100 - late.toldAtS('closed')).toBeLessThan(50)
      })

      it('not where another place deviates, of the same service or not', () => {
        expect(
          over(120_000)
            .run(20, () => PUT_FAILS)
            .story(),
        ).toEqual(['opened A', 'closed A', 'opened B'])
        expect(
          over(120_000)
            .run(20, () => ADS_FAILS)
            .story(),
        ).toEqual(['opened A', 'closed A', 'opened B'])
      })

      it('not where a set of calls is unusual: it is another one each time', () => {
        const one = new HandShop(how).watch(ALL, [{ at: 'GET /', signal: 'structure' }])
        const unusual = () => ({ spans: CART, unusual: true })
        one.run(40, unusual).run(60, () => CART)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.run(20, unusual).story()).toEqual(['opened A', 'closed A', 'opened B'])
      })

      it('not where it was accepted', () => {
        const one = shop({ reopenMs: 600_000 }).run(40, () => CART_FAILS)
        expect(one.accept('A')).toBe(true)
        one
          .run(BUCKET_S, () => CART)
          .install(ERRORS_EVERYWHERE)
          .run(40, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A', 'opened B'])
      })
    })

    describe('an alarm is refused', () => {
      it('where there is no room for its cluster: counted, and its evidence begins anew', () => {
        const one = shop({ maxOpenClusters: 1 }).run(20, (i) =>
          i % 2 === 0 ? CART_FAILS : ADS_FAILS,
        )
        expect(one.story()).toEqual(['opened A'])
        // It would be refused at every look else.
        expect(one.clusters.counts).toMatchObject({ opened: 1, open: 1, clustersDropped: 1 })
        one.run(20, (i) => (i % 2 === 0 ? CART_FAILS : ADS_FAILS))
        expect(one.clusters.counts['clustersDropped']).toBe(2)
        // What is refused is learned from: no cluster is open there.
        expect(
          one.run(60, (i) => (i % 2 === 0 ? CART : ADS)).learned(one.place('ads List')).n,
        ).toBeGreaterThan(30)
      })
    })

    describe('two clusters that turn out to be one story', () => {
      const apart = (): HandShop => shop().run(10, (i) => (i % 2 === 0 ? CART_FAILS : ADS_FAILS))

      it('are merged: the older one stays, and goes on with what both had', () => {
        const one = apart()
        expect(one.story()).toEqual(['opened A', 'opened B'])
        one.run(2 * BUCKET_S, () => BOTH_FAIL)
        expect(one.story()).toEqual(['opened A', 'opened B', 'closed B', 'merged A'])
        const [older, younger] = one.told('opened')
        expect(one.told('merged')).toMatchObject([
          { id: older?.id, mergedFrom: [younger?.id], state: 'open' },
        ])
        expect(one.told('closed')).toMatchObject([{ id: younger?.id, state: 'resolved' }])
        expect(one.told('closed')[0]?.closedMs).toBe(
          one.changes.find(({ change }) => change === 'closed')?.timeMs,
        )
        expect(one.clusters.counts).toMatchObject({ merged: 1, open: 1, closed: 0 })
        expect(one.run(1, () => ADS_FAILS).last.cluster).toBe(older?.id)
        expect(one.told('merged')[0]?.services.toSorted()).toEqual(['ads', 'cart'])
        expect(one.clusters.past()).toEqual([])
      })

      it('stay two while they have no observations in common', () => {
        const one = apart().run(2 * BUCKET_S, (i) => (i % 2 === 0 ? CART_FAILS : ADS_FAILS))
        expect(one.story()).toEqual(['opened A', 'opened B'])
      })

      it('stay two once one of them has stopped', () => {
        const one = shop()
          .run(10, () => CART_FAILS)
          .run(3 * BUCKET_S, () => HOME)
        one.run(2 * BUCKET_S, () => PUT_FAILS)
        expect(one.story()).toEqual(['opened A', 'opened B'])
      })
    })

    describe('a cluster whose alarms are no longer one story', () => {
      const tied = (settings: ConstructorParameters<typeof HandShop>[0] = {}): HandShop =>
        shop(settings).run(10, () => BOTH_FAIL)
      const apart = (i: number) => (i % 2 === 0 ? CART_FAILS : ADS_FAILS)

      it('is split: the part that says less goes on under an id of its own', () => {
        const one = tied().run(6 * BUCKET_S, (i) => (i % 3 === 2 ? ADS_FAILS : CART_FAILS))
        expect(one.story()).toEqual(['opened A', 'split B'])
        expect(one.told('split')).toMatchObject([
          { state: 'open', services: ['ads'], mergedFrom: [] },
        ])
        expect(one.clusters.counts).toMatchObject({ split: 1, opened: 1, open: 2 })
        expect(one.clusters.open().map(({ services }) => services)).toEqual([['cart'], ['ads']])
        const [a, b] = one.clusters.open()
        expect(one.run(1, () => ADS_FAILS).last.cluster).toBe(b?.id)
        expect(one.run(1, () => CART_FAILS).last.cluster).toBe(a?.id)
        // Each shows its own.
        expect(b?.representative?.spans.map(({ service }) => service)).toContain('ads')
        expect(a?.representative?.spans.map(({ service }) => service)).not.toContain('ads')
      })

      it('stays whole while they share their observations', () => {
        expect(
          tied()
            .run(6 * BUCKET_S, () => BOTH_FAIL)
            .story(),
        ).toEqual(['opened A'])
      })

      it('stays whole where there is no room for a part', () => {
        const one = tied({ maxOpenClusters: 1 }).run(6 * BUCKET_S, apart)
        expect(one.story()).toEqual(['opened A'])
      })

      it('stays whole where its examples do not differ', () => {
        const like = (cart: string, ads: string) => get('/', `cart Get${cart}`, `ads List${ads}`)
        const levelMs = 30
        const one = new HandShop(how).watch(ALL, [
          { at: 'cart Get', signal: 'selfTimeP90', levelMs },
          { at: 'ads List', signal: 'selfTimeP90', levelMs },
        ])
        one.run(10, () => like('~', '~'))
        one.run(6 * BUCKET_S, (i) => (i % 2 === 0 ? like('~', '') : like('', '~')))
        expect(one.story()).toEqual(['opened A'])
      })
    })

    describe('what led to a cluster', () => {
      it('is taken back from what was learned of the place, before and while it is open', () => {
        const one = shop().run(2 * BUCKET_S, () => CART)
        const place = one.place('cart Get')
        // One of twelve fails: it takes some buckets until that is sure.
        one.run(6 * BUCKET_S, (i) => (i % 12 === 3 ? CART_FAILS : CART))
        expect(one.story()).toEqual(['opened A'])
        expect(one.toldAtS('opened')).toBeGreaterThan(3.5 * BUCKET_S)
        expect(one.learned(place)).toEqual({ n: 119, errors: 0 })
      })

      it('is taken back from what was learned of an entry', () => {
        const one = new HandShop(how).watch(ALL, [{ at: 'GET /', signal: 'structure' }])
        one.run(2 * BUCKET_S, () => CART)
        one.run(6 * BUCKET_S, (i) => ({ spans: CART, unusual: i % 12 === 3 }))
        expect(one.story()).toEqual(['opened A'])
        expect(one.toldAtS('opened')).toBeGreaterThan(3.5 * BUCKET_S)
        expect(one.learnedOfEntry(one.stratum('GET /'))).toEqual({ n: 119, unusual: 0 })
      })

      it('leaves other places as they are; the place is learned again when it is over', () => {
        const one = shop()
          .run(2 * BUCKET_S, () => CART)
          .run(2 * BUCKET_S, (i) => (i % 2 === 0 ? CART_FAILS : CART))
        const place = one.place('cart Get')
        expect(one.learned(place).n).toBeLessThan(125)
        expect(one.learned(one.place('gateway GET /')).n).toBeGreaterThan(150)
        one.run(5 * BUCKET_S, () => CART)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.learned(place).n).toBeGreaterThan(250)
      })
    })

    describe('a cluster ends', () => {
      it('when its place is normal again, after a bucket at the earliest', () => {
        const one = shop()
          .run(10, () => CART_FAILS)
          .run(60, () => CART)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        const lasted = one.toldAtS('closed') - one.toldAtS('opened')
        expect(lasted).toBeGreaterThanOrEqual(BUCKET_S)
        expect(lasted).toBeLessThan(BUCKET_S + 5)
        const [closed] = one.told('closed')
        expect(closed).toMatchObject({ state: 'resolved', observations: 20 })
        expect(one.clusters.past()).toEqual([closed])
        expect(one.clusters.counts).toMatchObject({ closed: 1, open: 0 })
      })

      it('and needs as much evidence again as it did at first', () => {
        const one = shop()
          .run(10, () => CART_FAILS)
          .run(60, () => CART)
        one.run(BUCKET_S, (i) => (i < 2 ? CART_FAILS : CART))
        expect(one.story()).toEqual(['opened A', 'closed A'])
      })

      it('not while it deviates half as often as when it opened', () => {
        const one = shop()
          .run(20, () => CART_FAILS)
          .run(120, (i) => (i % 2 === 0 ? CART_FAILS : CART))
        expect(one.story()).toEqual(['opened A'])
      })

      it('when nothing is seen of its place for long', () => {
        const silentMs = 100_000
        const one = shop({ silentMs })
          .run(10, () => CART_FAILS)
          .run(118, () => HOME)
        expect(one.story()).toEqual(['opened A'])
        // The bucket in which it was seen last counts as a whole.
        one.run(6, () => HOME)
        expect(one.story()).toEqual(['opened A', 'closed A'])
      })

      it('two buckets after its place was seen last, where others of it are over', () => {
        const one = shop()
          .run(10, () => CART_FAILS)
          .run(10, (i) => (i % 2 === 0 ? CART_FAILS : PUT_FAILS))
        one.run(40, () => CART)
        one.run(2 * BUCKET_S, () => CART)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.toldAtS('closed')).toBeGreaterThan(3 * BUCKET_S)
        expect(one.toldAtS('closed')).toBeLessThan(3 * BUCKET_S + 5)
      })

      it('when a new model does not watch its place any more', () => {
        const one = shop()
          .run(10, () => CART_FAILS)
          .install([{ at: 'ads List' }])
        one.run(1, () => HOME)
        expect(one.story()).toEqual(['opened A', 'closed A'])
      })

      it('and not when a new model watches it under another number', () => {
        const one = shop()
          .run(10, () => ADS_FAILS)
          .install([{ at: 'ads List' }])
        expect(one.run(1, () => ADS_FAILS).last.cluster).toBe(one.told('opened')[0]?.id)
        one.run(10, () => ADS_FAILS)
        expect(one.story()).toEqual(['opened A'])
        expect(one.run(60, () => ADS).story()).toEqual(['opened A', 'closed A'])
      })
    })

    describe('an entry that nobody knows and that fails', () => {
      const NEWS = get('/news', 'press Read')
      const NEWS_FAILS = NEWS.map((span, i) => ({ ...span, error: i !== 1 }))
      const UNKNOWN: readonly Watched[] = [{ at: 'gateway GET /news', signal: 'failures' }]
      const KNOWN: readonly Watched[] = [...UNKNOWN, { at: 'gateway GET /news' }]
      const other = (): HandShop => shop().see(NEWS).install(UNKNOWN)

      it('opens a cluster, which blames what fails in it', () => {
        const one = other().run(10, () => NEWS_FAILS)
        expect(one.story()).toEqual(['opened A'])
        expect(one.told('opened')).toMatchObject([
          { term: 'errors', suspect: 'press', severity: 'critical', place: 'gateway GET /news' },
        ])
      })

      it('opens none where it works, or where its failures are counted in a place', () => {
        expect(
          other()
            .run(30, () => NEWS)
            .story(),
        ).toEqual([])
        const one = shop()
          .see(NEWS)
          .install([...UNKNOWN, { at: 'gateway GET /news', baseRate: 1 }])
        expect(one.run(10, () => NEWS_FAILS).story()).toEqual([])
        // Known, though too seldom to say how often it fails.
        const seldom = shop()
          .see(NEWS)
          .install([{ at: 'ads List', signal: 'failures' }])
        expect(seldom.run(10, () => NEWS_FAILS).story()).toEqual([])
      })

      it('is not learned from while it is open, and is again when it is over', () => {
        const one = other().run(10, () => NEWS_FAILS)
        const page = one.place('gateway GET /news')
        one.run(2 * BUCKET_S, (i) => (i % 2 === 0 ? NEWS_FAILS : NEWS))
        expect(one.learned(page)).toEqual({ n: 0, errors: 0 })
        expect(one.learned(one.place('press Read')).errors).toBe(0)
        one.run(5 * BUCKET_S, () => NEWS)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.learned(page).n).toBeGreaterThan(100)
      })

      it('goes on under a new model, also under one that knows it, until it is over', () => {
        const one = other().run(10, () => NEWS_FAILS)
        one.install(UNKNOWN).run(10, () => NEWS_FAILS)
        one.install(KNOWN).run(30, () => NEWS_FAILS)
        expect(one.story()).toEqual(['opened A'])
        one.run(3 * BUCKET_S, () => NEWS)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        // From the next model on its place alone is watched.
        const { watched } = one.clusters.counts
        expect(one.install(KNOWN).clusters.counts['watched']).toBe(watched! - 1)
      })

      it('opens nothing once it is accepted, until a model knows it', () => {
        const one = other().run(10, () => NEWS_FAILS)
        expect(one.accept('A')).toBe(true)
        one.run(BUCKET_S, () => NEWS_FAILS).install(UNKNOWN)
        one.run(3 * BUCKET_S, () => NEWS_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
        expect(one.learned(one.place('gateway GET /news')).n).toBeGreaterThan(100)
        one.install([...UNKNOWN, { at: 'gateway GET /news', baseRate: 0.9 }])
        one.run(3 * BUCKET_S, () => NEWS_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
      })
    })

    describe('a cluster that a person accepts', () => {
      it('is over at once, and its place opens nothing until a model was fitted since', () => {
        const one = shop().run(20, () => CART_FAILS)
        expect(one.accept('nobody')).toBe(false)
        expect(one.accept('A')).toBe(true)
        expect(one.accept('A')).toBe(false)
        expect(one.told('accepted')).toMatchObject([{ state: 'accepted', closedMs: one.timeMs }])
        expect(one.clusters.counts).toMatchObject({ accepted: 1, open: 0, closed: 0 })
        const [{ id } = expect.unreachable()] = one.told('opened')
        expect(one.clusters.acceptances()).toMatchObject([{ cluster: id, atMs: one.timeMs }])
        expect(one.clusters.signatures()).toMatchObject([{ acceptance: { cluster: id } }])
        one.run(3 * BUCKET_S, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
        one.install(ERRORS_EVERYWHERE, 200).run(BUCKET_S, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
        // What was counted meanwhile is against a null that did not know it.
        one.install(ERRORS_EVERYWHERE).run(6, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
        one.run(2 * BUCKET_S, () => CART_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A', 'opened B'])
      })

      it('has its place learned anew: with what it does now, without what it did', () => {
        const one = shop()
          .run(2 * BUCKET_S, () => CART)
          .run(20, () => CART_FAILS)
        const place = one.place('cart Get')
        expect(one.learned(place).n).toBeGreaterThan(100)
        one.accept('A')
        expect(one.learned(place).n).toBe(0)
        expect([...one.reference.request().accepted]).toEqual([place])
        one.run(2 * BUCKET_S, () => CART_FAILS)
        expect(one.learned(place).errors).toBeGreaterThan(30)
      })

      it('has an entry learned anew where its sets of calls were unusual', () => {
        const one = new HandShop(how).watch(ALL, [{ at: 'GET /', signal: 'structure' }])
        one.run(2 * BUCKET_S, () => CART).run(40, () => ({ spans: CART, unusual: true }))
        const entry = one.stratum('GET /')
        expect(one.learnedOfEntry(entry).n).toBeGreaterThan(100)
        const places = one.learned(one.place('cart Get')).n
        expect(one.accept('A')).toBe(true)
        expect(one.learnedOfEntry(entry)).toEqual({ n: 0, unusual: 0 })
        expect(one.learned(one.place('cart Get')).n).toBe(places)
        one.run(2 * BUCKET_S, () => ({ spans: CART, unusual: true }))
        expect(one.learnedOfEntry(entry).unusual).toBeGreaterThan(50)
      })

      it('takes along what began with it and shows only later', () => {
        // Two of eight puts fail: not enough for an alarm by themselves.
        const one = shop()
          .run(4, (i) => (i % 4 === 0 ? PUT_FAILS : PUT))
          .run(20, () => CART_FAILS)
        expect(one.clusters.open()).toMatchObject([{ place: expect.stringContaining('cart Get') }])
        one.accept('A')
        one.run(6, () => PUT_FAILS).run(BUCKET_S, () => HOME)
        expect(one.story()).toEqual(['opened A', 'accepted A'])
        const places = [one.place('cart Get'), one.place('cart Put')]
        expect([...one.reference.request().accepted]).toEqual(places)
        // What begins later is another story.
        one.run(20, () => ADS_FAILS)
        expect(one.story()).toEqual(['opened A', 'accepted A', 'opened B'])
      })

      it('makes flagged observations like its examples known, for an hour', () => {
        const one = shop().run(20, () => CART_FAILS)
        one.accept('A')
        one.install([])
        const many = Array.from({ length: 16 }, () => 'cart Get')
        const OTHER = get('/', ...many, ...'abcdefghijkl'.split('').map((name) => `news ${name}`))
        const flagged = (spans: typeof CART) => () => ({ spans, flagged: true })
        expect(one.run(1, flagged(CART_FAILS)).last).toEqual({ cluster: null, accepted: true })
        expect(one.run(1, flagged(OTHER)).last).toEqual({ cluster: null, accepted: false })
        expect(one.run(1, () => CART_FAILS).last.accepted).toBe(false)
        one.timeMs += 3_600_000
        expect(one.run(1, flagged(CART_FAILS)).last.accepted).toBe(false)
      })
    })

    describe('similar anomalies', () => {
      const STRANGE_CALLS = ['news Read', 'news Old', 'news Older', 'news Oldest']
      const STRANGE = get('/home', ...STRANGE_CALLS)
      const strange = (i: number) => (i % 4 === 0 ? { spans: STRANGE, flagged: true } : HOME)

      it('open a cluster of the entry, count on, and close when they stay away', () => {
        const one = shop()
          .run(300, () => HOME)
          .run(20, strange)
        expect(one.story()).toEqual(['opened A'])
        const observations = one.clusters.open()[0]!.observations
        expect(one.run(10, strange).clusters.open()[0]?.observations).toBe(observations + 5)
        expect(one.clusters.open()[0]).toMatchObject({ term: 'like', services: ['gateway'] })
        expect(one.clusters.open()[0]!.occurrences).toBe(4 * one.clusters.open()[0]!.observations)
        one.run(200, () => HOME)
        expect(one.story()).toEqual(['opened A', 'closed A'])
        expect(one.toldAtS('closed')).toBeLessThan(450)
      })

      it('close when nothing at all is seen of the entry for long', () => {
        const one = shop({ silentMs: 60_000 })
          .run(300, () => HOME)
          .run(20, strange)
        one.run(58, () => CART)
        expect(one.story()).toEqual(['opened A'])
        expect(one.run(10, () => CART).story()).toEqual(['opened A', 'closed A'])
      })

      it('join the cluster of the service that they blame', () => {
        const failing = (i: number) =>
          i % 4 === 0
            ? {
                spans: get('/', 'cart Get', 'cart Old', 'cart Older', 'cart Put!'),
                flagged: true,
              }
            : HOME
        const one = shop()
          .run(300, () => HOME)
          .run(20, () => CART_FAILS)
        one.run(40, failing)
        expect(one.story()).toEqual(['opened A'])
      })

      it('blame the service of what is rarest of what deviates in them', () => {
        const failing = (i: number) =>
          i % 4 === 0
            ? {
                spans: get('/', 'cart Old', 'cart Get!', 'ads List!', 'cart Put!'),
                flagged: true,
              }
            : CART
        const rare = (at: string, baseRate: number) => ({ at, baseRate })
        for (const [ads, service] of [
          [0.9, 'cart'],
          [0.7, 'ads'],
        ] as const) {
          const one = new HandShop(how).watch(ALL, [
            ...[rare('cart Get', 0.95), rare('ads List', ads), rare('cart Put', 0.8)],
          ])
          one.run(300, () => CART).run(20, failing)
          expect(one.clusters.open()).toMatchObject([{ term: 'like', services: [service] }])
        }
      })

      it('leave out what is flagged for something else', () => {
        const one = shop()
          .run(300, () => HOME)
          .run(20, strange)
        const [{ id } = expect.unreachable()] = one.clusters.open()
        const many = Array.from({ length: 16 }, () => 'news Read')
        const OTHER = get('/home', ...many, ...[...'abcdefghijkl'].map((name) => `cart ${name}`))
        expect(one.run(1, () => ({ spans: OTHER, flagged: true })).last.cluster).toBeNull()
        expect(one.run(1, () => ({ spans: STRANGE, flagged: true })).last.cluster).toBe(id)
        // Of another entry.
        const elsewhere = { spans: get('/', ...STRANGE_CALLS), flagged: true }
        expect(one.run(1, () => elsewhere).last.cluster).toBeNull()
      })

      it('wait while there is no model to tell how similar they are', () => {
        const one = new HandShop(how).run(100, () => ({ spans: STRANGE, flagged: true }))
        expect(one.last).toEqual({ cluster: null, accepted: false })
        expect(one.changes).toEqual([])
      })

      it('reopen the cluster of the same entry', () => {
        const one = shop({ reopenMs: 600_000 })
          .run(300, () => HOME)
          .run(20, strange)
          .run(200, () => HOME)
        one.run(30, strange)
        expect(one.story()).toEqual(['opened A', 'closed A', 'opened A'])
      })
    })
  },
)
