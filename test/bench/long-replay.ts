import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { fit } from '../../src/detector/fit.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { Figure } from './figures.ts'

const SPANS = 10_000_000
const STEP = 500_000
const MB = 1024 * 1024

/**
 * Ten million simulated spans through one detector with the default settings, models refreshed on
 * their schedule, and the memory of the process every half a million.
 */
export async function longReplay(progress: (text: string) => void): Promise<Figure[]> {
  const detector = new Detector(detectorSettings())
  const curve: { spans: number; rss: number }[] = []
  let spans = 0
  let offset = 0n
  const day = { seed: 3, startMs: Date.UTC(2026, 10, 25), durationMs: 86_400_000 }
  for (const record of simulate({ ...day, tracesPerSecond: 150 })) {
    const body = toOtlpProto(record)
    step(detector, {
      partition: 'otlp_spans/0',
      offset: offset++,
      encoding: 'otlp_proto',
      body,
      timestampMs: record.timeMs,
      keyed: true,
    })
    spans += record.spanCount
    if (spans < (curve.length + 1) * STEP) continue
    curve.push({ spans, rss: process.memoryUsage().rss / MB })
    progress(`${(spans / 1e6).toFixed(1)} M spans, ${Math.round(curve.at(-1)?.rss ?? 0)} MB`)
    // Lets the collector of garbage see what is unreachable by now.
    await new Promise((resolve) => setImmediate(resolve))
    if (spans >= SPANS) break
  }
  const rss = curve.map((point) => point.rss)
  const half = Math.floor(rss.length / 2)
  return [
    {
      name: 'rss_mb',
      value: Math.max(...rss),
      what: `largest RSS over ${spans} spans, simulator included; curve in MB: ${rss.map(Math.round).join(' ')}`,
      bar: 'under 700',
    },
    {
      name: 'rss_growth',
      value: Math.max(...rss.slice(half)) / Math.max(...rss.slice(2, half)),
      what: 'largest RSS of the second half over that of the first after warm-up',
      bar: 'flat',
    },
  ]
}

function step(detector: Detector, record: LogRecord): void {
  const output = emptyOutput()
  while (detector.step([record], 0, output) === 0) {
    const request = detector.takeFitRequest()
    if (request) detector.install(fit(request))
  }
  const request = detector.takeFitRequest()
  if (request) detector.install(fit(request))
}
