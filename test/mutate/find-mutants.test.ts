import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAst } from 'vitest/node'
import { findMutants, withMutant } from '../../scripts/mutate/find-mutants.ts'

/** The texts that the mutants of a source make of it. */
function mutated(source: string): string[] {
  return findMutants(source).map((mutant) => withMutant(source, mutant).trim())
}

describe('mutants of', () => {
  it.each<[string, string, string[]]>([
    ['a comparison', 'a < b', ['a <= b', 'a >= b', ';']],
    ['a comparison with parentheses', '(a) >= (b)', ['(a) > (b)', '(a) < (b)', ';']],
    ['an equality', 'a === b', ['a !== b', ';']],
    ['arithmetic', 'a - b / c', ['a + b / c', 'a - b * c', ';']],
    ['a sum of texts, which has no other operator', '`${a}` + b', [';']],
    ['a logical expression', 'a && b', ['a || b', ';']],
    ['a default', 'a ?? b', ['a && b', ';']],
    ['an assignment', 'a += b', ['a -= b', ';']],
    ['a step', 'a++', ['a--', ';']],
    ['a step before', '--a', ['++a', ';']],
    ['a boolean', 'f(true)', ['f(false)', ';']],
    ['a negation', 'f(!a, -b)', ['f(a, -b)', 'f(!a, b)', ';']],
    ['a whole number', 'f(3)', ['f(2)', 'f(4)', ';']],
    ['zero', 'f(0)', ['f(-1)', 'f(1)', ';']],
    ['a negative number', 'f(-1)', ['f(-0)', 'f(-2)', ';']],
    ['minus zero', 'f(-0)', ['f(-(-1))', 'f(-1)', ';']],
    ['a fraction', 'f(0.25)', ['f(0.5)', ';']],
    ['an array', 'f([a], [])', ['f([], [])', ';']],
    ['a method that has a counterpart', 'Math.min(a)', ['Math.max(a)', ';']],
    ['a condition', 'if (a) f()', ['if (false) f()', 'if (true) f()', 'if (a) ;']],
    ['a choice', 'f(a ? b : c)', ['f(false ? b : c)', 'f(true ? b : c)', ';']],
    ['a loop', 'while (a) break', ['while (false) break', 'while (a) ;']],
    ['an arrow', 'f((a) => a)', ['f((a) => undefined)', ';']],
    ['an arrow to an object', 'f(() => ({ a }))', ['f(() => (undefined))', ';']],
    ['what is thrown', 'throw a', [';']],
  ])('%s', (_, source, expected) => {
    expect(mutated(source).toSorted()).toEqual(expected.toSorted())
  })

  it('a return, with a value or without', () => {
    expect(mutated('function f() { return a }')).toEqual(['function f() { return; }'])
    expect(mutated('function f() { return }')).toEqual(['function f() { ; }'])
    expect(mutated('function f() { return undefined }')).toEqual([])
  })

  it('types and names are none', () => {
    expect(mutated("import { a } from './a.ts'\ninterface B { readonly c: 1 | true }")).toEqual([])
    expect(mutated('const a = { 1: b } as const')).toEqual([])
  })

  it('an operator behind what is stripped are where they were', () => {
    const source = 'const a = b! /* < */ as number < (c as number)'
    expect(findMutants(source).map(({ start }) => source.slice(0, start))).toEqual([
      'const a = b! /* < */ as number ',
      'const a = b! /* < */ as number ',
    ])
  })

  it('several lines name the lines that they touch', () => {
    const [mutant] = findMutants('const a =\n  1 +\n  b\nconst c = d\n').filter(
      ({ kind }) => kind === 'arithmetic',
    )
    expect(mutant).toMatchObject({
      line: 2,
      original: '+',
      replacement: '-',
      before: '1 +',
      after: '1 -',
    })
  })

  it('our own source are programs, but for a few, and each is another text', () => {
    const files = globSync('src/{evidence,baseline,kmedoids}/*.ts').sort().slice(0, 12)
    let mutants = 0
    let invalid = 0
    for (const file of files) {
      const source = readFileSync(file, 'utf8')
      const found = findMutants(source)
      const texts = new Set<string>()
      for (const mutant of found.slice(0, 60)) {
        const text = withMutant(source, mutant)
        texts.add(text)
        mutants++
        try {
          parseAst(text)
        } catch {
          invalid++
        }
      }
      expect(texts.size).toBe(Math.min(60, found.length))
    }
    expect(mutants).toBeGreaterThan(200)
    expect(invalid / mutants).toBeLessThan(0.02)
  })
})
