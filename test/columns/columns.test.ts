import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Columns } from '../../src/columns/columns.ts'

const DECLARED = {
  n: 'u32',
  logM: { type: 'f64', width: 3, fill: Number.NEGATIVE_INFINITY },
  open: { type: 'u8', fill: 1 },
} as const

describe('columns', () => {
  it('begin empty, each with its own filling', () => {
    const { of, rows } = new Columns(DECLARED, 2)
    expect(rows).toBe(2)
    expect(of.n).toEqual(new Uint32Array(2))
    expect(of.logM).toEqual(new Float64Array(6).fill(Number.NEGATIVE_INFINITY))
    expect([...of.open]).toEqual([1, 1])
  })

  it('keep what they hold when they grow, and fill what is new', () => {
    const columns = new Columns(DECLARED, 1)
    columns.of.n[0] = 7
    columns.of.logM[2] = 5
    columns.grow(3)
    expect(columns.rows).toBe(4)
    expect([...columns.of.n]).toEqual([7, 0, 0, 0])
    expect(columns.of.logM[2]).toBe(5)
    expect(columns.of.logM[3]).toBe(Number.NEGATIVE_INFINITY)
    const before = columns.of.n
    columns.grow(4)
    expect(columns.of.n).toBe(before)
  })

  it('clear one row or all of them', () => {
    const columns = new Columns(DECLARED, 2)
    columns.of.n.set([1, 2])
    columns.of.logM.fill(0)
    columns.clear(0)
    expect([...columns.of.n]).toEqual([0, 2])
    expect([...columns.of.logM.slice(2, 4)]).toEqual([Number.NEGATIVE_INFINITY, 0])
    columns.clear()
    expect([...columns.of.n]).toEqual([0, 0])
  })

  it('clear rows from one to another', () => {
    const columns = new Columns(DECLARED, 4)
    columns.of.n.set([1, 2, 3, 4])
    columns.clear(1, 3)
    expect([...columns.of.n]).toEqual([1, 0, 0, 4])
    expect([...columns.of.open]).toEqual([1, 1, 1, 1])
    columns.clear(2, 2)
    expect([...columns.of.n]).toEqual([1, 0, 0, 4])
  })

  it('hand out copies of the rows asked for, in that order', () => {
    const columns = new Columns(DECLARED, 3)
    columns.of.n.set([1, 2, 3])
    columns.of.logM.set([1, 2, 3], 6)
    const gathered = columns.gather([2, 0, 2])
    expect([...gathered.n]).toEqual([3, 1, 3])
    expect([...gathered.logM.slice(6)]).toEqual([1, 2, 3])
    columns.of.n[2] = 9
    expect(gathered.n[0]).toBe(3)
  })

  it('hold big integers as they hold numbers', () => {
    const declared = { at: { type: 'i64', fill: -1 } } as const
    const columns = new Columns(declared, 1)
    columns.of.at[0] = 2n ** 62n + 1n
    columns.grow(2)
    expect([...columns.of.at]).toEqual([2n ** 62n + 1n, -1n])
    const other = new Columns(declared)
    other.restore(columns.gather([1, 0]))
    other.copy(0, columns, 0)
    expect([...other.of.at]).toEqual([2n ** 62n + 1n, 2n ** 62n + 1n])
    other.clear()
    expect([...other.of.at]).toEqual([-1n, -1n])
  })

  it('copy a row from others, whatever its place', () => {
    const from = new Columns(DECLARED, 3)
    from.of.n[2] = 9
    from.of.logM.set([1, 2, 3], 6)
    const to = new Columns(DECLARED, 1)
    to.copy(0, from, 2)
    expect(to.of.n[0]).toBe(9)
    expect([...to.of.logM]).toEqual([1, 2, 3])
  })

  it('come back as they were saved, whatever grew between', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), fc.nat({ max: 50 }), (values, more) => {
        const columns = new Columns(DECLARED, values.length)
        columns.of.n.set(values)
        const saved = columns.save()
        columns.of.n.fill(0)
        columns.grow(values.length + more)
        columns.restore(saved)
        expect([...columns.of.n]).toEqual(values.map((value) => value >>> 0))
        expect(columns.rows).toBe(values.length)
        expect(columns.save()).toEqual(saved)
      }),
    )
  })

  it('share nothing with what they saved', () => {
    const columns = new Columns(DECLARED, 1)
    const saved = columns.save()
    columns.of.n[0] = 3
    expect([...saved.n]).toEqual([0])
    columns.restore(saved)
    columns.of.n[0] = 4
    expect([...saved.n]).toEqual([0])
  })

  it.each([
    [
      'missing',
      { n: new Uint32Array(1), logM: new Float64Array(3) },
      '"open" is missing when Uint8Array of 1 x 1',
    ],
    [
      'of another type',
      { n: new Int32Array(1), logM: new Float64Array(3), open: new Uint8Array(1) },
      '"n" is Int32Array of 1 when Uint32Array',
    ],
    [
      'of another length',
      { n: new Uint32Array(2), logM: new Float64Array(3), open: new Uint8Array(2) },
      '"logM" is Float64Array of 3 when Float64Array of 2 x 3',
    ],
  ])('refuse a saved column that is %s, and stay as they were', (_, saved, says) => {
    const columns = new Columns(DECLARED, 1)
    expect(() => columns.restore(saved as never)).toThrow(says)
    expect(columns.rows).toBe(1)
    expect(columns.of.n).toHaveLength(1)
  })
})
