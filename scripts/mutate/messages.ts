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
      /** The tests that may notice it, those that take least time first. */
      readonly plan: readonly PlannedTests[]
    }

export interface PlannedTests {
  readonly testFile: string
  readonly tests: readonly number[]
  /** Turns that all loops of the file together may take. */
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
  readonly tests: readonly SurveyedTest[]
  /** Turns that its loops took. */
  readonly turns: number
  /** By source file, the mutants (by index) that run while it is imported or in hooks around many tests. */
  readonly shared: Readonly<Record<string, readonly number[]>>
}

interface SurveyedTest {
  readonly name: string
  readonly ms: number
  /** By source file, the mutants (by index) that it runs. */
  readonly runs: Readonly<Record<string, readonly number[]>>
}

/** `invalid`: the text with it is no program. */
export type Outcome =
  | { readonly result: 'killed'; readonly by: string }
  | { readonly result: 'survived' }
  | { readonly result: 'invalid' }
