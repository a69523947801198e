import type { EvidenceSpan, TraceEvidence } from '../../src/contract/anomaly.ts'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../../src/contract/cluster-detail.ts'
import type { Recalled, Signature } from '../../src/contract/signature.ts'

/** A span of an example: parent index, `service operation`, start, duration, self time, options. */
export function span(
  parent: number,
  name: string,
  startMs: number,
  durationMs: number,
  selfMs = durationMs,
  more: Partial<EvidenceSpan> = {},
): EvidenceSpan {
  const [service = '', ...operation] = name.split(' ')
  return {
    parent,
    service,
    operation: operation.join(' '),
    kind: 2,
    status: 0,
    startMs,
    durationMs,
    selfMs,
    attributes: {},
    ...more,
  }
}

export function trace(traceId: string, spans: readonly EvidenceSpan[]): TraceEvidence {
  return { traceId, startMs: Date.UTC(2026, 0, 2, 3, 4, 5), spans }
}

const NORMAL = trace('0123456789abcdef0123456789abcdef', [
  span(-1, 'frontend POST /checkout', 0, 62, 9, {
    attributes: { 'http.response.status_code': '200' },
  }),
  span(0, 'checkout PlaceOrder', 4, 52, 11),
  span(1, 'cart GetCart', 6, 5),
  span(1, 'currency Convert', 14, 6, 6),
  span(1, 'shipping Quote', 22, 9, 9),
  span(1, 'payment Charge', 34, 14, 14),
  span(1, 'email Send', 50, 4, 4),
])

const ANOMALY = trace('fedcba9876543210fedcba9876543210', [
  span(-1, 'frontend POST /checkout', 0, 668, 9, {
    status: 2,
    attributes: { 'http.response.status_code': '500' },
  }),
  span(0, 'checkout PlaceOrder', 4, 660, 12, { status: 2 }),
  span(1, 'cart GetCart', 6, 5),
  span(1, 'currency Convert', 14, 592, 592),
  span(1, 'shipping Quote', 608, 8, 8),
  span(1, 'payment Charge', 618, 11, 11, { status: 2 }),
  span(1, 'payment Charge', 630, 10, 10, { status: 2 }),
  span(1, 'payment Charge', 641, 9, 9, { status: 2 }),
  span(1, 'payment Charge', 651, 10, 10, { status: 2 }),
])

/** A slow currency conversion with retried payments: every difference there is. */
export function exampleCluster(changes: Partial<AnomalyCluster> = {}): AnomalyCluster {
  return {
    id: 'c-7f3a01',
    state: 'open',
    alerts: true,
    signature: null,
    asksAcceptance: false,
    openedMs: Date.UTC(2026, 0, 2, 5, 28, 40),
    closedMs: null,
    firstMs: Date.UTC(2026, 0, 2, 5, 28, 10),
    lastMs: Date.UTC(2026, 0, 2, 5, 33, 0),
    place: 'checkout PlaceOrder -> currency Convert',
    term: 'self_time',
    direction: 'high',
    services: ['currency', 'checkout'],
    suspect: 'currency',
    severity: 'critical',
    impact: [
      { entry: 'frontend POST /checkout', requests: 60, failed: 3, slow: 55, share: 58 / 60 },
    ],
    observations: 58,
    occurrences: 60,
    rate: 58 / 60,
    normalRate: 0.05,
    eValue: 4.2e9,
    typical: 590,
    normal: 6,
    sentence:
      'frontend POST /checkout: 92 % of requests are slow since 05:28:10. checkout → currency Convert is slower: typically 590 ms, normally 6 ms, in 58 of 60 calls.',
    representative: ANOMALY,
    nearestNormal: NORMAL,
    members: ['fedcba9876543210fedcba9876543210', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    mergedFrom: [],
    mergedInto: null,
    model: 'm-3c1e',
    ...changes,
  }
}

const MINUTE_MS = 60_000

/** Half an hour of a normal place, and the minutes in which it is slow. */
export function exampleDetail(): ClusterDetail {
  const { firstMs } = exampleCluster()
  const points = Array.from({ length: 36 }, (_, i) => {
    const isSlow = i >= 31
    const fromMs = firstMs + (i - 31) * MINUTE_MS
    const [p50, p99] = isSlow ? [590, 640] : [6, 12]
    return { fromMs, toMs: fromMs + MINUTE_MS, calls: 12, failed: 0, p50, p99 }
  })
  const since = { firstMs, observations: 58, occurrences: 60, normalRate: 0.05, isOver: false }
  return {
    timeline: {
      place: 'checkout PlaceOrder > currency Convert',
      normal: { p10: 4, p50: 6, p90: 9, p99: 14, failed: 0.01 },
      points,
    },
    deviating: [
      {
        ...{ caller: 'checkout', service: 'currency', operation: 'Convert' },
        ...{ term: 'self_time', direction: 'high', ...since },
      },
      {
        ...{ caller: 'checkout', service: 'payment', operation: 'Charge' },
        ...{ term: 'errors', direction: 'high', ...since },
      },
      {
        ...{ caller: '', service: 'frontend', operation: 'POST /checkout' },
        ...{ term: 'structure', direction: 'high', ...since },
      },
    ],
  }
}

/** A backup that came three times before. */
export const BACKUP: Recalled = {
  id: 's-1',
  name: 'the backup',
  note: 'ends by itself',
  runbook: 'https://wiki/backup',
  times: 4,
  lastMs: Date.UTC(2026, 0, 1, 5),
  known: true,
  excess: 'longer',
}

export function exampleSignature(changes: Partial<Signature> = {}): Signature {
  const { id, name, note, runbook, times, known, lastMs } = BACKUP
  return {
    ...{ id, name, note, runbook, times, known, lastMs, firstMs: 0, acceptance: null },
    ...{ everyMs: 86_400_000, rhythm: 'daily', longestMs: 600_000 },
    ...{ largestShare: 0.9, largestSize: 5, places: [], clusters: [] },
    ...changes,
  }
}
