import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { LogRecord } from '../src/contract/log-record.ts'
import type { StepOutput } from '../src/contract/step-output.ts'
import { Detector } from '../src/detector/detector.ts'
import { emptyOutput } from '../src/detector/empty-output.ts'
import { fit } from '../src/detector/fit.ts'
import { detectorSettings } from './detector-settings.ts'
import { simulatedLog } from './simulated-log.ts'

/** Fifty random cuts are a long test; four go with every run. */
const CUTS = inject('thorough') ? 50 : 4
const START = Date.UTC(2026, 10, 25, 7)
const settings = detectorSettings({
  alpha: 0.01,
  explainAll: true,
  sample: { ...detectorSettings().sample, size: 600, stratumCap: 60, calibrationSize: 600 },
  model: { ...detectorSettings().model, windowMs: 5_000, refreshMs: 15_000, minObservations: 10 },
  accumulate: { ...detectorSettings().accumulate, bucketMs: 5_000 },
})

/** All that leaves the detector, as one text. */
function printed(output: StepOutput): string {
  const models = output.installed.map(({ id, version, installedMs, churn }) => ({
    id,
    version,
    installedMs,
    churn,
  }))
  const deadLetters = output.deadLetters.map(({ body, offset, ...rest }) => ({
    ...rest,
    offset: String(offset),
    bytes: body.length,
  }))
  const { verdicts, anomalies, clusterChanges } = output
  return JSON.stringify({ verdicts, anomalies, clusterChanges, models, deadLetters })
}

/** Steps in batches that end at `cuts`; at each of them `between` may replace the detector. */
function play(
  records: readonly LogRecord[],
  cuts: readonly number[],
  between: (detector: Detector) => Detector = (detector) => detector,
): string {
  let detector = new Detector(settings)
  const output = emptyOutput()
  let from = 0
  for (const to of [...cuts, records.length]) {
    const batch = records.slice(from, to)
    for (let at = 0; at < batch.length; ) {
      at = detector.step(batch, at, output)
      const request = detector.takeFitRequest()
      if (request) detector.install(fit(request))
    }
    from = to
    if (to < records.length) detector = between(detector)
  }
  detector.flush(output)
  return printed(output)
}

describe('the same log', () => {
  let records: LogRecord[]
  let whole: string

  beforeAll(() => {
    records = simulatedLog({
      seed: 5,
      startMs: START,
      durationMs: 90_000,
      tracesPerSecond: 14,
      faults: [
        { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 50_000, toMs: 90_000 },
        {
          kind: 'unseen_path',
          service: 'shipping',
          strength: 'strong',
          fromMs: 35_000,
          toMs: 45_000,
        },
      ],
    })
    // One body that cannot be decoded belongs to every log.
    const [first] = records
    records[20] = { ...first!, offset: 20n, body: Uint8Array.of(0x0a, 0xff, 0x01) }
    whole = play(records, [])
  })

  const cuts = fc
    .uniqueArray(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 12 })
    .map((list) => list.sort((a, b) => a - b))

  it('holds enough to be worth comparing', () => {
    const seen = JSON.parse(whole) as Record<string, unknown[]>
    expect(seen['verdicts']!.length).toBeGreaterThan(900)
    expect(seen['anomalies']!.length).toBeGreaterThan(3)
    expect(seen['models']!.length).toBeGreaterThan(2)
    expect(seen['clusterChanges']!.length).toBeGreaterThan(0)
    expect(seen['deadLetters']).toHaveLength(1)
    expect(records.length).toBeGreaterThan(150)
  })

  it(`gives the same bytes for any re-batching, ${CUTS} random cuts`, () => {
    fc.assert(
      fc.property(cuts, (list) => {
        expect(play(records, list)).toBe(whole)
      }),
      { numRuns: CUTS, seed: 1 },
    )
  }, 400_000)

  it(`gives the same bytes when snapshot and restored mid-stream, ${CUTS} random cuts`, () => {
    fc.assert(
      fc.property(cuts, (list) => {
        const result = play(records, list, (detector) => {
          const saved: unknown = deserialize(serialize(detector.snapshot()))
          return Detector.restore(saved, settings)
        })
        expect(result).toBe(whole)
      }),
      { numRuns: CUTS, seed: 2 },
    )
  }, 400_000)

  it('ignores records that are given again, as at-least-once delivery does', () => {
    const repeated = records.flatMap((record, i) => (i % 7 === 3 ? [record, record] : [record]))
    expect(play(repeated, [])).toBe(whole)
  })
})
