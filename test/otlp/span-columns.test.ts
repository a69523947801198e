import { describe, expect, it } from 'vitest'
import { SpanColumns } from '../../src/otlp/span-columns.ts'

const STRIDE = 3

describe('span columns', () => {
  it('take over every field of a row', () => {
    const from = new SpanColumns(STRIDE, 4)
    let next = 1
    for (const array of Object.values(from.of)) {
      for (let i = 0; i < array.length; i++) array[i] = next++ % 251
    }
    const to = new SpanColumns(STRIDE, 4)
    to.copy(1, from, 2)
    for (const [name, array] of Object.entries(from.of)) {
      const width = array.length / 4
      const copied = to.of[name as keyof typeof to.of]
      expect([name, ...copied.slice(width, 2 * width)]).toEqual([
        name,
        ...array.slice(2 * width, 3 * width),
      ])
      expect(copied.slice(0, width).every((value) => value === 0)).toBe(true)
      expect(copied.slice(2 * width).every((value) => value === 0)).toBe(true)
    }
  })
})
