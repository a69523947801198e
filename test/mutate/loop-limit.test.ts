import { afterEach, describe, expect, it } from 'vitest'
import { giveTurns, limitLoops, turnsLeft } from '../../scripts/mutate/loop-limit.ts'

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'turnsOfMutant')
})

/** Runs a program text that leaves its answer in `out`. */
function run(text: string): unknown {
  return new Function(`let out = 0; ${limitLoops(text).text}; return out`)()
}

describe('a limited loop', () => {
  it.each([
    ['for (let i = 0; i < 4; i++) { out += i }', 6, 4],
    ['for (let i = 0; i < 4; i++) out += i', 6, 4],
    ['for (const i of [1, 2]) for (const k of [3, 4]) out += i * k', 21, 6],
    ['for (const k in { a: 1, b: 2 }) { out += k.length }', 2, 2],
    ['while (out < 3) out++', 3, 3],
    ['do { out++ } while (out < 3)', 3, 3],
    ['do out++; while (out < 3)', 3, 3],
  ])('does what it did, and takes one turn each time: %s', (text, out, turns) => {
    giveTurns(100)
    expect(run(text)).toBe(out)
    expect(100 - turnsLeft()).toBe(turns)
  })

  it('ends with an error when its turns are used up, and goes on no more when that is caught', () => {
    giveTurns(10)
    expect(() => run('for (;;) out++')).toThrow('used up its turns')
    expect(turnsLeft()).toBeLessThan(0)
    expect(() => run('while (true) ;')).toThrow('used up its turns')
  })

  it('tells where each character went', () => {
    const text = 'for (const a of b) c(a)\nwhile (d) { e() }'
    const limited = limitLoops(text)
    for (const word of ['const a', 'c(a)', 'while', 'e()']) {
      expect(limited.text.slice(limited.moved(text.indexOf(word))).startsWith(word)).toBe(true)
    }
  })
})
