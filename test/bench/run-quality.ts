import { parseArgs } from 'node:util'
import { detectorSettings } from '../detector-settings.ts'
import { type Figure, printFigures } from './figures.ts'
import { flagRates, rateFigures } from './flag-rates.ts'
import { judgeRecording, onlineBoutique, type Score, scoreRecording } from './online-boutique.ts'
import { clusterFigures } from './quality-clusters.ts'
import { driftFigures } from './quality-drift.ts'
import { sessionFigures } from './quality-logs.ts'
import { groupingFigures } from './quality-templates.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})
const progress = (text: string): void => console.error(text)
const print = (line: string): void => {
  if (!options.json) console.log(line)
}
/** `--quick` has one seed of the simulated faults, for machines that have little time. */
const FAULT_SEEDS = options.quick ? [1] : [1, 2, 3, 4, 5]
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

const figures: Figure[] = []
progress('flag rates on simulated normal traffic ...')
figures.push(...flagRates([0.01, 0.001], [21, 22]))
const dir = onlineBoutique()
if (dir) {
  progress('the labelled recording ...')
  figures.push(...recordingFigures(dir))
} else progress('SKIPPED: the labelled recording is not here (../shared)')
const grouping = groupingFigures()
if (grouping.length > 0) figures.push(...grouping)
else progress('SKIPPED: the labelled lines are not here (../shared)')
progress('sessions of logs ...')
figures.push(...sessionFigures(print))
progress('drift ...')
figures.push(...driftFigures(1, print))
progress('simulated faults ...')
figures.push(...(await clusterFigures(FAULT_SEEDS, print)))
printFigures(figures, options.json)
