import type { Anomaly, Verdict } from '../contract/anomaly.ts'
import type { AnomalyCluster, AnomalyClusterChange } from '../contract/anomaly-cluster.ts'
import type { Encoding } from '../contract/log-record.ts'
import type { NewError } from '../contract/new-error.ts'
import type { Publication } from '../contract/sink.ts'
import type { Attributes } from './any-value.ts'
import { encodeLogsJson, encodeLogsProto, type OtlpLogRecord } from './encode-logs.ts'
import { STATUS_ERROR } from './span-columns.ts'

/** Resource of every record that medoscope publishes about traces. */
export const RECORD_RESOURCE = {
  'service.name': 'medoscope',
  'medoscope.signal': 'traces',
} as const satisfies Attributes

const ANOMALY_EVENT = 'medoscope.anomaly'
const ANOMALY_CLUSTER_EVENT = 'medoscope.anomaly_cluster'
const NEW_ERROR_EVENT = 'medoscope.new_error'

const MAX_CONTRIBUTIONS = 5
const MAX_SERVICES = 20
const MAX_TEMPLATES = 5
const INFO = { severityNumber: 9, severityText: 'INFO' }
const WARN = { severityNumber: 13, severityText: 'WARN' }
const ERROR = { severityNumber: 17, severityText: 'ERROR' }

/** The log record of a publication; none of a dead letter. */
export function publicationRecords(publication: Publication): OtlpLogRecord[] {
  if (publication.type === 'anomaly') return [anomalyRecord(publication.anomaly)]
  if (publication.type === 'anomaly_cluster') return [clusterChangeRecord(publication.change)]
  if (publication.type === 'new_error') return [newErrorRecord(publication.newError)]
  return []
}

/** An error line that came before there was a model. */
function newErrorRecord(error: NewError): OtlpLogRecord {
  const { id, service, line, times, firstMs, lastMs, sentence } = error
  return {
    ...{ timeMs: lastMs, traceId: '', spanId: '', ...WARN, body: sentence },
    eventName: NEW_ERROR_EVENT,
    attributes: {
      'event.name': NEW_ERROR_EVENT,
      'service.name': service,
      'medoscope.new_error.id': id,
      'medoscope.new_error.line': line,
      'medoscope.new_error.times': times,
      'medoscope.new_error.first_ms': firstMs,
    },
  }
}

/** A publication as the body of an OTLP logs request, with its one record. */
export function encodePublication(publication: Publication, encoding: Encoding): Uint8Array {
  const encode = encoding === 'otlp_json' ? encodeLogsJson : encodeLogsProto
  return encode(RECORD_RESOURCE, publicationRecords(publication))
}

/**
 * An anomaly as an OTLP log record: ERROR where a span of the trace failed, WARN where it is only
 * strange. What is not known (null) is left out, since a query would take a placeholder for a value.
 * The event name is also an attribute because Loki drops the field.
 */
export function anomalyRecord(anomaly: Anomaly): OtlpLogRecord {
  const { verdict, trace } = anomaly
  const failed = trace.spans.some((span) => span.status === STATUS_ERROR)
  const [service] = verdict.services
  return {
    timeMs: verdict.timeMs,
    traceId: trace.traceId,
    spanId: anomaly.spanId,
    ...(failed ? ERROR : WARN),
    body: anomaly.summary,
    eventName: ANOMALY_EVENT,
    attributes: known({
      'event.name': ANOMALY_EVENT,
      'service.name': service,
      'medoscope.anomaly.id': anomaly.id,
      'medoscope.kind': verdict.kind,
      'medoscope.reason': verdict.reason,
      'medoscope.score': verdict.score,
      'medoscope.p_value': verdict.p,
      'medoscope.cluster.id': verdict.cluster,
      'medoscope.anomaly_cluster.id': anomaly.anomalyCluster,
      'medoscope.medoid.trace_id': anomaly.nearestNormal?.traceId,
      'medoscope.model.version': verdict.model,
      'medoscope.stratum': verdict.stratum,
      'medoscope.services': listed(verdict.services),
      'medoscope.templates': differing(verdict),
      'medoscope.contributions': JSON.stringify(
        verdict.contributions
          .slice(0, MAX_CONTRIBUTIONS)
          .map(({ term, element, measure, value, medoid, contribution }) => ({
            term,
            element,
            measure,
            value,
            medoid,
            contribution,
          })),
      ),
    }),
  }
}

