import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'
import { ElementTable } from '../../src/profile/element-table.ts'

const SERVER = 2

describe('the text of a stratum', () => {
  it('is that of what its id stands for by now', () => {
    const names = new Vocabulary(100)
    const values = new Vocabulary(100)
    const limits = { maxTexts: 100, maxPaths: 100, maxPlaces: 100, maxStrata: 100 }
    const table = new ElementTable(limits, names, values)
    const stratumOf = (operation: string): number => {
      const entry = table.element(values.intern('shop'), names.intern(operation), SERVER, 0)
      return table.strata.intern(0, table.paths.intern(0, entry))
    }
    const home = stratumOf('GET /')
    const cart = stratumOf('GET /cart')
    for (let round = 0; round < 2; round++) {
      expect([home, cart].map((one) => table.stratumText(one))).toEqual([
        'shop GET /',
        'shop GET /cart',
      ])
    }
    const gone = new IdSets()
    gone.strata.add(home)
    table.forget(gone)
    expect(stratumOf('POST /order')).toBe(home)
    expect(table.stratumText(home)).toBe('shop POST /order')
    expect(table.stratumText(cart)).toBe('shop GET /cart')
  })
})
