import { serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/contract/anomaly.ts'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { MINUTE_MS, type PlainShop, plainShop, START_MS } from '../bench/limits/plain-shop.ts'
import { stranger } from '../bench/limits/stranger.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

const HOUR_MS = 60 * MINUTE_MS
const defaults = detectorSettings()

/** The records of a shop, with a trace of strangers after each of those that say so. */
function among(
  records: readonly LogRecord[],
  spans: number,
  isFollowed: (i: number) => boolean,
): LogRecord[] {
  const random = new SeededRandom(77)
  const all = records.flatMap((record, i) => {
    if (!isFollowed(i)) return [record]
    const body = JSON.stringify(stranger(random, record.timestampMs - 1000, spans))
    return [record, { ...record, body: new TextEncoder().encode(body) }]
  })
  return all.map((record, i) => ({ ...record, offset: BigInt(i) }))
}

function play(
  records: readonly LogRecord[],
  settings: DetectorSettings,
  between: (detector: Detector) => Detector = (detector) => detector,
  cuts = 1,
) {
  let detector = new Detector(settings)
  const output = emptyOutput()
  const sizes: number[] = []
  for (let cut = 0; cut < cuts; cut++) {
    const at = (i: number): number => Math.floor((i * records.length) / cuts)
    runThrough(detector, records.slice(at(cut), at(cut + 1)), output)
    sizes.push(serialize(detector.snapshot()).length)
    detector = between(detector)
  }
  detector.flush(output)
  return { detector, output, sizes }
}

describe('tables that are full of the dead', () => {
  const day = 24 * HOUR_MS
  const days = 4
  const shop: PlainShop = {
    ...{ seed: 5, minutes: days * 24 * 60, rate: 0.016 },
    route: (random, at) =>
      at > (days - 0.5) * day && random.next() < 0.5
        ? 'POST /billing'
        : ['GET /items', 'GET /orders', 'POST /orders'][Math.floor(random.next() * 3)]!,
    service: (plain, at) => (at > (days - 0.5) * day && plain === 'orders' ? 'orders-next' : plain),
  }
  const { records, traces } = plainShop(shop)
  const settings = detectorSettings({
    features: {
      ...defaults.features,
      maxTexts: 1024,
      maxPaths: 640,
      maxPlaces: 512,
      maxStrata: 512,
    },
    // In proportion to the tables.
    sample: { ...defaults.sample, size: 160, sizeMost: 200, stratumCap: 40, calibrationSize: 160 },
    model: { ...defaults.model, refreshMs: 2 * HOUR_MS },
  })
  const strangers = among(records, 1, () => true)

  it('learn and judge a new service after ten times their room, in a checkpoint that stays small', () => {
    // Each brings two values.
    expect(2 * records.length).toBeGreaterThan(10 * 1024)
    const { detector, output, sizes } = play(strangers, settings, undefined, days)
    const verdicts = new Map(output.verdicts.map((one) => [one.id, one]))
    const late = traces.filter(({ at }) => at > (days - 0.1) * day)
    const judged = late.filter(({ id }) => verdicts.get(id)?.model)
    expect(judged.length / late.length).toBeGreaterThan(0.95)
    const names = late.map(({ id }) => verdicts.get(id)!.stratum)
    expect(new Set(names)).toEqual(
      new Set([
        'front GET /items',
        'front GET /orders',
        'front POST /orders',
        'front POST /billing',
      ]),
    )
    expect(detector.counts().overflow).toEqual(NO_OVERFLOW)
    expect(detector.counts().forgotten.texts).toBeGreaterThan(9 * 1024)
    expect(Math.max(...sizes)).toBeLessThan(3e6)
  })
})

const NO_OVERFLOW = {
  ...{ texts: 0, elements: 0, paths: 0, places: 0, strata: 0 },
  ...{ environments: 0, rules: 0 },
}

describe('forgetting', () => {
  const slow = (at: number): number => (at > 60 * MINUTE_MS && at < 68 * MINUTE_MS ? 4 : 1)
  const { records } = plainShop({ seed: 6, minutes: 100, rate: 1, slow })
  // Cut at eight spans, so that nothing is learned of them.
  const mixed = among(records, 10, (i) => i % 6 === 0)
  const settings = (forgetAfterMs: number): DetectorSettings =>
    detectorSettings({
      alpha: 0.01,
      features: { ...defaults.features, forgetAfterMs },
      model: { ...defaults.model, refreshMs: 40 * MINUTE_MS },
      assemble: { ...defaults.assemble, maxSpansPerTrace: 8 },
    })
  const told = (verdict: Verdict): unknown => {
    const { id, anomalous, reason, stratum, cluster, services, score } = verdict
    return { id, anomalous, reason, stratum, cluster, services, score: score?.toFixed(6) }
  }
  const said = (run: ReturnType<typeof play>): unknown => ({
    verdicts: run.output.verdicts.filter(({ reason }) => reason !== 'incomplete').map(told),
    clusters: run.output.clusterChanges.map(({ change, timeMs, cluster }) => ({
      ...{ change, timeMs, sentence: cluster.sentence },
    })),
  })

  it('gives ids to others without a trace in what is said of the living', () => {
    const never = play(mixed, settings(365 * 24 * HOUR_MS))
    const soon = play(mixed, settings(20 * MINUTE_MS))
    expect(never.detector.counts().forgotten.texts).toBe(0)
    expect(soon.detector.counts().forgotten.texts).toBeGreaterThan(5_000)
    expect(said(soon)).toEqual(said(never))
    expect(soon.output.clusterChanges.length).toBeGreaterThan(0)
  })

  it('goes on from a snapshot as if nothing had happened', () => {
    const whole = play(mixed, settings(20 * MINUTE_MS))
    const cut = play(
      mixed,
      settings(20 * MINUTE_MS),
      (detector) =>
        Detector.restore(structuredClone(detector.snapshot()), settings(20 * MINUTE_MS)),
      7,
    )
    expect(said(cut)).toEqual(said(whole))
    expect(cut.detector.counts().forgotten).toEqual(whole.detector.counts().forgotten)
    expect(START_MS).toBeLessThan(cut.detector.clockMs)
  })
})

describe('templates of logs', () => {
  /** A record a minute: a line of a service that lives, and for an hour those of services that do not. */
  function minutes(): LogRecord[] {
    const word = (i: number): string =>
      i.toString(26).replace(/[0-9]/g, (d) => 'qrstuvwxyz'[Number(d)]!)
    return Array.from({ length: 240 }, (_, i) => {
      const timeMs = START_MS + i * MINUTE_MS
      const said = [['front', `the order of ${i} items was taken`]]
      if (i < 60) said.push([`old-${word(i)}`, `${word(i)} says ${word(i)} and ${word(7 * i)}`])
      if (i >= 180) said.push(['late', 'a new service says hello'])
      const resourceLogs = said.map(([service, text]) => ({
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: `${timeMs}000000`,
                body: { stringValue: text },
                attributes: [{ key: 'session', value: { stringValue: `${service} ${i}` } }],
              },
            ],
          },
        ],
      }))
      return {
        ...{ partition: 'otlp_logs/0', offset: BigInt(i), encoding: 'otlp_json', keyed: true },
        body: new TextEncoder().encode(JSON.stringify({ resourceLogs })),
        timestampMs: timeMs,
      } as const
    })
  }

  it('are forgotten with their services, and those that live keep their names', () => {
    const settings = detectorSettings({
      features: { ...defaults.features, forgetAfterMs: 70 * MINUTE_MS },
      logs: {
        ...{ keys: ['session'], patterns: [] },
        session: {
          ...{ gapMs: 30_000, maxAgeMs: 600_000, maxRecords: 1000, maxOpen: 50_000 },
          maxJumpMs: 600_000,
        },
      },
    })
    const records = minutes()
    const half = new Detector(settings)
    runThrough(half, records.slice(0, 60), emptyOutput())
    expect(half.status().strata.length).toBeGreaterThan(50)
    const { detector, output } = play(records, settings)
    expect(detector.counts().forgotten.templates).toBe(60)
    expect(detector.counts().forgotten.texts).toBeGreaterThanOrEqual(120)
    const names = detector.status().strata.map(({ name }) => name)
    expect(names.sort()).toEqual(['front session', 'late session'])
    expect(new Set(output.verdicts.slice(-20).map(({ stratum }) => stratum))).toEqual(
      new Set(names),
    )
    const { names: texts } = detector.snapshot().tables
    expect(texts.texts.filter((text) => text.startsWith('“')).sort()).toEqual([
      '“a new service says hello”',
      '“the order of <*> items was taken”',
    ])
  })
})
