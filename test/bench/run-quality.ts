import { parseArgs } from 'node:util'
import { detectorSettings } from '../detector-settings.ts'
import { codeFaultFigures } from './code-faults.ts'
import { constantFigures } from './evidence-constants.ts'
import { type Figure, printFigures } from './figures.ts'
import { flagRates, rateFigures } from './flag-rates.ts'
import { healthyDaysFigures } from './healthy-days.ts'
import { judgeRecording, onlineBoutique, type Score, scoreRecording } from './online-boutique.ts'
import { ciFigures } from './quality-ci.ts'
import { clusterFigures } from './quality-clusters.ts'
import { driftFigures } from './quality-drift.ts'
import { sessionFigures } from './quality-logs.ts'
import { groupingFigures } from './quality-templates.ts'
import { verdictFigures, worstOperation } from './quality-verdicts.ts'
import { recurringFigures } from './recurring.ts'
import { trainTicketFigures } from './train-ticket.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
})
const progress = (text: string): void => console.error(text)
const print = (line: string): void => {
  if (!options.json) console.log(line)
}
/** `--quick` has one seed of the simulated faults, for machines that have little time. */
const FAULT_SEEDS = options.quick ? [1] : [1, 2, 3, 4, 5]
/** `--quick` ends when habits are known. */
const HEALTHY_DAYS = options.quick ? 5 : 14
/** The recording has too few normal traces for the rate of flags at the default. */
const FLAG_ALPHA = 0.01

/** The labelled recording, by the scorer whose rules count: clusters with default settings. */
function recordingFigures(dir: string): Figure[] {
  const flags = judgeRecording(dir, detectorSettings({ alpha: FLAG_ALPHA }))
  const { verdicts } = scoreRecording(dir, flags)
  const flagged = Math.round(verdicts.falsePositiveRate * verdicts.normal)
  const score = scoreRecording(dir, judgeRecording(dir, detectorSettings()))
  if (!options.json) printWindows(score)
  const { visible, all } = score
  return [
    ...rateFigures('onlineboutique_0_01', FLAG_ALPHA, verdicts.normal, flagged),
    {
      name: 'ob_windows_found',
      value: visible.found,
      what: `of ${visible.windows} visible fault windows, an anomaly cluster was opened`,
      bar: 'at least 10, aim 12',
    },
    {
      name: 'ob_windows_found_all',
      value: all.found,
      what: `of all ${all.windows} windows`,
      bar: '',
    },
    {
      name: 'ob_service_at1',
      value: all.found === 0 ? 0 : all.at1 / all.found,
      what: 'share of found windows in which the guilty service is named first',
      bar: 'at least 0.9',
    },
    {
      name: 'ob_false_clusters',
      value: score.false,
      what: `clusters opened in ${score.quietHours.toFixed(2)} quiet hours`,
      bar: 'at most 3, aim 1',
    },
    { name: 'ob_delay_s', value: all.delayMedian ?? Number.NaN, what: 'median delay', bar: '' },
  ]
}

function printWindows({ perWindow }: Score): void {
  for (const row of perWindow) {
    const found = row['found'] ? 'found ' : 'missed'
    const named = (row['named'] as string[]).join(' > ')
    const seen = row['visible'] ? '' : ' (not visible)'
    console.log(`${found}  ${row['service']} ${row['type']}${seen}: ${named} ${row['place'] ?? ''}`)
  }
}

/** What can be asked for by itself with `--only`. */
const PARTS = {
  constants: { doing: 'free constants', figures: constantFigures },
  rates: {
    doing: 'flag rates on simulated normal traffic',
    figures: () => flagRates([0.01, 0.001], [21, 22]),
  },
  operations: {
    doing: 'flag rates by entry operation',
    figures: () => worstOperation([31, 32], print),
  },
  verdicts: { doing: 'verdicts on labelled recordings', figures: verdictFigures },
  recording: {
    doing: 'clusters on a labelled recording',
    figures: () => {
      const dir = onlineBoutique()
      return dir ? recordingFigures(dir) : []
    },
  },
  tickets: {
    doing: 'clusters on another labelled recording',
    figures: () => trainTicketFigures((score) => options.json || printWindows(score)),
  },
  recurring: { doing: 'what stays and what comes back', figures: recurringFigures },
  habits: {
    doing: 'days of a shop with habits',
    figures: () => healthyDaysFigures(HEALTHY_DAYS, print),
  },
  grouping: { doing: 'grouping of labelled lines', figures: groupingFigures },
  ci: { doing: 'lines of CI logs', figures: () => ciFigures(print) },
  sessions: { doing: 'sessions of logs', figures: () => sessionFigures(print) },
  code: { doing: 'faults that only logs show', figures: () => codeFaultFigures(print) },
  drift: { doing: 'drift', figures: () => driftFigures(1, print) },
  faults: { doing: 'simulated faults', figures: () => clusterFigures(FAULT_SEEDS, print) },
} as const satisfies Record<
  string,
  { readonly doing: string; readonly figures: () => Figure[] | Promise<Figure[]> }
>

for (const part of options.only) {
  if (Object.hasOwn(PARTS, part)) continue
  throw new Error(`--only is ${part}; it must be one of ${Object.keys(PARTS).join(', ')}.`)
}
const figures: Figure[] = []
for (const [part, { doing, figures: measure }] of Object.entries(PARTS)) {
  if (options.only.length > 0 && !options.only.includes(part)) continue
  progress(`${doing} ...`)
  const measured = await measure()
  if (measured.length === 0) progress('SKIPPED: what it needs is not here (../shared)')
  figures.push(...measured)
}
printFigures(figures, options.json)
