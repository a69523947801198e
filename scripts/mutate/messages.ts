import type { Mutant } from './find-mutants.ts'

/** What the parent asks of a worker. */
export type Order =
  | {
      readonly ask: 'survey'
      /** Paths from the root of the project. */
      readonly testFile: string
      readonly sourceFiles: readonly string[]
    }
  | {
      readonly ask: 'mutant'
      readonly file: string
      readonly mutant: Mutant
      /** The tests that may notice it, those that cost least first. */
      readonly plan: readonly PlannedTests[]
    }

export interface PlannedTests {
  readonly testFile: string
  readonly tests: readonly number[]
  /** Turns that they may take together. */
  readonly turns: number
}

/** What a worker answers. */
export type Answer =
  | { readonly answer: 'survey'; readonly survey: Survey }
  | { readonly answer: 'mutant'; readonly outcome: Outcome }

/** What a test file does without any mutant. */
export interface Survey {
  readonly testFile: string
  /** Why it cannot be used: its tests have to pass before anything is changed. */
  readonly failure: string | null
  /** Tests that take more turns than a test for a mutant may: they are not asked. */
  readonly tooLong: readonly string[]
  readonly tests: readonly SurveyedTest[]
  /** Turns taken while it was imported and in hooks around many tests. */
  readonly sharedTurns: number
  /** By source file, the mutants (by index) that run while it is imported or in hooks around many tests. */
  readonly shared: Readonly<Record<string, readonly number[]>>
}

interface SurveyedTest {
  /** Its place among the tests of its file. */
  readonly index: number
  readonly name: string
  /** What it costs, the same on each machine. */
  readonly turns: number
  /** By source file, the mutants (by index) that it runs. */
  readonly runs: Readonly<Record<string, readonly number[]>>
}

/** `invalid`: the text with it is no program. */
export type Outcome =
  | { readonly result: 'killed'; readonly by: string }
  | { readonly result: 'survived' }
  | { readonly result: 'invalid' }
