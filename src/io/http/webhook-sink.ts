import type { AnomalyCluster, AnomalyClusterChange } from '../../contract/anomaly-cluster.ts'
import type { Publication, Sink } from '../../contract/sink.ts'
import { severityOf } from '../cluster-severity.ts'
import { httpPost } from './http-post.ts'

export interface WebhookSettings {
  readonly url: string
  readonly timeoutMs: number
  /** Address of medoscope's own pages, for links; empty: no links. */
  readonly externalUrl: string
}

/**
 * Anomaly clusters to a web hook in the form of Alertmanager's (version 4), so that what takes its
 * alerts takes these: firing while a cluster is open, resolved once it is not.
 */
export class WebhookSink implements Sink {
  readonly name = 'webhook'
  readonly takes: ReadonlySet<Publication['type']> = new Set(['anomaly_cluster'])
  readonly #settings: WebhookSettings
  #started = false

  constructor(settings: WebhookSettings) {
    this.#settings = settings
  }

  async start(): Promise<void> {
    this.#started = true
  }

  async publish(batch: readonly Publication[]): Promise<void> {
    if (!this.#started) throw new Error('not started')
    const { url, timeoutMs, externalUrl } = this.#settings
    const changes = batch.flatMap((each) => (each.type === 'anomaly_cluster' ? [each.change] : []))
    for (const message of webhookMessages(changes, externalUrl)) {
      await httpPost({
        url,
        body: JSON.stringify(message),
        headers: { 'content-type': 'application/json' },
        timeoutMs,
      })
    }
  }

  async stop(): Promise<void> {
    this.#started = false
  }
}

interface WebhookAlert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
  readonly fingerprint: string
}

const NOT_YET = '0001-01-01T00:00:00Z'

/**
 * One message for the clusters that fire and one for those that are over, each cluster by its last
 * change in the batch. Clusters that were merged into another are over; those that are information or
 * known from before are not told.
 */
export function webhookMessages(
  changes: readonly AnomalyClusterChange[],
  externalUrl: string,
): object[] {
  const last = new Map<string, WebhookAlert>()
  for (const { change, timeMs, cluster } of changes) {
    if (!cluster.alerts) continue
    last.set(cluster.id, alertOf(cluster, externalUrl))
    if (change !== 'merged') continue
    for (const id of cluster.mergedFrom) last.set(id, mergedAlert(id, timeMs, cluster))
  }
  return (['firing', 'resolved'] as const).flatMap((status) => {
    const alerts = [...last.values()].filter((alert) => alert.status === status)
    return alerts.length === 0 ? [] : [messageOf(status, alerts, externalUrl)]
  })
}

function messageOf(status: string, alerts: readonly WebhookAlert[], externalUrl: string): object {
  const groupLabels = { alertname: 'MedoscopeAnomalyCluster' }
  const [only] = alerts
  return {
    version: '4',
    groupKey: '{}:{alertname="MedoscopeAnomalyCluster"}',
    truncatedAlerts: 0,
    status,
    receiver: 'medoscope',
    groupLabels,
    commonLabels: alerts.length === 1 ? (only?.labels ?? groupLabels) : groupLabels,
    commonAnnotations: alerts.length === 1 ? (only?.annotations ?? {}) : {},
    externalURL: externalUrl,
    alerts,
  }
}

function alertOf(cluster: AnomalyCluster, externalUrl: string): WebhookAlert {
  const open = cluster.state === 'open'
  return {
    status: open ? 'firing' : 'resolved',
    labels: {
      alertname: 'MedoscopeAnomalyCluster',
      cluster: cluster.id,
      service: cluster.services[0] ?? '',
      term: cluster.term,
      direction: cluster.direction,
      severity: severityOf(cluster),
    },
    annotations: {
      summary: cluster.sentence,
      place: cluster.place,
      services: cluster.services.join(', '),
      observations: `${cluster.observations} of ${cluster.occurrences}`,
      trace_id: cluster.representative?.traceId ?? '',
      normal_trace_id: cluster.nearestNormal?.traceId ?? '',
    },
    startsAt: new Date(cluster.openedMs).toISOString(),
    endsAt: open ? NOT_YET : new Date(cluster.closedMs ?? cluster.lastMs).toISOString(),
    generatorURL:
      externalUrl === '' ? '' : `${externalUrl}/clusters/${encodeURIComponent(cluster.id)}`,
    fingerprint: cluster.id,
  }
}

/** Ends the alert of a cluster that is now part of an older one. */
function mergedAlert(id: string, timeMs: number, into: AnomalyCluster): WebhookAlert {
  const time = new Date(timeMs).toISOString()
  return {
    status: 'resolved',
    labels: { alertname: 'MedoscopeAnomalyCluster', cluster: id },
    annotations: { summary: `Part of anomaly cluster ${into.id}` },
    startsAt: time,
    endsAt: time,
    generatorURL: '',
    fingerprint: id,
  }
}
