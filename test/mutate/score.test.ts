import { describe, expect, it } from 'vitest'
import { setArguedApart } from '../../scripts/mutate/argued-mutants.ts'
import { chooseMutants, type PlacedMutant } from '../../scripts/mutate/choose-mutants.ts'
import { findMutants } from '../../scripts/mutate/find-mutants.ts'
import type { Survey } from '../../scripts/mutate/messages.ts'
import { planTests } from '../../scripts/mutate/plan-tests.ts'
import { type Fate, shareInterval, tally } from '../../scripts/mutate/score.ts'

function placed(file: string, source: string): PlacedMutant[] {
  return findMutants(source).map((mutant, index) => ({ file, index, mutant }))
}

const some = placed('a.ts', Array.from({ length: 40 }, (_, i) => `f(a${i} < b)`).join('\n'))

describe('the score', () => {
  it('is the share that was killed of all but those that are no program', () => {
    const fates: Fate[] = [
      { result: 'killed', by: 'a test' },
      { result: 'killed', by: 'another' },
      { result: 'survived' },
      { result: 'unreached' },
      { result: 'invalid' },
    ]
    const judged = fates.map((fate, i) => ({ placed: some[i]!, fate }))
    expect(tally(judged)).toEqual({
      mutants: 4,
      killed: 2,
      survived: 1,
      unreached: 1,
      score: 0.5,
    })
  })

  it('of a sample lies in an interval that narrows to nothing when all are in it', () => {
    // Wilson's interval for 80 of 100, from a population without end: 0.711 to 0.867.
    const [low, high] = shareInterval(80, 100, 1e9)
    expect(low).toBeCloseTo(0.7112, 3)
    expect(high).toBeCloseTo(0.8666, 3)
    const [closer, above] = shareInterval(80, 100, 125)
    expect(closer).toBeGreaterThan(low + 0.03)
    expect(above).toBeLessThan(high - 0.02)
    expect(shareInterval(80, 100, 100)).toEqual([0.8, 0.8])
    expect(shareInterval(0, 0, 100)).toEqual([0, 1])
    expect(shareInterval(100, 100, 1e9)[1]).toBeCloseTo(1, 12)
  })
})

describe('a sample of mutants', () => {
  it('is the same for the same seed, another for another, and as large as asked', () => {
    const sample = chooseMutants(some, 15, 1)
    expect(sample).toHaveLength(15)
    expect(new Set(sample).size).toBe(15)
    expect(chooseMutants(some.toReversed(), 15, 1)).toEqual(sample)
    expect(chooseMutants(some, 15, 2)).not.toEqual(sample)
    expect(chooseMutants(some, 1000, 1)).toHaveLength(some.length)
  })

  it('draws each as often as any other', () => {
    const drawn = new Map<number, number>()
    for (let seed = 1; seed <= 400; seed++) {
      for (const { index } of chooseMutants(some, 30, seed)) {
        drawn.set(index, (drawn.get(index) ?? 0) + 1)
      }
    }
    const expected = (400 * 30) / some.length
    expect(drawn.size).toBe(some.length)
    for (const count of drawn.values()) {
      expect(Math.abs(count - expected)).toBeLessThan(4.5 * Math.sqrt(expected))
    }
  })
})

describe('argued mutants', () => {
  const all = [...placed('a.ts', 'f(a < b)'), ...placed('b.ts', 'f(a < b)')]
  const entry = { file: 'a.ts', before: 'f(a < b)', after: 'f(a <= b)', why: 'a is never b' }

  it('are set apart by file and lines', () => {
    const { open, argued, stale } = setArguedApart(all, [entry])
    expect(argued).toEqual([all.find(({ mutant }) => mutant.after === entry.after)])
    expect(open).toHaveLength(all.length - 1)
    expect(stale).toEqual([])
  })

  it('are stale where no mutant is like them any longer', () => {
    const gone = { ...entry, before: 'f(a < c)' }
    expect(setArguedApart(all, [gone, entry]).stale).toEqual([gone])
  })
})

describe('the tests of a mutant', () => {
  const survey = (testFile: string, changes: Partial<Survey>): Survey => ({
    testFile,
    failure: null,
    tooLong: [],
    tests: [],
    sharedTurns: 0,
    shared: {},
    ...changes,
  })
  const [mutant] = some
  const runs = { 'a.ts': [0] }

  it('are those that run it, cheapest first, with ten times their turns', () => {
    const plan = planTests(mutant!, [
      survey('dear', { tests: [{ index: 0, name: '', turns: 5_000_000, runs }] }),
      survey('cheap', {
        tests: [
          { index: 0, name: '', turns: 10, runs: { 'a.ts': [1] } },
          { index: 2, name: '', turns: 20, runs },
        ],
      }),
      survey('other', { tests: [{ index: 0, name: '', turns: 1, runs: { 'b.ts': [0] } }] }),
    ])
    expect(plan).toEqual([
      { testFile: 'cheap', tests: [2], turns: 1_000_200 },
      { testFile: 'dear', tests: [0], turns: 51_000_000 },
    ])
  })

  it('are all of a file where it runs while the file is imported', () => {
    const tests = [0, 1].map((index) => ({ index, name: '', turns: 1, runs: {} }))
    const [plan] = planTests(mutant!, [survey('shared', { shared: runs, tests })])
    expect(plan?.tests).toEqual([0, 1])
  })

  it('cost no more than they may together, but one is always asked', () => {
    const dear = (index: number) => ({ index, name: '', turns: 40_000_000, runs })
    const [plan] = planTests(mutant!, [survey('dear', { tests: [dear(0), dear(1)] })])
    expect(plan?.tests).toEqual([0])
    expect(planTests(mutant!, [survey('none', {})])).toEqual([])
  })
})
