import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textOfFields, timeOfFields } from '../../src/templates/fields-text.ts'

describe('a structured record', () => {
  it('is its message and the names of its fields, in order', () => {
    const fields = {
      ts: 5,
      msg: 'card declined',
      user: { id: 'alice', tags: ['a', 'b'] },
      amount: 12,
      level: 'error',
      items: [{ sku: 'x' }, { sku: 'y' }],
    }
    const text = 'card declined {amount} {items[].sku} {level=error} {user.id} {user.tags[]}'
    expect(textOfFields(fields)).toBe(text)
    expect(timeOfFields(fields)).toBe(5)
  })

  it('without a message is the names alone', () => {
    expect(textOfFields({ b: 1, a: null })).toBe('{a} {b}')
    expect(textOfFields({})).toBe('')
    expect(timeOfFields({})).toBeUndefined()
  })

  it('does not depend on the order of its fields, nor on values', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 20 })
    fc.assert(
      fc.property(names, (some) => {
        const one = Object.fromEntries(some.map((name) => [name, 1]))
        const other = Object.fromEntries(some.toReversed().map((name) => [name, false]))
        expect(textOfFields(other)).toBe(textOfFields(one))
      }),
    )
  })

  it('is bounded, however wide and deep', () => {
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]))
    expect(textOfFields(wide).split(' ')).toHaveLength(64)
    let deep: unknown = 1
    for (let i = 0; i < 200; i++) deep = { a: deep }
    expect(textOfFields(deep as Record<string, unknown>)).toBe('{a.a.a.a}')
  })
})
