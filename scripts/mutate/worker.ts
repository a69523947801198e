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

const ENOUGH_TURNS = 1e12
const root = process.cwd()
const sandbox = new Sandbox(`${root}/`)
let lost: unknown = null

// The same draws each time, and the first counter-example is enough.
fc.configureGlobal({ seed: 1, endOnFailure: true })
process.on('unhandledRejection', (reason) => {
  lost = reason ?? new Error('a promise was rejected')
})
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
        if (turnsLeft() < 0) failed = 'a loop without end'
        else if (error !== null || lost !== null) failed = name
        return failed === null
      },
    })
  } catch (error) {
    failed ??= turnsLeft() < 0 ? 'a loop without end' : `outside of a test, ${String(error)}`
  }
  return failed ?? (turnsLeft() < 0 ? 'a loop without end' : null)
}

/** Runs a test file as it is and notes which test runs which mutant. */
async function survey(testFile: string, sourceFiles: readonly string[]): Promise<Survey> {
  const coverage = new Coverage()
  const positions = new Map(sourceFiles.map((file) => [file, positionsOf(file)]))
  const tests: { name: string; ms: number; runs: Record<string, number[]> }[] = []
  const shared: Record<string, Set<number>> = {}
  let failure: string | null = null
  sandbox.mutate('', null)
  giveTurns(ENOUGH_TURNS)
  try {
    const suite = beginFile()
    const query = await sandbox.importAnew(join(root, testFile))
    const read = (): Record<string, number[]> => runsIn(coverage, query, positions)
    const share = (): void => {
      for (const [file, indexes] of Object.entries(read())) {
        shared[file] ??= new Set()
        for (const index of indexes) shared[file].add(index)
      }
    }
    share()
    let began = performance.now()
    await runSuite(suite, () => true, {
      onShared: () => {
        share()
        began = performance.now()
      },
      onTest: (index, name, error) => {
        if (error !== null) failure ??= `${name}: ${error.message}`
        tests[index] = { name, ms: performance.now() - began, runs: read() }
        began = performance.now()
        return true
      },
    })
  } catch (error) {
    failure ??= String(error)
  }
  coverage.close()
  return {
    testFile,
    failure,
    tests,
    turns: ENOUGH_TURNS - turnsLeft(),
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
    const file = files.get(url)!
    const indexes = indexesThatRan(script, positions.get(file)!)
    if (indexes.length > 0) runs[file] = indexes
  }
  return runs
}

function indexesThatRan(script: CoveredScript, positions: readonly number[]): number[] {
  return positions.flatMap((position, index) => (script.ran(position) ? [index] : []))
}
