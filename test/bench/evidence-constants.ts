import type { AccumulateSettings } from '../../src/anomaly-clusters/accumulate-settings.ts'
import { NULL_OPTIONS, type NullOptions } from '../../src/baseline/null-options.ts'
import { EVIDENCE_OPTIONS, type EvidenceOptions } from '../../src/evidence/evidence-options.ts'
import { detectorSettings } from '../detector-settings.ts'
import { judgeRecording, onlineBoutique, scoreRecording } from './online-boutique.ts'

type Constants = Partial<NullOptions & EvidenceOptions & AccumulateSettings>

/** Three other settings of each free constant of the evidence. */
const OTHERS: readonly Constants[] = [
  ...each('quantile', [0.8, 0.95, 0.98]),
  ...each('farQuantile', [0.97, 0.98, 0.995]),
  ...each('deviations', [0, 1, 3]),
  ...each('material', [0, 0.02, 0.1]),
  ...each('structureCut', [0.005, 0.01, 0.05]),
  ...each('usualCategory', [0.005, 0.01, 0.05]),
  ...each('mostUnusual', [0.05, 0.1, 0.4]),
  ...each('commonFloor', [0.02, 0.1, 0.15]),
  ...each('farFloor', [0.005, 0.02, 0.05]),
  ...each('rareFloor', [0.002, 0.01, 0.02]),
  ...each('presenceFloor', [0.01, 0.05, 0.1]),
  ...each('countFloor', [0.01, 0.05, 0.1]),
  ...each('optional', [0.2, 0.3, 0.6]),
  ...each('knownBuckets', [1, 2, 6]),
  ...each('leastReference', [15, 60, 100]),
  ...each('servicePairs', [500, 1500, 12_000]),
  ...each('pooledPairs', [100, 1500, 5000]),
  ...each('youngBuckets', [0, 5, 30]),
  ...each('youngFarBuckets', [0, 3, 10]),
  ...each('youngRho', [0.05, 0.1, 0.3]),
  ...each('mostRho', [0.2, 0.3, 0.7]),
  ...each('mostPooledRare', [0.02, 0.1, 0.3]),
  ...each('alternativeRho', [0.02, 0.05, 0.2]),
  ...each('burstGoesOn', [0.2, 0.35, 0.7]),
  ...each('commonShares', [
    [0.2, 0.5, 0.8],
    [0.4, 0.6, 0.9],
    [0.5, 0.7, 0.9],
  ]),
  ...each('appearanceShares', [
    [0.5, 0.7, 0.9],
    [0.7, 0.8, 0.9],
    [0.8, 0.9, 0.95],
  ]),
  ...each('presenceShares', [
    [0.05, 0.3, 0.9],
    [0.2, 0.5, 0.9],
    [0.3, 0.6, 0.9],
  ]),
  ...each('rareShares', [
    [0.02, 0.1, 0.4],
    [0.1, 0.3, 0.7],
    [0.2, 0.5, 0.9],
  ]),
  ...each('onsetAtStart', [0.25, 0.75, 1]),
  ...each('lookShare', [1 / 15, 1 / 6, 1 / 3]),
  ...each('closingOdds', [5, 10, 100]),
  ...each('mergeOverlap', [0.25, 0.75, 1]),
  ...each('callerOf', [2, 4, 5]),
  ...each('falseClustersPerWeek', [0.1, 5, 20]),
  ...each('bucketMs', [15_000, 20_000, 60_000]),
  ...each('silentMs', [60_000, 180_000, 1_200_000]),
  ...each('reopenMs', [30_000, 60_000, 240_000]),
]

function each<K extends keyof Constants>(name: K, values: readonly Constants[K][]): Constants[] {
  return values.map((value) => ({ [name]: value }) as Constants)
}

/**
 * Prints one row of a Markdown table for the defaults and one for each other setting: of the constants
 * named as arguments, or of all.
 */
function printTable(): void {
  const dir = onlineBoutique()
  if (!dir) {
    console.warn('The recording is not at hand: nothing to measure.')
    return
  }
  console.log('| constant | visible found | all found | first of found | false | median delay, s |')
  console.log('|---|---|---|---|---|---|')
  const named = process.argv.slice(2)
  const wanted = (constants: Constants): boolean =>
    named.length === 0 || named.some((name) => name in constants)
  for (const constants of [{}, ...OTHERS.filter(wanted)]) {
    const [[name, value] = ['(defaults)', '']] = Object.entries(constants)
    const {
      visible,
      all,
      false: others,
    } = withConstants(constants, (accumulate) =>
      scoreRecording(dir, judgeRecording(dir, detectorSettings({ accumulate }))),
    )
    const cells = [visible.found, all.found, all.at1, others, Math.round(all.delayMedian ?? 0)]
    console.log(`| ${name} ${value} | ${cells.join(' | ')} |`)
  }
}

/** Runs with some constants replaced, and puts the defaults back. */
function withConstants<T>(constants: Constants, run: (accumulate: AccumulateSettings) => T): T {
  const tables = [NULL_OPTIONS, EVIDENCE_OPTIONS] as unknown as Record<string, unknown>[]
  const before = tables.map((table) => ({ ...table }))
  const accumulate = { ...detectorSettings().accumulate }
  for (const table of [...tables, accumulate as unknown as Record<string, unknown>]) {
    for (const [name, value] of Object.entries(constants)) if (name in table) table[name] = value
  }
  try {
    return run(accumulate)
  } finally {
    tables.forEach((table, i) => {
      Object.assign(table, before[i])
    })
  }
}

if (process.argv[1] === import.meta.filename) printTable()
