import { describe, expect, it } from 'vitest'
import { get, HandShop } from './hand-shop.ts'

const CART = get('/', 'cart Get')
const FAILS = get('/', 'cart Get!')
const PUT_FAILS = get('/', 'cart Put!')
const QUIET_S = 240

/** A shop in which calls fail for 30 s, `times` times, minutes apart. */
function bursts(times: number, restoring = false): HandShop {
  const shop = new HandShop({ restoring })
  shop.watch([CART, get('/', 'cart Put')], [{ at: 'cart Get' }, { at: 'cart Put' }])
  for (let i = 0; i < times; i++) shop.run(30, () => FAILS).run(QUIET_S, () => CART)
  return shop
}

/** Whether people were told of each cluster when it opened. */
function told(shop: HandShop): boolean[] {
  return shop.told('opened').map(({ alerts }) => alerts)
}

describe.each([{ restoring: false }, { restoring: true }])(
  'what keeps coming back (restored after each step: $restoring)',
  ({ restoring }) => {
    it('is told twice, and then shown as known', () => {
      const shop = bursts(5, restoring)
      expect(told(shop)).toEqual([true, true, false, false, false])
      expect(shop.clusters.counts).toMatchObject({ opened: 5, known: 3, signatures: 1 })
      const last = shop.told('opened').at(-1)
      expect(last?.sentence).toMatch(/; 5th time, as before\.$/)
      expect(last?.signature).toMatchObject({ times: 5, known: true, excess: null })
      expect(last?.asksAcceptance).toBe(false)
      expect(shop.clusters.signatures()).toMatchObject([{ times: 5, known: true }])
    })

    it('is told once it lasts longer, and stays told', () => {
      const shop = bursts(3, restoring)
      shop.run(20, () => FAILS)
      expect(shop.clusters.open()[0]).toMatchObject({ alerts: false })
      shop.run(100, () => FAILS)
      const [open] = shop.clusters.open()
      expect(open).toMatchObject({ alerts: true, signature: { times: 4, excess: 'longer' } })
      shop.run(QUIET_S, () => CART)
      expect(shop.clusters.past().at(-1)).toMatchObject({ id: open?.id, alerts: true })
    })

    it('is told once it shows elsewhere', () => {
      const shop = bursts(3, restoring).run(15, () => FAILS)
      expect(shop.clusters.open()[0]).toMatchObject({ alerts: false })
      shop.run(25, (i) => (i % 2 === 0 ? FAILS : PUT_FAILS))
      const [open] = shop.clusters.open()
      expect(open).toMatchObject({ alerts: true, signature: { excess: 'elsewhere' } })
      expect(open?.sentence).toMatch(/; 4th time, now also elsewhere\.$/)
    })

    it('is known from the first on where that was accepted, open or over', () => {
      const over = bursts(1, restoring)
      expect(over.accept('A')).toBe(true)
      expect(over.accept('A')).toBe(false)
      over.run(30, () => FAILS).run(QUIET_S, () => CART)
      expect(told(over)).toEqual([true, false])
      const [a] = over.told('opened')
      expect(over.clusters.acceptances()).toMatchObject([{ cluster: a?.id }])
      expect(over.clusters.unaccept(a!.id)).toBe(true)
      over.run(30, () => FAILS)
      expect(told(over)).toEqual([true, false, true])
      expect(over.clusters.acceptances()).toEqual([])
    })

    it('comes with what a person said of it', () => {
      const shop = bursts(3, restoring)
      const [signature] = shop.clusters.signatures()
      expect(signature?.places).toEqual([expect.stringMatching(/cart Get: errors$/)])
      const words = { name: 'restart', note: '', runbook: 'https://wiki.example/restart' }
      expect(shop.clusters.describeSignature(signature!.id, words)).toBe(true)
      shop.run(30, () => FAILS)
      expect(shop.clusters.open()[0]?.signature).toMatchObject(words)
      expect(shop.clusters.open()[0]?.sentence).toContain('; 4th time (restart), as before')
    })
  },
)

describe('what a place has shown', () => {
  it('is paid for: what is known there needs more evidence to open', () => {
    const opensAfterS = (shop: HandShop): number => {
      const fromMs = shop.timeMs
      shop.run(60, (i) => (i % 3 === 0 ? FAILS : CART))
      return (shop.told('opened').at(-1)!.openedMs - fromMs) / 1000
    }
    const fresh = opensAfterS(bursts(0))
    expect(opensAfterS(bursts(4))).toBeGreaterThan(fresh)
  })
})
