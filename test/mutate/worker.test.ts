import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { carryOut } from '../../scripts/mutate/crew.ts'
import { findMutants } from '../../scripts/mutate/find-mutants.ts'
import type { Outcome, Survey } from '../../scripts/mutate/messages.ts'
import { planTests } from '../../scripts/mutate/plan-tests.ts'

const FILE = 'test/fixtures/mutate/numbers.ts'
const TEST_FILE = 'test/fixtures/mutate/numbers.check.ts'
const mutants = findMutants(readFileSync(FILE, 'utf8')).map((mutant, index) => ({
  file: FILE,
  index,
  mutant,
}))

describe('a worker', () => {
  let survey: Survey
  const outcomes = new Map<string, Outcome>()

  beforeAll(async () => {
    const read = { ask: 'survey', testFile: TEST_FILE, sourceFiles: [FILE] } as const
    await carryOut(
      [TEST_FILE],
      1,
      () => ({ order: read, limitMs: 100_000 }),
      (_, answer) => {
        if (answer.answer === 'survey') survey = answer.survey
      },
    )
    const reached = mutants.filter((placed) => planTests(placed, [survey]).length > 0)
    await carryOut(
      reached,
      2,
      (placed) => {
        const { file, mutant } = placed
        const plan = planTests(placed, [survey])
        return { order: { ask: 'mutant', file, mutant, plan } as const, limitMs: 100_000 }
      },
      ({ mutant }, answer) => {
        const name = `${mutant.line}: ${mutant.original} -> ${mutant.replacement}`
        if (answer.answer === 'mutant') outcomes.set(name, answer.outcome)
      },
    )
  })

  it('tells of each test what it runs and what it costs', () => {
    expect(survey).toMatchObject({ testFile: TEST_FILE, failure: null, tooLong: [] })
    expect(survey.tests.map(({ name }) => name)).toEqual(['clamp of %i', 'clamp of %i', 'sums'])
    const linesRun = survey.tests.map(({ runs }) => [
      ...new Set(runs[FILE]?.map((index) => mutants[index]!.mutant.line)),
    ])
    // What is clamped from above goes on to line 3, what is clamped from below does not.
    expect(linesRun).toEqual([[2, 3], [2], [7, 8, 9]])
    // A test's own function and the one that it calls.
    expect(survey.tests[0]?.turns).toBe(2)
    expect(survey.tests[2]?.turns).toBeGreaterThan(100)
  })

  it('finds no test for what none runs', () => {
    const unreached = mutants.filter((placed) => planTests(placed, [survey]).length === 0)
    expect(new Set(unreached.map(({ mutant }) => mutant.line))).toEqual(new Set([13]))
  })

  it('lets live what the tests do not tell from the original', () => {
    const survived = [...outcomes].flatMap(([name, { result }]) =>
      result === 'survived' ? [name] : [],
    )
    // The last may live: a sum is the same without its 0.
    const equal = ['2: < -> <=', '3: > -> >=', '3: x > high -> true', '8: 0 -> 1']
    expect(survived.toSorted()).toEqual(equal)
  })

  it('kills the others and says by which test', () => {
    expect(outcomes.get('2: x < low -> true')).toEqual({
      result: 'killed',
      by: `${TEST_FILE}: clamp of %i`,
    })
    expect(outcomes.get('8: += -> -=')).toMatchObject({ by: `${TEST_FILE}: sums` })
    expect(outcomes.size).toBeGreaterThan(15)
  })

  it('ends a loop that has become endless', () => {
    expect(outcomes.get('8: ++ -> --')).toMatchObject({ by: `${TEST_FILE}: no end` })
  })
})
