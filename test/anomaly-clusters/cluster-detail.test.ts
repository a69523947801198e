import { describe, expect, it } from 'vitest'
import type { ClusterDetail } from '../../src/contract/cluster-detail.ts'
import { get, HandShop, type Watched } from './hand-shop.ts'

const FINE = get('/', 'cart Get', 'ads List')
const FAILS = get('/', 'cart Get!', 'ads List!')
const WATCHED: readonly Watched[] = [{ at: 'cart Get' }, { at: 'ads List' }]
const MINUTE_S = 60

function openId(shop: HandShop): string {
  return shop.clusters.open()[0]?.id ?? ''
}

function detail(shop: HandShop, id = openId(shop)): ClusterDetail {
  const found = shop.clusters.detail(id)
  if (!found) throw new Error(`no cluster ${id}`)
  return found
}

describe.each([{ restoring: false }, { restoring: true }])(
  'what there is to see of a cluster, restored after each step: $restoring',
  (how) => {
    const shop = (): HandShop => new HandShop(how).watch([FINE], WATCHED)

    it('shows its place from before it began, with what is normal', () => {
      const one = shop().run(10 * MINUTE_S, () => FINE)
      const began = one.timeMs
      one.run(3 * MINUTE_S, (i) => (i % 2 === 0 ? FAILS : FINE))
      const { timeline } = detail(one)
      expect(timeline?.normal.failed).toBe(0.01)
      const [before, after] = [
        timeline?.points.filter(({ toMs }) => toMs <= began) ?? [],
        timeline?.points.filter(({ fromMs }) => fromMs >= began) ?? [],
      ]
      expect(before.length).toBeGreaterThanOrEqual(9)
      expect(before.every(({ failed }) => failed === 0)).toBe(true)
      expect(after.length).toBeGreaterThanOrEqual(2)
      for (const { calls, failed } of after) expect(failed / calls).toBeCloseTo(0.5, 1)
      for (const { p50 } of before) expect(Math.abs(p50 - 10)).toBeLessThan(1.3)
    })

    it('names all that deviates, who calls whom', () => {
      const one = shop().run(2 * MINUTE_S, () => FINE)
      const began = one.timeMs
      one.run(3 * MINUTE_S, (i) => (i % 2 === 0 ? FAILS : FINE))
      const { deviating } = detail(one)
      expect(deviating.map(({ caller, service }) => `${caller} > ${service}`).sort()).toEqual([
        'gateway > ads',
        'gateway > cart',
      ])
      for (const { term, isOver, firstMs, observations, occurrences } of deviating) {
        expect([term, isOver]).toEqual(['errors', false])
        expect(firstMs).toBe(began + 500)
        expect(observations / occurrences).toBeCloseTo(0.5, 1)
      }
    })

    it('names the callee of a call, and shows from where on it is slow', () => {
      const calls = (slow: string) => get('/c', { call: `POST cart${slow}`, to: 'cart Get' })
      const at = 'gateway POST cart'
      const one = new HandShop(how).watch([calls('')], [{ at, signal: 'selfTimeP90', levelMs: 30 }])
      one.run(2 * MINUTE_S, () => calls('')).run(30, () => calls('~'))
      const { deviating, timeline } = detail(one)
      expect(deviating).toMatchObject([
        { caller: 'gateway', service: 'cart', operation: 'POST cart', term: 'self_time' },
      ])
      expect(timeline?.normal).toMatchObject({ p90: 30, p50: 5, p99: null, failed: null })
      // The minute that goes on is shown, too, up to now.
      expect(timeline?.points.at(-1)?.toMs).toBe(one.timeMs)
      expect(timeline?.points.at(-1)?.p99).toBeGreaterThan(30)
    })

    it('names the entry operation whose requests are unusual, and shows its place', () => {
      const one = new HandShop(how).watch([FINE], [{ at: 'GET /', signal: 'structure' }])
      one.run(2 * MINUTE_S, () => FINE).run(30, () => ({ spans: FINE, unusual: true }))
      const { deviating, timeline } = detail(one)
      expect(deviating).toMatchObject([
        { caller: '', service: 'gateway', operation: 'GET /', term: 'structure' },
      ])
      expect(timeline?.place).toContain('gateway GET /')
      expect(timeline?.points.length).toBeGreaterThan(1)
    })

    it('keeps what it was, and how it got well again, when it is over', () => {
      const one = shop().run(4 * MINUTE_S, () => FINE)
      one.run(3 * MINUTE_S, (i) => (i % 2 === 0 ? FAILS : FINE))
      const id = openId(one)
      one.run(16 * MINUTE_S, () => FINE)
      expect(one.clusters.open()).toEqual([])
      const { timeline, deviating } = detail(one, id)
      expect(deviating.every(({ isOver }) => isOver)).toBe(true)
      const points = timeline?.points ?? []
      const failing = points.filter(({ failed }) => failed > 0)
      expect(failing.length).toBeGreaterThanOrEqual(3)
      const closedMs = one.clusters.past()[0]?.closedMs ?? 0
      expect(points.at(-1)?.toMs).toBeGreaterThan(closedMs + 8 * MINUTE_S * 1000)
      expect(points.at(-1)?.toMs).toBeLessThan(closedMs + 12 * MINUTE_S * 1000)
    })

    it('is asked for nothing that is not there', () => {
      expect(shop().clusters.detail('none')).toBeNull()
    })
  },
)
