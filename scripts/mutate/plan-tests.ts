import type { PlacedMutant } from './choose-mutants.ts'
import type { PlannedTests, Survey } from './messages.ts'

/** A mutant may make loops longer without making them endless: this many times what they took. */
const TURNS_FACTOR = 10
const TURNS_LEAST = 1_000_000

/** The tests that run a mutant, file by file, quickest first, and what they took together. */
export function planTests(
  { file, index }: PlacedMutant,
  surveys: readonly Survey[],
): { plan: PlannedTests[]; ms: number } {
  const candidates = surveys.flatMap((survey) => {
    const isShared = survey.shared[file]?.includes(index) ?? false
    const tests = survey.tests.flatMap(({ runs, ms }, test) =>
      isShared || runs[file]?.includes(index) ? [{ test, ms }] : [],
    )
    const ms = tests.reduce((sum, each) => sum + each.ms, 0)
    return tests.length === 0 ? [] : [{ survey, tests, ms }]
  })
  candidates.sort((a, b) => a.ms - b.ms)
  return {
    plan: candidates.map(({ survey, tests }) => ({
      testFile: survey.testFile,
      tests: tests.map(({ test }) => test),
      turns: TURNS_FACTOR * survey.turns + TURNS_LEAST,
    })),
    ms: candidates.reduce((sum, { ms }) => sum + ms, 0),
  }
}
