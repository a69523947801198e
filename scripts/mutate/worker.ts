/** A process that runs tests, without a mutant and with one, as its parent says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { Coverage, type CoveredScript } from './coverage.ts'
import { findMutants, withoutTypes } from './find-mutants.ts'
import { giveTurns, limitLoops, turnsLeft } from './loop-limit.ts'
import type { Answer, Order, Outcome, PlannedTests, Survey } from './messages.ts'
import { Sandbox } from './sandbox.ts'
import { beginFile, runSuite } from './test-shim.ts'

/** Seconds of processor time: nothing to wait for once for each mutant. */
const TURNS_OF_TEST = 20_000_000
/** In place of a test's index. */
const ALL_TESTS = -1
const root = process.cwd()
const sandbox = new Sandbox(`${root}/`)
let lost: unknown = null

// The same draws each time, and the first counter-example is enough.
fc.configureGlobal({ seed: 1, endOnFailure: true })
process.on('unhandledRejection', (reason) => {
  lost = reason ?? new Error('a promise was rejected')
})
// Without a parent there is nobody to work for, even in the middle of a test.
process.on('disconnect', () => process.exit())
process.on('message', async (order: Order) => {
  const answer: Answer =
    order.ask === 'survey'
      ? { answer: 'survey', survey: await survey(order.testFile, order.sourceFiles) }
      : { answer: 'mutant', outcome: await tryMutant(order) }
  process.send?.(answer)
})

async function tryMutant(order: Order & { ask: 'mutant' }): Promise<Outcome> {
  try {
    sandbox.mutate(join(root, order.file), order.mutant)
  } catch {
    return { result: 'invalid' }
  }
  for (const planned of order.plan) {
    const by = await firstFailure(planned)
    if (by !== null) return { result: 'killed', by: `${planned.testFile}: ${by}` }
  }
  return { result: 'survived' }
}

/** What noticed that something is wrong; null if nothing did. */
async function firstFailure({ testFile, tests, turns }: PlannedTests): Promise<string | null> {
  const chosen = new Set(tests)
  let failed: string | null = null
  lost = null
  giveTurns(turns)
  try {
    const suite = beginFile()
    await sandbox.importAnew(join(root, testFile))
    await runSuite(suite, (index) => chosen.has(index), {
      onTest: (_, name, error) => {
        if (turnsLeft() < 0) failed = 'no end'
        else if (error !== null || lost !== null) failed = name
        return failed === null
      },
    })
  } catch (error) {
    failed ??= turnsLeft() < 0 ? 'no end' : `outside of a test, ${String(error)}`
  }
  return failed ?? (turnsLeft() < 0 ? 'no end' : null)
}

/** What a test file does as it is. Tests that take too many turns are found, and the rest run without them. */
async function survey(testFile: string, sourceFiles: readonly string[]): Promise<Survey> {
  const positions = new Map(sourceFiles.map((file) => [file, positionsOf(file)]))
  const tooLong = new Map<number, string>()
  for (;;) {
    const before = tooLong.size
    const found = await surveyOnce(testFile, positions, tooLong)
    if (tooLong.size === before || tooLong.has(ALL_TESTS)) return found
  }
}

/** Runs the tests that are not known to be too long, and notes which runs which mutant. */
async function surveyOnce(
  testFile: string,
  positions: ReadonlyMap<string, readonly number[]>,
  tooLong: Map<number, string>,
): Promise<Survey> {
  const coverage = new Coverage()
  const tests: Survey['tests'][number][] = []
  const shared: Record<string, Set<number>> = {}
  let failure: string | null = null
  let sharedTurns = 0
  sandbox.mutate('', null)
  giveTurns(TURNS_OF_TEST)
  try {
    const suite = beginFile()
    const query = await sandbox.importAnew(join(root, testFile))
    const onShared = (): void => {
      for (const [file, indexes] of Object.entries(runsIn(coverage, query, positions))) {
        shared[file] ??= new Set()
        for (const index of indexes) shared[file].add(index)
      }
      sharedTurns += TURNS_OF_TEST - turnsLeft()
      giveTurns(TURNS_OF_TEST)
    }
    onShared()
    await runSuite(suite, (index) => !tooLong.has(index), {
      onShared,
      onTest: (index, name, error) => {
        const turns = TURNS_OF_TEST - turnsLeft()
        if (turnsLeft() < 0) tooLong.set(index, name)
        else if (error !== null) failure ??= `${name}: ${error.message}`
        tests.push({ index, name, turns, runs: runsIn(coverage, query, positions) })
        giveTurns(TURNS_OF_TEST)
        return true
      },
    })
  } catch (error) {
    if (turnsLeft() < 0) tooLong.set(ALL_TESTS, 'all, for what they share')
    else failure ??= String(error)
  }
  coverage.close()
  return {
    testFile,
    failure,
    tooLong: [...tooLong.values()],
    tests: tooLong.has(ALL_TESTS) ? [] : tests,
    sharedTurns,
    shared: Object.fromEntries(Object.entries(shared).map(([file, set]) => [file, [...set]])),
  }
}

/** Where the mutants of a file run, in the text that is imported. */
function positionsOf(file: string): readonly number[] {
  const source = readFileSync(join(root, file), 'utf8')
  const { moved } = limitLoops(withoutTypes(source))
  return findMutants(source).map(({ runsAt }) => moved(runsAt))
}

function runsIn(
  coverage: Coverage,
  query: string,
  positions: ReadonlyMap<string, readonly number[]>,
): Record<string, number[]> {
  const files = new Map(
    [...positions.keys()].map((file) => [`${pathToFileURL(join(root, file)).href}${query}`, file]),
  )
  const covered = coverage.take((url) => files.has(url))
  const runs: Record<string, number[]> = {}
  for (const [url, script] of covered) {
    const file = files.get(url) ?? ''
    const indexes = indexesThatRan(script, positions.get(file) ?? [])
    if (indexes.length > 0) runs[file] = indexes
  }
  return runs
}

function indexesThatRan(script: CoveredScript, positions: readonly number[]): number[] {
  return positions.flatMap((position, index) => (script.ran(position) ? [index] : []))
}
