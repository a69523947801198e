import { describe, expect, it } from 'vitest'
import { ServiceIdentities } from '../../src/otlp/service-identities.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'

function identitiesOf() {
  const values = new Vocabulary(1000)
  const identities = new ServiceIdentities(values)
  const id = (text: string): number => values.intern(text)
  const name = (service: string, namespace = '', environment = ''): string =>
    values.text(identities.resolve(id(service), id(namespace), id(environment)))
  return { values, identities, name }
}

describe('the service of a resource', () => {
  it('goes by its name where nothing else reports under it', () => {
    const { name } = identitiesOf()
    expect(name('orders', 'shop', 'production')).toBe('orders')
    expect(name('cart', 'shop', 'production')).toBe('cart')
    expect(name('', 'shop', 'production')).toBe('')
  })

  it('is told apart by environment or namespace, whichever differs from the first', () => {
    const { name } = identitiesOf()
    expect(name('orders', 'shop', 'production')).toBe('orders')
    expect(name('orders', 'shop', 'staging')).toBe('orders (staging)')
    expect(name('orders', 'bank', 'production')).toBe('orders (bank)')
    expect(name('orders', 'bank', 'staging')).toBe('orders (bank, staging)')
    expect(name('orders', 'shop', 'production')).toBe('orders')
    expect(name('orders', 'shop', 'staging')).toBe('orders (staging)')
  })

  it('is the first that fits where the resource does not say', () => {
    const { name } = identitiesOf()
    expect(name('orders')).toBe('orders')
    expect(name('orders', '', 'production')).toBe('orders')
    expect(name('orders', '', 'staging')).toBe('orders (staging)')
    expect(name('orders')).toBe('orders')
    expect(name('orders', 'shop')).toBe('orders')
    expect(name('orders', 'shop', 'production')).toBe('orders')
  })

  it('is told apart among sixteen, the others are counted', () => {
    const { name, identities } = identitiesOf()
    const names = Array.from({ length: 20 }, (_, i) => name('orders', '', `e${i}`))
    expect(new Set(names).size).toBe(16)
    expect(names[19]).toBe('orders')
    expect(identities.overflow).toBe(4)
  })

  it('finds room for its name where ids have taken all that is not kept for names', () => {
    const values = new Vocabulary(320)
    const identities = new ServiceIdentities(values)
    const [orders, production, staging] = ['orders', 'production', 'staging'].map((text) =>
      values.intern(text, true),
    ) as [number, number, number]
    for (let i = 0; i < 1000; i++) values.intern(`id-${i}`)
    expect(values.text(identities.resolve(orders, 0, production))).toBe('orders')
    expect(values.text(identities.resolve(orders, 0, staging))).toBe('orders (staging)')
  })

  it('stays what it is through a restart', () => {
    const { values, identities, name } = identitiesOf()
    name('orders', '', 'production')
    name('orders', '', 'staging')
    const again = new Vocabulary(1000)
    again.restore(structuredClone(values.state()))
    const restored = new ServiceIdentities(again)
    restored.restore(structuredClone(identities.state()))
    const of = (environment: string): string =>
      again.text(restored.resolve(again.intern('orders'), 0, again.intern(environment)))
    expect([of('staging'), of('production')]).toEqual(['orders (staging)', 'orders'])
  })
})
