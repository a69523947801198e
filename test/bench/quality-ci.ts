import { LineRanking } from '../../src/lines/line-ranking.ts'
import { PlainLines } from '../../src/lines/plain-lines.ts'
import type { RankedLine } from '../../src/lines/rank-lines.ts'
import { CI_CASES, ciRuns } from './ci-cases/cases.ts'
import type { CiRun } from './ci-cases/ci-log.ts'
import type { Figure } from './figures.ts'

const FIRST = 10
const SEEDS = [1, 2, 3]

/** The ranked lines of the run that failed, beside those of the run that passed. */
export function rankedCase(passed: CiRun, failed: CiRun): RankedLine[] {
  const ranking = new LineRanking()
  ranking.beginNormal()
  readLines(passed, (lines) => new PlainLines(lines, (line) => ranking.addNormal(line)))
  readLines(failed, (lines) => new PlainLines(lines, (line) => ranking.add(line)))
  return ranking.ranked(FIRST)
}

function readLines({ lines }: CiRun, reader: (year: number) => PlainLines): void {
  const plain = reader(2026)
  for (const line of lines) plain.push(encoder.encode(line))
  plain.end()
}

const encoder = new TextEncoder()

/** Of twenty generated jobs that fail, those where every line that says why is among the first ten. */
export function ciFigures(print: (line: string) => void): Figure[] {
  let hits = 0
  for (const name of Object.keys(CI_CASES)) {
    for (const seed of SEEDS) {
      const { passed, failed } = ciRuns(name, seed)
      const rows = rankedCase(passed, failed)
      const places = failed.wanted.map(
        (wanted) =>
          1 + rows.findIndex(({ number, lines }) => number <= wanted && wanted < number + lines),
      )
      if (places.every((place) => place > 0)) hits++
      else print(`ci ${name}, seed ${seed}: places ${places.join(', ')} (0: not among ${FIRST})`)
    }
  }
  const jobs = Object.keys(CI_CASES).length
  const what = `of ${jobs} generated CI jobs, mean of ${SEEDS.length} seeds: all lines that say why among the first ${FIRST}`
  return [{ name: 'ci_hit10', value: hits / SEEDS.length, what, bar: 'at least 18' }]
}
