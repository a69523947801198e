import { afterEach, describe, expect, it } from 'vitest'
import { giveTurns, limitLoops, turnsLeft } from '../../scripts/mutate/loop-limit.ts'

afterEach(() => {
  globalThis.turnsOfMutant = undefined
})

/** Runs a program text that leaves its answer in `out`. */
function run(text: string): unknown {
  return new Function(`let out = 0; ${limitLoops(text).text}; return out`)()
}

describe('what takes turns', () => {
  it.each([
    ['for (let i = 0; i < 4; i++) { out += i }', 6, 4],
    ['for (let i = 0; i < 4; i++) out += i', 6, 4],
    ['for (const i of [1, 2]) for (const k of [3, 4]) out += i * k', 21, 6],
    ['for (const k in { a: 1, b: 2 }) { out += k.length }', 2, 2],
    ['while (out < 3) out++', 3, 3],
    ['do { out++ } while (out < 3)', 3, 3],
    ['do out++; while (out < 3)', 3, 3],
    ['function f(n) { return n > 0 ? n + f(n - 1) : 0 } out = f(3)', 6, 4],
    ['const f = (n) => { return n }; out = f(2) + f(3)', 5, 2],
    ['const f = (n) => n; out = f(2)', 2, 0],
    ['class A { constructor() { this.a = 4 } get b() { return this.a } } out = new A().b', 4, 2],
  ])('does what it did, and takes one turn each time: %s', (text, out, turns) => {
    giveTurns(100)
    expect(run(text)).toBe(out)
    expect(100 - turnsLeft()).toBe(turns)
  })

  it('ends with an error when its turns are used up, and goes on no more when that is caught', () => {
    giveTurns(10)
    expect(() => run('for (;;) out++')).toThrow('turns are used up')
    expect(turnsLeft()).toBeLessThan(0)
    expect(() => run('while (true) ;')).toThrow('turns are used up')
  })

  it('tells where each character went', () => {
    const text = 'for (const a of b) c(a)\nwhile (d) { e() }'
    const limited = limitLoops(text)
    for (const word of ['const a', 'c(a)', 'while', 'e()']) {
      expect(limited.text.slice(limited.moved(text.indexOf(word))).startsWith(word)).toBe(true)
    }
  })
})
