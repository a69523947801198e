import { describe, expect, it } from 'vitest'
import { detectorSettings } from '../detector-settings.ts'
import { type CaseResult, runCase } from './run-case.ts'
import { type CaseSpan, type Chance, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const HOUR = 60 * MINUTE
/** Requests a second: few, so that a test holds many hours. */
const RATE = 0.4
const warm = records(shop({ seed: 1, fromMs: T0_MS, minutes: 60, rate: RATE }))
const TEST_MS = T0_MS + HOUR
const defaults = detectorSettings()
/** Few refreshes from small samples: fitting is most of what hours cost. */
const SETTINGS = {
  ...defaults,
  sample: { ...defaults.sample, size: 600, stratumCap: 200, calibrationSize: 600 },
  model: { ...defaults.model, refreshMs: 20 * MINUTE },
}
/** The job begins in the middle of each period. */
const PERIOD = 40 * MINUTE

/** The orders take five times as long while a job runs, of `minutes(i)` in period i. */
function jobs(count: number, minutes: (period: number) => number): CaseSpan[] {
  const slow = (timeMs: number): number => {
    const period = Math.floor((timeMs - TEST_MS) / PERIOD)
    const since = timeMs - TEST_MS - (period + 0.3) * PERIOD
    return since >= 0 && since < minutes(period) * MINUTE ? 5 : 1
  }
  const length = (count * PERIOD) / MINUTE
  return shop({ seed: 2, fromMs: TEST_MS, minutes: length, rate: RATE, slow })
}

function run(spans: readonly CaseSpan[], accept: (ageMs: number) => boolean, restartAt = -1) {
  return runCase(
    warm,
    { 'k/0': records(spans, MINUTE) },
    TEST_MS,
    restartAt,
    (detector, output) => {
      for (const { id, openedMs } of detector.openClusters()) {
        if (accept(detector.clockMs - openedMs)) detector.accept(id, output, { by: 'ada' })
      }
    },
    SETTINGS,
  )
}

/** How each story ended: whether people were told of it, and which time it was. */
function told({ changes }: CaseResult): { alerts: boolean; times: number }[] {
  const last = new Map<string, { alerts: boolean; times: number }>()
  for (const { change } of changes) {
    const { id, alerts, signature, mergedFrom } = change.cluster
    last.set(id, { alerts, times: signature?.times ?? 1 })
    for (const part of mergedFrom) last.delete(part)
  }
  return [...last.values()]
}

describe('a job that makes orders slow in each period', () => {
  const spans = jobs(5, (period) => (period === 4 ? 25 : 8))

  it.each([-1, Math.floor(records(spans, MINUTE).length / 2)])(
    'is told twice, then known, and told again where it lasts longer (restart at record %i)',
    (restartAt) => {
      const result = run(spans, () => false, restartAt)
      expect(told(result)).toEqual([
        { alerts: true, times: 1 },
        { alerts: true, times: 2 },
        { alerts: false, times: 3 },
        { alerts: false, times: 4 },
        { alerts: true, times: 5 },
      ])
      const last = result.changes.at(-1)?.change.cluster.sentence
      expect(last).toMatch(/; 5th time, longer than the 4 before\.$/)
    },
  )

  it('is at peace once it was accepted, for five more nights', () => {
    let accepted = false
    const result = run(
      jobs(6, () => 10),
      (ageMs) => {
        if (accepted || ageMs < 5 * MINUTE) return false
        accepted = true
        return true
      },
    )
    const [first, ...later] = told(result)
    expect(first?.alerts).toBe(true)
    expect(later.length).toBeGreaterThan(0)
    expect(later.filter(({ alerts }) => alerts)).toEqual([])
    expect(result.detector.acceptances()).toMatchObject([{ by: 'ada', reason: '' }])
  })
})

describe('a second consumer that works 15 s of every 180 s, from some time on', () => {
  it('is told three times at most, and never as critical', () => {
    const edit = (spans: CaseSpan[], startMs: number, chance: Chance): CaseSpan[] => {
      const [entry] = spans as [CaseSpan]
      const send = chance.hex(16)
      const { traceId } = entry
      const at = { startMs: startMs + 3, arrivesMs: startMs + 40, traceId }
      const sent = {
        ...at,
        ...{ service: 'front', name: 'send app_orders', kind: 4, durationMs: chance.around(1.5) },
        ...{ spanId: send, parentId: entry.spanId },
      }
      const taken = (service: string, median: number): CaseSpan => ({
        ...at,
        ...{ service, name: 'process app_orders', kind: 5, durationMs: chance.around(median) },
        ...{ spanId: chance.hex(16), parentId: send },
      })
      const second = startMs > TEST_MS + 5 * MINUTE && startMs % (3 * MINUTE) < 15_000
      return [...spans, sent, taken('warehouse', 3), ...(second ? [taken('mailer', 9)] : [])]
    }
    const learned = records(shop({ seed: 3, fromMs: T0_MS, minutes: 20, rate: 2, edit }))
    const test = records(shop({ seed: 4, fromMs: TEST_MS, minutes: 45, rate: 2, edit }))
    const { changes } = runCase(learned, { 'k/0': test }, TEST_MS, -1, () => {}, SETTINGS)
    const alerting = changes.filter(
      ({ change }) => change.change === 'opened' && change.cluster.alerts,
    )
    expect(alerting.length).toBeLessThanOrEqual(3)
    expect(changes.filter(({ change }) => change.cluster.severity === 'critical')).toEqual([])
  })
})
