import { describe, expect, it } from 'vitest'
import type { Anomaly, Contribution, TraceEvidence } from '../../src/contract/anomaly.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import {
  anomalyRecord,
  clusterChangeRecord,
  RECORD_RESOURCE,
} from '../../src/otlp/anomaly-record.ts'
import { encodeLogsJson, encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { LogsRequest } from './protobuf-oracle.ts'

const TRACE_ID = '000102030405060708090a0b0c0d0e0f'
const NORMAL_ID = 'ffeeddccbbaa99887766554433221100'

function evidence(traceId: string, status: number): TraceEvidence {
  const span = {
    parent: -1,
    service: 'cart',
    operation: 'GET /cart',
    kind: 2,
    status,
    startMs: 0,
    durationMs: 5,
    selfMs: 5,
    attributes: {},
  }
  return { traceId, startMs: 1_790_000_000_000, spans: [span] }
}

const contributions = Array.from(
  { length: 7 },
  (_, i): Contribution => ({
    term: 'latency',
    element: `frontend GET /cart > cart ${i}`,
    measure: 'self_time',
    value: 240 + i,
    medoid: i === 6 ? null : 12,
    contribution: 0.1,
  }),
)

const ANOMALY: Anomaly = {
  id: 'a-1',
  verdict: {
    id: TRACE_ID,
    timeMs: 1_790_000_000_250,
    kind: 'trace',
    score: 1,
    p: 0.0004,
    pShape: 0.5,
    pTime: 0.0004,
    anomalous: true,
    cluster: 'c-7',
    reason: 'time',
    stratum: 'trace/frontend/GET /cart',
    services: ['cart', 'frontend'],
    contributions,
    model: 'm-3',
  },
  anomalyCluster: 'k-2',
  spanId: '0001020304050607',
  summary: 'cart took 240 ms of its own time instead of 12 ms',
  trace: evidence(TRACE_ID, 0),
  nearestNormal: evidence(NORMAL_ID, 0),
}

describe('anomalyRecord', () => {
  it('says what, where, how sure, and beside which normal trace', () => {
    const { attributes, ...record } = anomalyRecord(ANOMALY)
    expect(record).toEqual({
      timeMs: 1_790_000_000_250,
      traceId: TRACE_ID,
      spanId: '0001020304050607',
      severityNumber: 13,
      severityText: 'WARN',
      body: 'cart took 240 ms of its own time instead of 12 ms',
      eventName: 'medoscope.anomaly',
    })
    const { 'medoscope.contributions': top, ...rest } = attributes
    expect(rest).toEqual({
      'event.name': 'medoscope.anomaly',
      'service.name': 'cart',
      'medoscope.anomaly.id': 'a-1',
      'medoscope.kind': 'trace',
      'medoscope.reason': 'time',
      'medoscope.score': 1,
      'medoscope.p_value': 0.0004,
      'medoscope.cluster.id': 'c-7',
      'medoscope.anomaly_cluster.id': 'k-2',
      'medoscope.medoid.trace_id': NORMAL_ID,
      'medoscope.model.version': 'm-3',
      'medoscope.stratum': 'trace/frontend/GET /cart',
      'medoscope.services': 'cart,frontend',
    })
    expect(JSON.parse(String(top))).toEqual(contributions.slice(0, 5))
  })

  it('is an error where a span of the trace failed', () => {
    const failed = { ...ANOMALY, trace: evidence(TRACE_ID, 2) }
    expect(anomalyRecord(failed)).toMatchObject({ severityNumber: 17, severityText: 'ERROR' })
  })

  it('leaves out what is not known', () => {
    const verdict = {
      ...ANOMALY.verdict,
      score: null,
      p: null,
      cluster: null,
      model: null,
      services: [],
    }
    const { attributes } = anomalyRecord({
      ...ANOMALY,
      verdict,
      anomalyCluster: null,
      nearestNormal: null,
    })
    expect(Object.keys(attributes)).toEqual([
      'event.name',
      'medoscope.anomaly.id',
      'medoscope.kind',
      'medoscope.reason',
      'medoscope.stratum',
      'medoscope.contributions',
    ])
  })

  it('survives both encodings, scores as double even where they are whole', () => {
    const record = anomalyRecord(ANOMALY)
    const json = JSON.parse(
      new TextDecoder().decode(encodeLogsJson(RECORD_RESOURCE, [record])),
    ) as object
    const request = LogsRequest.decode(encodeLogsProto(RECORD_RESOURCE, [record]))
    for (const text of [JSON.stringify(json), JSON.stringify(LogsRequest.toObject(request))]) {
      expect(text).toContain('"key":"medoscope.score","value":{"doubleValue":1}')
      expect(text).toContain('"key":"medoscope.p_value","value":{"doubleValue":0.0004}')
      expect(text).toContain('"key":"medoscope.signal","value":{"stringValue":"traces"}')
    }
  })
})

const CHANGE: AnomalyClusterChange = {
  change: 'opened',
  timeMs: 1_790_000_030_000,
  cluster: {
    id: 'k-2',
    state: 'open',
    alerts: true,
    signature: null,
    asksAcceptance: false,
    openedMs: 1_790_000_030_000,
    closedMs: null,
    firstMs: 1_790_000_000_000,
    lastMs: 1_790_000_029_000,
    place: 'frontend GET /cart -> cart GetCart',
    term: 'self_time',
    direction: 'high',
    services: ['cart'],
    suspect: 'cart',
    severity: 'warning',
    impact: [{ entry: 'frontend GET /cart', requests: 40, failed: 0, slow: 31, share: 0.775 }],
    observations: 31,
    occurrences: 40,
    rate: 0.775,
    normalRate: 0.05,
    eValue: 2_000_000,
    typical: 240,
    normal: null,
    sentence: 'cart GetCart is slow',
    representative: evidence(TRACE_ID, 0),
    nearestNormal: evidence(NORMAL_ID, 0),
    members: [TRACE_ID, NORMAL_ID],
    mergedFrom: [],
    mergedInto: null,
    model: 'm-3',
  },
}

describe('clusterChangeRecord', () => {
  it('says what changed, where, since when and how strong it is', () => {
    expect(clusterChangeRecord(CHANGE)).toEqual({
      timeMs: 1_790_000_030_000,
      traceId: TRACE_ID,
      spanId: '',
      severityNumber: 13,
      severityText: 'WARN',
      body: 'cart GetCart is slow',
      eventName: 'medoscope.anomaly_cluster',
      attributes: {
        'event.name': 'medoscope.anomaly_cluster',
        'medoscope.anomaly_cluster.alerts': true,
        'service.name': 'cart',
        'medoscope.services': 'cart',
        'medoscope.medoid.trace_id': NORMAL_ID,
        'medoscope.model.version': 'm-3',
        'medoscope.anomaly_cluster.id': 'k-2',
        'medoscope.anomaly_cluster.change': 'opened',
        'medoscope.anomaly_cluster.state': 'open',
        'medoscope.anomaly_cluster.severity': 'warning',
        'medoscope.anomaly_cluster.suspect': 'cart',
        'medoscope.anomaly_cluster.impact':
          '[{"entry":"frontend GET /cart","requests":40,"failed":0,"slow":31,"share":0.775}]',
        'medoscope.anomaly_cluster.place': 'frontend GET /cart -> cart GetCart',
        'medoscope.anomaly_cluster.term': 'self_time',
        'medoscope.anomaly_cluster.direction': 'high',
        'medoscope.anomaly_cluster.opened_ms': 1_790_000_030_000,
        'medoscope.anomaly_cluster.first_ms': 1_790_000_000_000,
        'medoscope.anomaly_cluster.last_ms': 1_790_000_029_000,
        'medoscope.anomaly_cluster.observations': 31,
        'medoscope.anomaly_cluster.occurrences': 40,
        'medoscope.anomaly_cluster.rate': 0.775,
        'medoscope.anomaly_cluster.normal_rate': 0.05,
        'medoscope.anomaly_cluster.e_value': 2_000_000,
        'medoscope.anomaly_cluster.typical': 240,
        'medoscope.anomaly_cluster.sentence': 'cart GetCart is slow',
        'medoscope.anomaly_cluster.members': `${TRACE_ID},${NORMAL_ID}`,
      },
    })
  })

  it('is as severe as the cluster is bad', () => {
    const severity = (fields: Partial<AnomalyClusterChange['cluster']>): string =>
      clusterChangeRecord({ ...CHANGE, cluster: { ...CHANGE.cluster, ...fields } }).severityText
    expect(severity({ severity: 'critical' })).toBe('ERROR')
    expect(severity({ severity: 'warning' })).toBe('WARN')
    expect(severity({ severity: 'information', alerts: false })).toBe('INFO')
    expect(severity({ severity: 'critical', state: 'resolved' })).toBe('INFO')
    expect(severity({ state: 'accepted' })).toBe('INFO')
  })
})
