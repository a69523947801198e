import { existsSync } from 'node:fs'
import type { AccumulateSettings } from '../../src/anomaly-clusters/accumulate-settings.ts'
import { CONSTANTS, type Constants } from '../../src/baseline/constants.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { Figure } from './figures.ts'
import { judgeRecording, onlineBoutique, type Score, scoreRecording } from './online-boutique.ts'
import { judgeTrainTicket, trainTicket } from './train-ticket.ts'

/** Settings of anomaly clusters that are free as well; the stated rate is not, nor what people are asked and when. */
type FreeSettings = Pick<AccumulateSettings, 'bucketMs' | 'silentMs' | 'reopenMs'>
type Free = Constants & FreeSettings

const MINUTE_MS = 60_000

/** Two other settings of each: plainly less and plainly more. */
const OTHERS: { readonly [K in keyof Free]: readonly [less: number, more: number] } = {
  hardlyEver: [0.002, 0.01],
  rare: [0.01, 0.04],
  few: [0.03, 0.08],
  some: [0.2, 0.4],
  half: [0.35, 0.65],
  most: [0.7, 0.9],
  quantile: [0.85, 0.95],
  farQuantile: [0.98, 0.995],
  deviations: [1, 3],
  leastRho: [0.003, 0.03],
  leastErrorRho: [0.0003, 0.01],
  alternativeRho: [0.05, 0.2],
  pairs: [300, 3000],
  young: [5, 20],
  enough: [15, 60],
  several: [2, 5],
  plainly: [1.25, 2],
  likelyOdds: [10, 100],
  looks: [5, 15],
  similar: [0.1, 0.25],
  knownAfter: [1, 3],
  halfLifeMs: [5 * 1440 * MINUTE_MS, 40 * 1440 * MINUTE_MS],
  bucketMs: [20_000, 60_000],
  silentMs: [3 * MINUTE_MS, 20 * MINUTE_MS],
  reopenMs: [MINUTE_MS, 4 * MINUTE_MS],
}

/** How many constants of the evidence and of anomaly clusters can be chosen freely. */
export function constantFigures(): Figure[] {
  return [
    {
      name: 'evidence_constants',
      value: Object.keys(OTHERS).length,
      what: 'free constants of evidence and anomaly clusters, three settings among them',
      bar: 'at most 25',
    },
  ]
}

/** Runs with one of them replaced, and puts the default back. */
function scoresWith(name: keyof Free | null, value: number): { ob: Score; tt: Score | null } {
  const settings = detectorSettings()
  const before = { ...CONSTANTS }
  const replaced = name === null ? {} : { [name]: value }
  if (name !== null && name in CONSTANTS) Object.assign(CONSTANTS, replaced)
  const accumulate = { ...settings.accumulate, ...replaced }
  try {
    const own = { ...settings, accumulate }
    const dir = onlineBoutique() as string
    return {
      ob: scoreRecording(dir, judgeRecording(dir, own)),
      tt: existsSync(trainTicket) ? judgeTrainTicket(own) : null,
    }
  } finally {
    Object.assign(CONSTANTS, before)
  }
}

function cellsOf(score: Score | null): string {
  if (!score) return '| – | – | – | – |'
  const { all, false: others } = score
  return `| ${[all.found, all.at1, others, Math.round(all.delayMedian ?? 0)].join(' | ')} |`
}

/** Prints a Markdown table: of the constants that are named as arguments, or of all. */
function printTable(): void {
  if (!onlineBoutique()) {
    console.warn('The recording is not at hand: nothing to measure.')
    return
  }
  console.log(
    '| constant | Online Boutique: found | first | false | delay, s | Train-Ticket: found | first | false | delay, s |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  const print = (label: string, { ob, tt }: ReturnType<typeof scoresWith>): void =>
    console.log(`| ${label} ${cellsOf(ob)}${cellsOf(tt).slice(1)}`)
  print('(defaults)', scoresWith(null, 0))
  const named = process.argv.slice(2)
  for (const [key, values] of Object.entries(OTHERS)) {
    if (named.length > 0 && !named.includes(key)) continue
    for (const value of values) print(`${key} ${value}`, scoresWith(key as keyof Free, value))
  }
}

if (process.argv[1] === import.meta.filename) printTable()
