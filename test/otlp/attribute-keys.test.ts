import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AttributeKeys, SERVICE_NAME, UNWANTED } from '../../src/otlp/attribute-keys.ts'
import { slotTable } from '../../src/otlp/attribute-slots.ts'
import { viewOf } from '../../src/otlp/byte-words.ts'

const utf8 = new TextEncoder()
const CATEGORIES = ['a', 'ab', 'abc', 'abcd', 'tenant', 'клиент', 'http.method']

describe('AttributeKeys', () => {
  const slots = slotTable(CATEGORIES)
  const keys = new AttributeKeys(slots)
  const find = (key: string): number => {
    const bytes = utf8.encode(`..${key}.`)
    return keys.find(viewOf(bytes), 2, bytes.length - 1)
  }

  it('finds every wanted key with its slot and priority, from bytes and from text', () => {
    for (const [key, { slot, priority }] of slots.keys) {
      const index = find(key)
      expect(index).not.toBe(UNWANTED)
      expect(keys.findText(key)).toBe(index)
      expect([keys.slot[index], keys.priority[index]]).toEqual([slot, priority])
    }
    expect(find('service.name')).toBe(SERVICE_NAME)
    expect(keys.slot[SERVICE_NAME]).toBe(-1)
  })

  it('gives service.name a slot where it is a category', () => {
    const table = slotTable(['service.name'])
    expect(new AttributeKeys(table).slot[SERVICE_NAME]).toBe(table.index.get('service.name'))
  })

  it('finds nothing else', () => {
    expect(find('')).toBe(UNWANTED)
    const identity = ['service.name', 'service.namespace']
    const environment = ['deployment.environment.name', 'deployment.environment']
    const wanted = [...identity, ...environment, ...slots.keys.keys()]
    const nearly = fc.tuple(fc.constantFrom(...wanted), fc.nat(), fc.string({ maxLength: 2 }))
    fc.assert(
      fc.property(nearly, ([key, at, text]) => {
        const i = at % (key.length + 1)
        for (const other of [
          key.slice(0, i) + text + key.slice(i),
          key.slice(0, i) + text + key.slice(i + 1),
        ]) {
          const expected = wanted.indexOf(other)
          expect(find(other)).toBe(expected)
          expect(keys.findText(other)).toBe(expected)
        }
      }),
      { numRuns: 500 },
    )
  })
})
