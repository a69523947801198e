/**
 * Puts small faults into the source, one at a time, and asks the unit tests whether they notice.
 * usage: npm run mutate -- [--sample N | --all] [--file PATH]… [--seed N] [--jobs N] [--json]
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type ArguedMutant, setArguedApart } from './mutate/argued-mutants.ts'
import { chooseMutants, type PlacedMutant } from './mutate/choose-mutants.ts'
import { carryOut } from './mutate/crew.ts'
import { findMutants } from './mutate/find-mutants.ts'
import type { Survey } from './mutate/messages.ts'
import { planTests } from './mutate/plan-tests.ts'
import { printReport, type Report, reportOf } from './mutate/report.ts'
import type { Fate, Judged } from './mutate/score.ts'

/** What is changed, and the tests that have to notice. */
const SOURCES = [
  'src/anomaly-clusters/**/*.ts',
  'src/evidence/**/*.ts',
  'src/baseline/**/*.ts',
  'src/detector/learner.ts',
]
const TESTS = [
  'test/anomaly-clusters/**/*.test.ts',
  'test/evidence/**/*.test.ts',
  'test/baseline/**/*.test.ts',
  'test/detector/learner*.test.ts',
]
/** Long tests of many draws: they run in their own project, not for each mutant. */
const STATISTICS = '.statistics.test.ts'
const ARGUED = 'test/mutants-argued.json'
const DEFAULT_SAMPLE = 400
/** Against what no count of turns ends, on a machine as busy as it may be. */
const LIMIT_LEAST_MS = 120_000
const SURVEY_LIMIT_MS = 600_000

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string' },
    all: { type: 'boolean', default: false },
    file: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    json: { type: 'boolean', default: false },
  },
})

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A whole number of at least 1. */
function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`--${name} takes a whole number of at least 1, not "${text}"`)
}

/** A test run that does not pass as it is says nothing about mutants. */
function faultsOf(surveys: readonly Survey[]): string[] {
  return surveys.flatMap(({ testFile, failure }) => (failure ? [`${testFile}: ${failure}`] : []))
}

async function surveyTests(sourceFiles: readonly string[], jobs: number): Promise<Survey[]> {
  const testFiles = TESTS.flatMap((pattern) => globSync(pattern))
    .filter((file) => !file.endsWith(STATISTICS))
    .sort()
  say(`reading what ${testFiles.length} test files run …`)
  const surveys: Survey[] = []
  const order = (testFile: string) => ({
    order: { ask: 'survey', testFile, sourceFiles } as const,
    limitMs: SURVEY_LIMIT_MS,
  })
  await carryOut(testFiles, jobs, order, (testFile, answer) => {
    if (answer.answer === 'survey') surveys.push(answer.survey)
    else {
      const failure = answer.answer === null ? answer.why : 'no survey'
      surveys.push({ testFile, failure, tests: [], turns: 0, shared: {} })
    }
  })
  return surveys.sort((a, b) => (a.testFile < b.testFile ? -1 : 1))
}

async function judgeMutants(
  chosen: readonly PlacedMutant[],
  surveys: readonly Survey[],
  jobs: number,
): Promise<Judged[]> {
  const fates = new Map<PlacedMutant, Fate>()
  const plans = new Map(chosen.map((placed) => [placed, planTests(placed, surveys)]))
  const reached = chosen.filter((placed) => plans.get(placed)!.plan.length > 0)
  for (const placed of chosen) fates.set(placed, { result: 'unreached' })
  let done = 0
  const order = (placed: PlacedMutant) => {
    const { plan, ms } = plans.get(placed)!
    const { file, mutant } = placed
    const limitMs = Math.max(LIMIT_LEAST_MS, 20 * ms)
    return { order: { ask: 'mutant', file, mutant, plan } as const, limitMs }
  }
  await carryOut(reached, jobs, order, (placed, answer) => {
    if (answer.answer === 'mutant') fates.set(placed, answer.outcome)
    else if (answer.answer === null) fates.set(placed, { result: 'killed', by: answer.why })
    done++
    if (done % 20 === 0 || done === reached.length) say(`${done} of ${reached.length} mutants`)
  })
  return chosen.map((placed) => ({ placed, fate: fates.get(placed)! }))
}

async function main(): Promise<Report> {
  const jobs = wholeNumber('jobs', options.jobs)
  const seed = wholeNumber('seed', options.seed)
  const files = (options.file ?? SOURCES.flatMap((pattern) => globSync(pattern))).sort()
  const all = files.flatMap((file) =>
    findMutants(readFileSync(file, 'utf8')).map((mutant, index) => ({ file, index, mutant })),
  )
  const list = existsSync(ARGUED)
    ? (JSON.parse(readFileSync(ARGUED, 'utf8')) as ArguedMutant[]).filter(({ file }) =>
        options.file ? files.includes(file) : true,
      )
    : []
  const { open, argued, stale } = setArguedApart(all, list)
  for (const { file, before } of stale) say(`${ARGUED}: nothing in ${file} is like "${before}"`)
  const wantsAll = options.all || (options.file !== undefined && options.sample === undefined)
  const size = wantsAll
    ? open.length
    : wholeNumber('sample', options.sample ?? String(DEFAULT_SAMPLE))
  const surveys = await surveyTests(files, jobs)
  const faults = faultsOf(surveys)
  if (faults.length > 0) {
    throw new Error(`the tests must pass before anything is changed:\n${faults.join('\n')}`)
  }
  const judged = await judgeMutants(chooseMutants(open, size, seed), surveys, jobs)
  return reportOf(judged, { seed, open: open.length, argued: argued.length, stale: stale.length })
}

try {
  const report = await main()
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : printReport(report))
  if (report.argued_stale > 0) process.exitCode = 1
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
