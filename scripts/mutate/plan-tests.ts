import type { PlacedMutant } from './choose-mutants.ts'
import type { PlannedTests, Survey } from './messages.ts'

/** A mutant may make a test longer without making it endless: this many times what it took. */
const TURNS_FACTOR = 10
const TURNS_LEAST = 1_000_000
/** What the tests of one mutant may cost together: seconds of processor time. */
const TURNS_OF_MUTANT = 60_000_000

interface Candidate {
  readonly survey: Survey
  readonly test: number
  readonly turns: number
}

/** The tests to ask of a mutant, by file: of those that run it the cheapest, as many as may be. */
export function planTests(
  { file, index }: PlacedMutant,
  surveys: readonly Survey[],
): PlannedTests[] {
  const candidates = surveys.flatMap((survey) => {
    const isShared = survey.shared[file]?.includes(index) ?? false
    return survey.tests.flatMap(({ index: test, turns, runs }): Candidate[] =>
      isShared || runs[file]?.includes(index) ? [{ survey, test, turns }] : [],
    )
  })
  // The sort is stable: of equals the first stays first.
  candidates.sort((a, b) => a.turns + a.survey.sharedTurns - b.turns - b.survey.sharedTurns)
  const plan = new Map<Survey, { tests: number[]; turns: number }>()
  let spent = 0
  for (const { survey, test, turns } of candidates) {
    const known = plan.get(survey)
    const cost = turns + (known ? 0 : survey.sharedTurns)
    if (spent > 0 && spent + cost > TURNS_OF_MUTANT) continue
    spent += cost
    const { tests, turns: before } = known ?? { tests: [], turns: 0 }
    plan.set(survey, { tests: [...tests, test], turns: before + cost })
  }
  return [...plan]
    .sort(([, a], [, b]) => a.turns - b.turns)
    .map(([{ testFile }, { tests, turns }]) => ({
      testFile,
      tests,
      turns: TURNS_FACTOR * turns + TURNS_LEAST,
    }))
}
