import { dirname } from 'node:path'
import { type Judged, shareInterval, type Tally, tally, tallyBy } from './score.ts'

/** What a run found. Names with an underscore are those of the JSON that is printed. */
export interface Report {
  readonly mutation_score: number
  /** 95 % for all mutants, when these are a sample. */
  readonly interval: readonly [number, number]
  readonly seed: number
  /** Mutants that there are, argued ones left out. */
  readonly population: number
  readonly tried: number
  readonly killed: number
  readonly survived: number
  readonly unreached: number
  readonly invalid: number
  readonly argued: number
  readonly argued_stale: number
  readonly by_folder: Readonly<Record<string, Tally>>
  readonly by_file: Readonly<Record<string, Tally>>
  readonly by_kind: Readonly<Record<string, Tally>>
  readonly survivors: readonly Survivor[]
}

interface Survivor {
  readonly file: string
  readonly line: number
  readonly kind: string
  readonly original: string
  readonly mutant: string
  readonly unreached: boolean
  /** For the list of argued mutants. */
  readonly before: string
  readonly after: string
}

export function reportOf(
  judged: readonly Judged[],
  about: { seed: number; open: number; argued: number; stale: number },
): Report {
  const { mutants, killed, survived, unreached, score } = tally(judged)
  return {
    mutation_score: rounded(score),
    interval: shareInterval(killed, mutants, about.open).map(rounded) as [number, number],
    seed: about.seed,
    population: about.open,
    tried: mutants,
    killed,
    survived,
    unreached,
    invalid: judged.length - mutants,
    argued: about.argued,
    argued_stale: about.stale,
    by_folder: tallyBy(judged, ({ placed }) => dirname(placed.file)),
    by_file: tallyBy(judged, ({ placed }) => placed.file),
    by_kind: tallyBy(judged, ({ placed }) => placed.mutant.kind),
    survivors: judged.flatMap(survivorOf),
  }
}

function survivorOf({ placed, fate }: Judged): Survivor[] {
  if (fate.result !== 'survived' && fate.result !== 'unreached') return []
  const { file, mutant } = placed
  const { line, kind, original, before, after } = mutant
  const unreached = fate.result === 'unreached'
  return [{ file, line, kind, original, mutant: mutant.replacement, unreached, before, after }]
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4
}

/** For people: survivors first, the score last. */
export function printReport(report: Report): string {
  const lines = report.survivors.flatMap(({ file, line, unreached, before, after }) => [
    `${file}:${line} ${unreached ? 'no test runs this' : 'survived'}`,
    `  - ${before}`,
    `  + ${after}`,
  ])
  lines.push('')
  for (const [name, counts] of Object.entries(report.by_file)) lines.push(tallyLine(name, counts))
  lines.push('')
  for (const [name, counts] of Object.entries(report.by_folder)) lines.push(tallyLine(name, counts))
  const [low, high] = report.interval
  const { killed, tried, population, seed, argued, invalid } = report
  lines.push(
    '',
    `mutation score ${report.mutation_score.toFixed(3)}: ${killed} of ${tried} mutants killed`,
    tried + invalid < population
      ? `a sample of ${population} (seed ${seed}); 95 % interval ${low.toFixed(3)} … ${high.toFixed(3)}`
      : 'these are all there are',
    `left out: ${argued} argued, ${invalid} that are no program`,
  )
  return `${lines.join('\n')}\n`
}

function tallyLine(name: string, { score, killed, mutants, unreached }: Tally): string {
  const share = `${(100 * score).toFixed(1)} %`.padStart(8)
  return `${share}  ${killed} of ${mutants} killed, ${unreached} not reached  ${name}`
}