/** A change of an anomaly cluster as an OTLP log record, with its representative's trace id. */
export function clusterChangeRecord(change: AnomalyClusterChange): OtlpLogRecord {
  const { cluster } = change
  return {
    timeMs: change.timeMs,
    traceId: cluster.representative?.traceId ?? '',
    spanId: '',
    ...severity(cluster),
    body: cluster.sentence,
    eventName: ANOMALY_CLUSTER_EVENT,
    attributes: known({
      'event.name': ANOMALY_CLUSTER_EVENT,
      'service.name': cluster.services[0],
      'medoscope.services': listed(cluster.services),
      'medoscope.medoid.trace_id': cluster.nearestNormal?.traceId,
      'medoscope.model.version': cluster.model,
      'medoscope.anomaly_cluster.id': cluster.id,
      'medoscope.anomaly_cluster.change': change.change,
      'medoscope.anomaly_cluster.state': cluster.state,
      'medoscope.anomaly_cluster.severity': cluster.severity,
      'medoscope.anomaly_cluster.alerts': cluster.alerts,
      'medoscope.anomaly_cluster.suspect': cluster.suspect,
      'medoscope.anomaly_cluster.impact': JSON.stringify(cluster.impact),
      'medoscope.anomaly_cluster.signature': cluster.signature?.id,
      'medoscope.anomaly_cluster.times': cluster.signature?.times,
      'medoscope.anomaly_cluster.asks_acceptance': cluster.asksAcceptance || null,
      'medoscope.anomaly_cluster.place': cluster.place,
      'medoscope.anomaly_cluster.term': cluster.term,
      'medoscope.anomaly_cluster.direction': cluster.direction,
      'medoscope.anomaly_cluster.opened_ms': cluster.openedMs,
      'medoscope.anomaly_cluster.closed_ms': cluster.closedMs,
      'medoscope.anomaly_cluster.first_ms': cluster.firstMs,
      'medoscope.anomaly_cluster.last_ms': cluster.lastMs,
      'medoscope.anomaly_cluster.observations': cluster.observations,
      'medoscope.anomaly_cluster.occurrences': cluster.occurrences,
      'medoscope.anomaly_cluster.rate': cluster.rate,
      'medoscope.anomaly_cluster.normal_rate': cluster.normalRate,
      'medoscope.anomaly_cluster.e_value': cluster.eValue,
      'medoscope.anomaly_cluster.typical': cluster.typical,
      'medoscope.anomaly_cluster.normal': cluster.normal,
      'medoscope.anomaly_cluster.sentence': cluster.sentence,
      'medoscope.anomaly_cluster.members': listed(cluster.members),
      'medoscope.anomaly_cluster.merged_from': listed(cluster.mergedFrom),
      'medoscope.anomaly_cluster.merged_into': cluster.mergedInto,
    }),
  }
}

function severity(cluster: AnomalyCluster): { severityNumber: number; severityText: string } {
  if (cluster.state !== 'open' || !cluster.alerts) return INFO
  return cluster.severity === 'critical' ? ERROR : WARN
}

/** Names or ids as one text, since stores turn attribute lists into text each in a way of its own. */
function listed(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.slice(0, MAX_SERVICES).join(',')
}

/** Templates of log lines that differ, with a line of each, as JSON; null where there are none. */
function differing({ templates = [] }: Verdict): string | null {
  return templates.length === 0 ? null : JSON.stringify(templates.slice(0, MAX_TEMPLATES))
}

function known(
  attributes: Readonly<Record<string, string | number | boolean | null | undefined>>,
): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) kept[key] = value
  }
  return kept
}
