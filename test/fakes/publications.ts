import type { Anomaly, TraceEvidence, Verdict } from '../../src/contract/anomaly.ts'
import type { AnomalyCluster, AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import type { DeadLetter } from '../../src/contract/dead-letter.ts'
import type { NewError } from '../../src/contract/new-error.ts'
import type { Publication } from '../../src/contract/sink.ts'

function evidence(traceId: string): TraceEvidence {
  return {
    traceId,
    startMs: 1_790_000_000_000,
    spans: [
      {
        parent: -1,
        service: 'shop',
        operation: 'GET /',
        kind: 2,
        status: 0,
        startMs: 0,
        durationMs: 600,
        selfMs: 600,
        attributes: {},
      },
    ],
  }
}

export const verdict: Verdict = {
  id: 'a'.repeat(32),
  timeMs: 1_790_000_000_123,
  kind: 'trace',
  score: 0.25,
  p: 0.0004,
  pShape: 0.9,
  pTime: 0.0002,
  anomalous: true,
  cluster: 'n1',
  reason: 'time',
  stratum: 'trace shop GET /',
  services: ['currency', 'shop'],
  contributions: [
    {
      term: 'latency',
      element: 'shop GET /',
      measure: 'self_time',
      value: 600,
      medoid: 6,
      contribution: 0.25,
    },
  ],
  model: 'm1',
}

export const anomaly: Anomaly = {
  id: 'anomaly-1',
  verdict,
  anomalyCluster: 'c1',
  spanId: 'b'.repeat(16),
  summary: 'shop GET / took 600 ms, normally 6 ms',
  trace: evidence('a'.repeat(32)),
  nearestNormal: evidence('c'.repeat(32)),
}

export function cluster(change: Partial<AnomalyCluster> = {}): AnomalyCluster {
  return {
    id: 'c1',
    state: 'open',
    alerts: true,
    signature: null,
    asksAcceptance: false,
    openedMs: 1_790_000_010_000,
    closedMs: null,
    firstMs: 1_790_000_000_000,
    lastMs: 1_790_000_020_000,
    place: 'shop GET / -> currency Convert',
    term: 'self_time',
    direction: 'high',
    services: ['currency', 'shop'],
    suspect: 'currency',
    severity: 'critical',
    impact: [{ entry: 'shop GET /', requests: 60, failed: 3, slow: 55, share: 58 / 60 }],
    observations: 58,
    occurrences: 60,
    rate: 58 / 60,
    normalRate: 0.05,
    eValue: 1e12,
    typical: 590,
    normal: 6,
    sentence: 'currency Convert: self time above its normal p90',
    representative: evidence('a'.repeat(32)),
    nearestNormal: null,
    members: ['a'.repeat(32)],
    mergedFrom: [],
    mergedInto: null,
    model: 'm1',
    ...change,
  }
}

export function clusterChange(
  change: AnomalyClusterChange['change'],
  of: Partial<AnomalyCluster> = {},
): AnomalyClusterChange {
  return { change, timeMs: 1_790_000_030_000, cluster: cluster(of) }
}

const deadLetter: DeadLetter = {
  partition: 'otlp_spans/3',
  offset: 12_345_678_901_234_567n,
  reason: 'truncated',
  position: 17,
  body: Uint8Array.of(1, 2, 3),
}

const newError: NewError = {
  ...{ id: 'error-1', service: 'cart', line: '“no stock of <*>”', times: 3 },
  ...{ firstMs: 1_790_000_000_000, lastMs: 1_790_000_030_000 },
  sentence: 'cart logs “no stock of <*>” as ERROR: 3 times within 30.0 s. New, no baseline yet.',
}

export const everyKind: readonly Publication[] = [
  { type: 'anomaly', anomaly },
  { type: 'anomaly_cluster', change: clusterChange('opened') },
  { type: 'new_error', newError },
  { type: 'dead_letter', deadLetter },
]
