/**
 * Puts small faults into the source, one at a time, and asks the unit tests whether they notice.
 * usage: npm run mutate -- [--sample N | --all] [--file PATH]… [--seed N] [--jobs N] [--json]
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type ArguedMutant, setArguedApart } from './mutate/argued-mutants.ts'
import { chooseMutants, type PlacedMutant } from './mutate/choose-mutants.ts'
import { carryOut } from './mutate/crew.ts'
import { findMutants } from './mutate/find-mutants.ts'
import { contentHash, filesBehind } from './mutate/import-graph.ts'
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
const CACHE = 'node_modules/.cache/mutate'
const DEFAULT_SAMPLE = 400
/** Against what no count of turns ends, on a machine as busy as it may be. */
const MUTANT_LIMIT_MS = 300_000
const SAY_EVERY_MS = 10_000
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

/** What each test file runs. A file that has not changed, nor what it imports, is read only once. */
async function surveyTests(sourceFiles: readonly string[], jobs: number): Promise<Survey[]> {
  const testFiles = TESTS.flatMap((pattern) => globSync(pattern))
    .filter((file) => !file.endsWith(STATISTICS))
    .sort()
  const surveys: Survey[] = []
  const open: SurveyTask[] = []
  for (const testFile of testFiles) {
    const task = surveyTask(testFile, sourceFiles)
    if (existsSync(task.cached)) surveys.push(JSON.parse(readFileSync(task.cached, 'utf8')))
    else open.push(task)
  }
  say(`reading what ${testFiles.length} test files run, ${open.length} of them anew …`)
  mkdirSync(CACHE, { recursive: true })
  const order = ({ testFile, sourceFiles }: SurveyTask) => ({
    order: { ask: 'survey', testFile, sourceFiles } as const,
    limitMs: SURVEY_LIMIT_MS,
  })
  await carryOut(open, jobs, order, ({ testFile, cached }, answer) => {
    if (answer.answer === 'survey') {
      surveys.push(answer.survey)
      if (answer.survey.failure === null) writeFileSync(cached, JSON.stringify(answer.survey))
    } else {
      const failure = answer.answer === null ? answer.why : 'no survey'
      surveys.push({ testFile, failure, tooLong: [], tests: [], sharedTurns: 0, shared: {} })
    }
  })
  for (const { testFile, tooLong } of surveys) {
    for (const name of tooLong) say(`too long to ask for each mutant: ${testFile}: ${name}`)
  }
  return surveys.sort((a, b) => (a.testFile < b.testFile ? -1 : 1))
}

interface SurveyTask {
  readonly testFile: string
  /** What may get mutants and is imported by the test, directly or not. */
  readonly sourceFiles: readonly string[]
  readonly cached: string
}

function surveyTask(testFile: string, sourceFiles: readonly string[]): SurveyTask {
  const behind = filesBehind(testFile)
  const hash = contentHash([...behind, ...filesBehind('scripts/mutate/worker.ts')])
  const wanted = new Set(sourceFiles)
  return {
    testFile,
    sourceFiles: behind.filter((file) => wanted.has(file)),
    cached: `${CACHE}/${hash}.json`,
  }
}

async function judgeMutants(
  chosen: readonly PlacedMutant[],
  surveys: readonly Survey[],
  jobs: number,
): Promise<Judged[]> {
  const fates = new Map<PlacedMutant, Fate>()
  const planned = chosen.map((placed) => ({ placed, plan: planTests(placed, surveys) }))
  const reached = planned.filter(({ plan }) => plan.length > 0)
  let done = 0
  let saidMs = Date.now()
  const order = ({ placed: { file, mutant }, plan }: (typeof planned)[number]) => ({
    order: { ask: 'mutant', file, mutant, plan } as const,
    limitMs: MUTANT_LIMIT_MS,
  })
  await carryOut(reached, jobs, order, ({ placed }, answer) => {
    if (answer.answer === 'mutant') fates.set(placed, answer.outcome)
    else if (answer.answer === null) fates.set(placed, { result: 'killed', by: answer.why })
    done++
    if (done < reached.length && Date.now() - saidMs < SAY_EVERY_MS) return
    say(`${done} of ${reached.length} mutants`)
    saidMs = Date.now()
  })
  return chosen.map((placed) => ({
    placed,
    fate: fates.get(placed) ?? { result: 'unreached' },
  }))
}

async function main(): Promise<Report> {
  const jobs = wholeNumber('jobs', options.jobs)
  const seed = wholeNumber('seed', options.seed)
  const sources = SOURCES.flatMap((pattern) => globSync(pattern)).sort()
  const files = (options.file ?? sources).toSorted()
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
  const surveys = await surveyTests([...new Set([...sources, ...files])], jobs)
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
