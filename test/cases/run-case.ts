import type { Verdict } from '../../src/contract/anomaly.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { fit } from '../../src/detector/fit.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { CaseRecord } from './small-shop.ts'

export interface CaseResult {
  readonly detector: Detector
  readonly verdicts: readonly Verdict[]
  /** Verdicts by minute of arrival since the first record. */
  readonly byMinute: readonly number[]
  /** What happened to clusters, but for updates, and when: s of arrival since `fromMs`. */
  readonly changes: readonly { readonly atS: number; readonly change: AnomalyClusterChange }[]
}

/** A detector that has learned from the records of a warm-up and judges. */
export function warmed(warm: readonly CaseRecord[], settings = detectorSettings()): Detector {
  const detector = new Detector(settings)
  detector.learnOnly = true
  feed(detector, 'warm-up/0', warm, () => {})
  detector.learnOnly = false
  detector.drop('warm-up/0')
  detector.fitNow(emptyOutput())
  return detector
}

/**
 * Feeds partitions record by record, in order of arrival; fits take effect where they are due.
 * @param fromMs arrival from which times are counted
 * @param meanwhile what people do after each record
 * @param restartAt records after which the detector is replaced by one restored from its snapshot
 */
export function runCase(
  warm: readonly CaseRecord[],
  partitions: Readonly<Record<string, readonly CaseRecord[]>>,
  fromMs: number,
  restartAt = -1,
  meanwhile: (detector: Detector, output: StepOutput) => void = () => {},
  settings = detectorSettings(),
): CaseResult {
  let detector = warmed(warm, settings)
  const merged = Object.entries(partitions)
    .flatMap(([partition, list]) => list.map((record, i) => ({ partition, record, i })))
    .sort((a, b) => a.record.arrivesMs - b.record.arrivesMs)
  const verdicts: Verdict[] = []
  const byMinute: number[] = []
  const changes: CaseResult['changes'][number][] = []
  merged.forEach(({ partition, record, i }, n) => {
    if (n === restartAt) {
      detector = Detector.restore(structuredClone(detector.snapshot()), detector.settings)
    }
    feedOne(detector, partition, record, i, (output) => {
      meanwhile(detector, output)
      const atS = (record.arrivesMs - fromMs) / 1000
      const minute = Math.max(0, Math.floor(atS / 60))
      byMinute[minute] = (byMinute[minute] ?? 0) + output.verdicts.length
      verdicts.push(...output.verdicts)
      for (const change of output.clusterChanges) {
        if (change.change !== 'updated') changes.push({ atS, change })
      }
    })
  })
  return { detector, verdicts, byMinute, changes }
}

/** Arrival times and sentences of the clusters that opened. */
export function opened({
  changes,
}: CaseResult): { atS: number; sentence: string; service: string }[] {
  return changes
    .filter(({ change }) => change.change === 'opened')
    .map(({ atS, change }) => ({
      atS,
      sentence: change.cluster.sentence,
      service: change.cluster.services[0] ?? '',
    }))
}

function feed(
  detector: Detector,
  partition: string,
  list: readonly CaseRecord[],
  see: (output: StepOutput) => void,
): void {
  list.forEach((record, i) => {
    feedOne(detector, partition, record, i, see)
  })
}

function feedOne(
  detector: Detector,
  partition: string,
  { body }: CaseRecord,
  i: number,
  see: (output: StepOutput) => void,
): void {
  const output = emptyOutput()
  const batch = [
    { partition, offset: BigInt(i), encoding: 'otlp_json', body, timestampMs: 0, keyed: true },
  ] as const
  while (detector.step(batch, 0, output) < 1) install(detector)
  install(detector)
  see(output)
}

function install(detector: Detector): void {
  const request = detector.takeFitRequest()
  if (request) detector.install(fit(request))
}
