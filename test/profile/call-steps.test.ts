import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'
import { ElementTable, PAIR_TABLES } from '../../src/profile/element-table.ts'

const small = fc.integer({ min: 0, max: 2 })
const step = fc.record({
  /** What was done before it. */
  before: fc.oneof(
    { weight: 90, arbitrary: fc.constant('nothing' as const) },
    { weight: 3, arbitrary: fc.constant('endTurn' as const) },
    { weight: 4, arbitrary: fc.constant('forget' as const) },
  ),
  /** Under which of the latest steps. */
  under: small,
  service: small,
  name: small,
  kind: small,
  callee: small,
})

function tableOf(maxTexts: number, maxPaths: number, maxPlaces: number): ElementTable {
  const limits = { maxTexts, maxPaths, maxPlaces, maxStrata: 2 }
  return new ElementTable(limits, new Vocabulary(100), new Vocabulary(100))
}

/** All that is in use. */
function everything(table: ElementTable): IdSets {
  const gone = new IdSets()
  for (const name of PAIR_TABLES) {
    const { ids } = table[name]
    for (let id = 2; id < ids.size; id++) if (!ids.isFree(id)) gone[name].add(id)
  }
  return gone
}

describe('steps from call path to call path', () => {
  it.each([
    { texts: 1000, paths: 1000, places: 1000 },
    { texts: 12, paths: 1000, places: 1000 },
    { texts: 1000, paths: 12, places: 1000 },
    { texts: 1000, paths: 1000, places: 12 },
  ])('are those of the tables, and noted there as if looked up: room for %j', (room) => {
    const tableLike = (): ElementTable => tableOf(room.texts, room.paths, room.places)
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
        const table = tableLike()
        const plain = tableLike()
        let latest = [{ path: 0, element: 0 }]
        for (const { before, under, service, name, kind, callee } of steps) {
          if (before === 'endTurn') for (const one of [table, plain]) one.endTurn()
          if (before === 'forget') {
            plain.forget(everything(plain))
            table.forget(everything(table))
            latest = [{ path: 0, element: 0 }]
          }
          const above = latest[under % latest.length]!
          const operation = table.operations.intern(service, name)
          const { ...found } = table.step(above.path, above.element, operation, kind, callee)
          const element = plain.element(service, name, kind, callee)
          const path = plain.paths.intern(above.path, element)
          const place = plain.places.intern(above.element, element)
          expect(found).toEqual({ element, path, place })
          latest = [...latest, found].slice(-6)
          if (latest[0]!.path !== 0) latest[0] = { path: 0, element: 0 }
        }
        expect(table.state()).toEqual(plain.state())
      }),
      { numRuns: 200 },
    )
  })

  it('of which two share a slot are told apart', () => {
    const table = tableOf(100_000, 100_000, 100_000)
    const first = new Map<string, number>()
    for (let round = 0; round < 2; round++) {
      for (let name = 2; name < 60; name++) {
        for (let callee = 0; callee < 60; callee++) {
          for (const above of [0, 2, 3]) {
            const operation = table.operations.intern(1, name)
            const { path, element } = table.step(above, above, operation, 3, callee)
            const key = `${above} ${name} ${callee}`
            expect(first.get(key) ?? path).toBe(path)
            first.set(key, path)
            expect(table.paths.parentOf(path)).toBe(above)
            expect(table.paths.elementOf(path)).toBe(element)
            expect(table.elements.operationOf(element)).toBe(operation)
            expect(table.callee(element)).toBe(callee)
          }
        }
      }
    }
    expect(new Set(first.values()).size).toBe(first.size)
  })
})
