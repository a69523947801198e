import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { type CaseSpan, MINUTE, records, shop, T0_MS } from '../cases/small-shop.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import type { Figure } from './figures.ts'

const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const FACTOR = 5

/** A step that stays, and a job that was accepted once: how often people are told of them. */
export function recurringFigures(): Figure[] {
  return [
    {
      name: 'step_clusters',
      value: stepClusters(),
      what: 'clusters of a step that stays for 10 h, its share wavering between 50 and 70 %',
      bar: '1',
    },
    {
      name: 'accepted_alerts',
      value: acceptedAlerts(),
      what: 'alerts of a job at night in the five nights after it was accepted',
      bar: '0',
    },
  ]
}

/** Requests of which a share wavers that finds orders slow: few, as that is what makes shares waver. */
function stepClusters(): number {
  const stepMs = T0_MS + 3 * HOUR
  const ids = new Set<string>()
  const isSlow = (timeMs: number, unit: number): boolean =>
    timeMs >= stepMs &&
    unit < 0.6 + 0.1 * Math.sin(((timeMs - stepMs) / (40 * MINUTE)) * 2 * Math.PI)
  const spans = shop({
    ...{ seed: 5, fromMs: T0_MS, minutes: (13 * HOUR) / MINUTE, rate: 0.4 },
    // Golden ratio: spread evenly over the requests, whatever their times.
    slow: (timeMs) => (isSlow(timeMs, (timeMs * 0.618033988749895) % 1) ? FACTOR : 1),
  })
  watch(spans, ({ clusterChanges }) => {
    for (const { change, cluster } of clusterChanges) if (change === 'opened') ids.add(cluster.id)
  })
  return ids.size
}

/** Orders are slow from 02:00 to 02:20; accepted when that asks to be, in the first night. */
function acceptedAlerts(): number {
  const sinceMidnight = (timeMs: number): number => timeMs % DAY
  const isNight = (timeMs: number): boolean =>
    sinceMidnight(timeMs) >= 2 * HOUR && sinceMidnight(timeMs) < 2 * HOUR + 20 * MINUTE
  const spans = shop({
    ...{ seed: 6, fromMs: T0_MS, minutes: (6 * DAY) / MINUTE, rate: 0.2 },
    slow: (timeMs) => (isNight(timeMs) ? FACTOR : 1),
  })
  let accepted = false
  const later = new Set<string>()
  watch(spans, ({ clusterChanges }, detector) => {
    for (const { cluster } of clusterChanges) if (accepted && isTold(cluster)) later.add(cluster.id)
    for (const { id, asksAcceptance } of detector.openClusters()) {
      if (!accepted && asksAcceptance) accepted = detector.accept(id, emptyOutput())
    }
  })
  return accepted ? later.size : Number.NaN
}

function isTold({ alerts, state }: AnomalyCluster): boolean {
  return alerts && state === 'open'
}

function watch(
  spans: readonly CaseSpan[],
  see: (output: StepOutput, detector: Detector) => void,
): void {
  const detector = new Detector(detectorSettings())
  records(spans, MINUTE / 3).forEach(({ body }, i) => {
    const output = emptyOutput()
    const record = { partition: 'k/0', offset: BigInt(i), keyed: true, timestampMs: 0 }
    runThrough(detector, [{ ...record, encoding: 'otlp_json', body }], output)
    see(output, detector)
  })
}
