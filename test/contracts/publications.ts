import type { Verdict } from '../../src/contract/anomaly.ts'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import type { Publication } from '../../src/contract/sink.ts'

const verdict: Verdict = {
  ...{ id: '4bf92f3577b34da6a3ce929d0e0e4736', timeMs: 1_700_000_000_000, kind: 'trace' },
  ...{ score: 0.5, p: 0.001, pShape: 0.2, pTime: 0.001, anomalous: true, cluster: 'c1' },
  ...{ reason: 'time', stratum: 'trace frontend GET /cart', services: ['cart'] },
  ...{ contributions: [], model: 'm1' },
}

const trace = { traceId: verdict.id, startMs: verdict.timeMs, spans: [] }

export function anomalyPublication(id: string, anomalyCluster: string | null): Publication {
  const evidence = { trace, nearestNormal: null, spanId: '00f067aa0ba902b7', summary: 'slow' }
  return { type: 'anomaly', anomaly: { id, verdict, anomalyCluster, ...evidence } }
}

export function clusterPublication(id: string): Publication {
  const cluster: AnomalyCluster = {
    ...{
      id,
      state: 'open',
      alerts: true,
      signature: null,
      asksAcceptance: false,
      openedMs: 1,
      closedMs: null,
      firstMs: 1,
      lastMs: 2,
    },
    ...{ place: 'a -> b c', term: 'self_time', direction: 'high', services: ['b'] },
    ...{ observations: 5, occurrences: 9, rate: 0.5, normalRate: 0.05, eValue: 1e6 },
    ...{ typical: 3, normal: 1, sentence: 'b is slow', representative: null, nearestNormal: null },
    ...{ suspect: 'b', severity: 'warning', impact: [] },
    ...{ members: [], mergedFrom: [], mergedInto: null, model: 'm1' },
  }
  return { type: 'anomaly_cluster', change: { change: 'opened', timeMs: 3, cluster } }
}

export function deadLetterPublication(offset: bigint, body: Uint8Array): Publication {
  const deadLetter = { partition: 'otlp_spans/3', offset, reason: 'cut short', position: 17, body }
  return { type: 'dead_letter', deadLetter }
}

/** What a publication is about, e.g. `anomaly a1`; how the suites recognise it at the other side. */
export function publicationText(publication: Publication): string {
  if (publication.type === 'anomaly') return `anomaly ${publication.anomaly.id}`
  if (publication.type === 'anomaly_cluster')
    return `anomaly_cluster ${publication.change.cluster.id}`
  if (publication.type === 'new_error') return `new_error ${publication.newError.id}`
  return `dead_letter ${publication.deadLetter.offset}`
}
