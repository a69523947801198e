import type { Verdict } from '../../../src/contract/anomaly.ts'
import type { AnomalyClusterChange } from '../../../src/contract/anomaly-cluster.ts'
import { Detector } from '../../../src/detector/detector.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import type { SeededRandom } from '../../../src/stats/random.ts'
import { detectorSettings } from '../../detector-settings.ts'
import { runThrough } from '../../run-detector.ts'
import type { Figure } from '../figures.ts'
import {
  below,
  MINUTE_MS,
  type PlainShop,
  type PlainTrace,
  plainShop,
  START_MS,
} from './plain-shop.ts'

const ALPHA = 0.01

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

/** Of 500 well-named entry operations, Zipf-like: share of the traces judged after 20 minutes of learning. */
export function manyEntries(): Figure[] {
  const rank = (random: SeededRandom): number => Math.floor(500 * random.next() ** 2)
  const route: PlainShop['route'] = (random) =>
    `${['GET', 'POST', 'PUT'][rank(random) % 3]} /api/${wordsOf(rank(random))}`
  const all = run({ seed: 1, minutes: 30, rate: 40, route })
  const what = 'share of the traces of 500 entry operations that are judged after learning'
  const value = judgedShare(all, ({ at }) => at > 20 * MINUTE_MS)
  return [{ name: 'entries_500_judged', value, what, bar: 'at least 0.95' }]
}

/** Twelve deployments with the build in the services' names, one every 15 minutes. */
export function deployments(): Figure[] {
  const every = 15 * MINUTE_MS
  const build = (at: number): string =>
    (Math.imul(1 + Math.floor(at / every), 0x9e3779b1) >>> 0).toString(16).slice(-6)
  const service = (plain: string, at: number): string => `${plain}-${build(at)}`
  const all = run({ seed: 2, minutes: 180, rate: 10, service })
  const what = 'share of the traces of the last of 12 builds that are judged in its 15 min'
  const value = judgedShare(all, ({ at }) => at > 11 * every)
  return [{ name: 'deploys_12_judged', value, what, bar: 'at least 0.90' }]
}

/** Up to 140,000 names of one tenant beside the shop. */
export function cardinalityBomb(): Figure[] {
  const faults = [35, 45, 55].map((minute) => minute * MINUTE_MS)
  const since = (at: number): number =>
    Math.min(...faults.map((from) => (at < from ? Infinity : at - from)))
  const word = (random: SeededRandom): string => below(random, 0x7fffffff).toString(36)
  const route: PlainShop['route'] = (random, at) => {
    if (at > 15 * MINUTE_MS && random.next() < 0.66) return `EXPORT ${word(random)}_${word(random)}`
    return ['GET /items', 'GET /orders', 'POST /orders'][below(random, 3)]!
  }
  const slow = (at: number): number => (since(at) < 3 * MINUTE_MS ? 4 : 1)
  const all = run({ seed: 3, minutes: 60, rate: 75, route, slow }, ALPHA)
  const opened = all.clusters.filter(({ change }) => change === 'opened')
  const found = faults.filter((from) =>
    opened.some(
      ({ timeMs }) => timeMs >= START_MS + from && timeMs < START_MS + from + 3 * MINUTE_MS,
    ),
  )
  const isQuiet = (at: number): boolean => at > 20 * MINUTE_MS && since(at + 10_000) > 4 * MINUTE_MS
  const ratio = flagRatio(all, ({ entry, at }) => !entry.startsWith('EXPORT') && isQuiet(at))
  return [
    {
      name: 'cardinality_bomb_found',
      value: found.length,
      what: "the shop's faults found beside one tenant with a new name in two of three traces",
      bar: 'all of 3',
    },
    {
      name: 'cardinality_bomb_fpr_ratio',
      value: ratio,
      what: "the shop's flag rate over alpha (0.01) meanwhile",
      bar: '0.5 to 2',
    },
  ]
}

/** Health checks at 30 times the traffic of the shop. */
export function healthChecks(): Figure[] {
  const isHealthCheck = (random: SeededRandom): boolean => random.next() < 30 / 31
  const all = run({ seed: 4, minutes: 60, rate: 100, isHealthCheck }, ALPHA)
  const isShop = ({ entry, at }: PlainTrace): boolean =>
    entry !== 'GET /healthz' && at > 20 * MINUTE_MS
  const what = "the shop's flag rate over alpha (0.01) beside health checks at 30 times its traffic"
  return [{ name: 'health_30_fpr_ratio', value: flagRatio(all, isShop), what, bar: '0.5 to 2' }]
}

function flagRatio({ traces, verdicts }: Run, among: (trace: PlainTrace) => boolean): number {
  const some = traces.filter(among)
  const flagged = some.filter(({ id }) => verdicts.get(id)?.anomalous).length
  return flagged / some.length / ALPHA
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
