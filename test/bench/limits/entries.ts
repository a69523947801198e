import type { Verdict } from '../../../src/contract/anomaly.ts'
import type { AnomalyClusterChange } from '../../../src/contract/anomaly-cluster.ts'
import { Detector } from '../../../src/detector/detector.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import { detectorSettings } from '../../detector-settings.ts'
import { runThrough } from '../../run-detector.ts'
import { below, MINUTE_MS, type PlainShop, type PlainTrace, plainShop } from './plain-shop.ts'

interface Run {
  readonly traces: readonly PlainTrace[]
  readonly verdicts: ReadonlyMap<string, Verdict>
  readonly clusters: readonly AnomalyClusterChange[]
}

function run(shop: PlainShop, alpha = 0.001): Run {
  const { records, traces } = plainShop(shop)
  const detector = new Detector(detectorSettings({ alpha }))
  const output = emptyOutput()
  runThrough(detector, records, output)
  detector.flush(output)
  const verdicts = new Map(output.verdicts.map((verdict) => [verdict.id, verdict]))
  return { traces, verdicts, clusters: output.clusterChanges }
}

function judgedShare({ traces, verdicts }: Run, among: (trace: PlainTrace) => boolean): number {
  let seen = 0
  let judged = 0
  for (const trace of traces) {
    if (!among(trace)) continue
    seen++
    const reason = verdicts.get(trace.id)?.reason ?? 'learning'
    if (reason !== 'learning' && reason !== 'incomplete') judged++
  }
  return judged / seen
}

/** Share of the traces judged after 20 minutes, of 500 well-named entry operations. */
export function entries(count: number): { judged: number } {
  const route: PlainShop['route'] = (random) =>
    `${['GET', 'POST', 'PUT'][Math.floor(count * random.next() ** 2) % 3]} /api/${wordsOf(Math.floor(count * random.next() ** 2))}`
  const all = run({ seed: 1, minutes: 30, rate: 40, route })
  return { judged: judgedShare(all, ({ at }) => at > 20 * MINUTE_MS) }
}

/** Twelve deployments with the build in the service's name, one every 15 minutes. */
export function deployments(): { judged: number } {
  const build = (at: number): string =>
    Math.imul(1 + Math.floor(at / (15 * MINUTE_MS)), 0x9e3779b1)
      .toString(16)
      .slice(-6)
  const service = (plain: string, at: number): string => `${plain}-${build(at)}`
  const all = run({ seed: 2, minutes: 180, rate: 10, service })
  return { judged: judgedShare(all, ({ at }) => at > 165 * MINUTE_MS) }
}

/** One tenant's names beside the shop: three faults are found, and the shop's flag rate holds. */
export function cardinalityBomb(): { found: number; ratio: number } {
  const alpha = 0.01
  const isFault = (at: number): boolean =>
    [35, 45, 55].some((from) => at > from * MINUTE_MS && at < (from + 3) * MINUTE_MS)
  const route: PlainShop['route'] = (random, at) =>
    at > 15 * MINUTE_MS && random.next() < 0.66
      ? `EXPORT ${below(random, 0x7fffffff).toString(36)}_${below(random, 0x7fffffff).toString(36)}`
      : ['GET /items', 'GET /orders', 'POST /orders'][below(random, 3)]!
  const all = run(
    { seed: 3, minutes: 60, rate: 75, route, slow: (at) => (isFault(at) ? 4 : 1) },
    alpha,
  )
  const opened = all.clusters.filter(({ change }) => change === 'opened')
  const start = Date.UTC(2026, 2, 2, 8)
  const found = [35, 45, 55].filter((from) =>
    opened.some(
      ({ timeMs }) => timeMs >= start + from * MINUTE_MS && timeMs < start + (from + 3) * MINUTE_MS,
    ),
  )
  const shop = all.traces.filter(
    ({ entry, at }) =>
      !entry.startsWith('EXPORT') &&
      at > 20 * MINUTE_MS &&
      ![35, 45, 55].some((f) => at > f * MINUTE_MS - 10_000 && at < (f + 4) * MINUTE_MS),
  )
  const flagged = shop.filter(({ id }) => all.verdicts.get(id)?.anomalous).length
  return { found: found.length, ratio: flagged / shop.length / alpha }
}

/** Health checks at 30 times the traffic of the shop. */
export function healthChecks(): { ratio: number } {
  const alpha = 0.01
  const all = run(
    { seed: 4, minutes: 60, rate: 100, isHealthCheck: (random) => random.next() < 30 / 31 },
    alpha,
  )
  const shop = all.traces.filter(({ entry, at }) => entry !== 'GET /healthz' && at > 20 * MINUTE_MS)
  const flagged = shop.filter(({ id }) => all.verdicts.get(id)?.anomalous).length
  return { ratio: flagged / shop.length / alpha }
}

function wordsOf(i: number): string {
  const first = [
    'users',
    'carts',
    'bills',
    'items',
    'rates',
    'files',
    'teams',
    'plans',
    'notes',
    'tasks',
  ]
  const second = [
    '',
    '/search',
    '/export',
    '/import',
    '/history',
    '/stats',
    '/tags',
    '/owner',
    '/status',
    '/share',
  ]
  return (
    first[i % 10]! + second[Math.floor(i / 10) % 10]! + (i >= 100 ? `/v${Math.floor(i / 100)}` : '')
  )
}
