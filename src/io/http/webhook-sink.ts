import type { AnomalyCluster, AnomalyClusterChange } from '../../contract/anomaly-cluster.ts'
import type { Publication, Sink } from '../../contract/sink.ts'
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

/** Labels of an alert: they never change, so what takes it knows it again. */
interface AlertIdentity {
  readonly cluster: string
  readonly service: string
  readonly severity: 'warning' | 'critical'
}

/**
 * One message for the clusters that fire and one for those that are over, each cluster by its last
 * change in the batch. A cluster that becomes critical fires as another alert, in whose stead the first is
 * silent; both end with it. What is information or known from before is not told.
 */
export function webhookMessages(
  changes: readonly AnomalyClusterChange[],
  externalUrl: string,
): object[] {
  const last = new Map<string, WebhookAlert[]>()
  for (const { cluster } of changes) {
    if (cluster.alerts) last.set(cluster.id, alertsOf(cluster, externalUrl))
  }
  return (['firing', 'resolved'] as const).flatMap((status) => {
    const alerts = [...last.values()].flat().filter((alert) => alert.status === status)
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

function labelsOf({ cluster, service, severity }: AlertIdentity): Record<string, string> {
  const alertname =
    severity === 'critical' ? 'MedoscopeAnomalyClusterCritical' : 'MedoscopeAnomalyCluster'
  return { alertname, cluster, service, severity }
}

function fingerprintOf({ cluster, severity }: AlertIdentity): string {
  return severity === 'critical' ? `${cluster}-critical` : cluster
}

/** Of an open cluster the alert of its severity; of one that is over all that it may have had. */
function alertsOf(cluster: AnomalyCluster, externalUrl: string): WebhookAlert[] {
  const open = cluster.state === 'open'
  const isCritical = cluster.severity === 'critical'
  const classes = isCritical
    ? open
      ? (['critical'] as const)
      : (['warning', 'critical'] as const)
    : (['warning'] as const)
  return classes.map((severity) => {
    const identity = { cluster: cluster.id, service: cluster.suspect, severity }
    return {
      status: open ? 'firing' : 'resolved',
      labels: labelsOf(identity),
      annotations: annotationsOf(cluster),
      startsAt: new Date(cluster.openedMs).toISOString(),
      endsAt: open ? NOT_YET : new Date(cluster.closedMs ?? cluster.lastMs).toISOString(),
      generatorURL:
        externalUrl === '' ? '' : `${externalUrl}/clusters/${encodeURIComponent(cluster.id)}`,
      fingerprint: fingerprintOf(identity),
    }
  })
}

function annotationsOf(cluster: AnomalyCluster): Record<string, string> {
  const suffering = cluster.impact.map(
    ({ entry, requests, failed, slow }) =>
      `${entry}: ${failed} failed, ${slow} slow of ${requests}`,
  )
  return {
    summary: cluster.sentence,
    impact: suffering.join('; '),
    place: cluster.place,
    term: cluster.term,
    direction: cluster.direction,
    services: cluster.services.join(', '),
    observations: `${cluster.observations} of ${cluster.occurrences}`,
    trace_id: cluster.representative?.traceId ?? '',
    normal_trace_id: cluster.nearestNormal?.traceId ?? '',
  }
}
