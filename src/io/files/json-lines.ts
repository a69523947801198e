import type { Anomaly, Contribution, Verdict } from '../../contract/anomaly.ts'
import type { AnomalyCluster, AnomalyClusterChange } from '../../contract/anomaly-cluster.ts'
import type { DeadLetter } from '../../contract/dead-letter.ts'
import type { NewError } from '../../contract/new-error.ts'
import type { Publication } from '../../contract/sink.ts'

/** Bytes of an unreadable record that a line shows. */
const SHOWN_BODY_BYTES = 1024

/** How many of the contributions of a verdict a line shows: all, or the largest so that it stays near a kilobyte. */
export type ShownContributions = 'largest' | 'all'

/** Characters that the largest contributions may take. */
const SHOWN_CHARS = 600
/** An element longer than this is shown by the entry and the end of its path. */
const SHOWN_ELEMENT_CHARS = 100
const SHOWN_SERVICES = 5
const SHOWN_TEMPLATES = 5

/** One line for a verdict: times in ISO 8601 with ms, keys in a fixed order, so that a replay repeats it byte for byte. */
export function verdictLine(verdict: Verdict, shown: ShownContributions = 'largest'): string {
  return `${JSON.stringify(verdictObject(verdict, shown))}\n`
}

function verdictObject(
  verdict: Verdict,
  shown: ShownContributions = 'largest',
): Record<string, unknown> {
  const all = verdict.contributions.map(
    ({ term, element, measure, value, medoid, contribution }) => ({
      term,
      element,
      measure,
      value,
      medoid,
      contribution,
    }),
  )
  return {
    id: verdict.id,
    time: isoTime(verdict.timeMs),
    kind: verdict.kind,
    stratum: verdict.stratum,
    score: verdict.score,
    p: verdict.p,
    anomalous: verdict.anomalous,
    cluster: verdict.cluster,
    reason: verdict.reason,
    services: shown === 'all' ? verdict.services : verdict.services.slice(0, SHOWN_SERVICES),
    contributions: shown === 'all' ? all : largest(all),
    ...templateLines(verdict, shown),
    model: verdict.model,
  }
}

/** Templates that differ, with a line of each; the largest of those that are flagged, unless all is wanted. */
function templateLines(
  { templates = [], anomalous }: Verdict,
  shown: ShownContributions,
): Record<string, unknown> {
  const told = shown === 'all' ? templates : anomalous ? templates.slice(0, SHOWN_TEMPLATES) : []
  return told.length === 0 ? {} : { templates: told }
}

/** The largest contributions as far as there is room, and one for the rest, so that the sum still holds. */
function largest(all: readonly Contribution[]): unknown[] {
  const shown: unknown[] = []
  let chars = 0
  for (const one of all) {
    const short = { ...one, element: shortElement(one.element) }
    chars += JSON.stringify(short).length
    if (chars > SHOWN_CHARS && shown.length > 0) break
    shown.push(short)
  }
  const rest = all.slice(shown.length)
  if (rest.length === 0) return shown
  const contribution = rest.reduce((sum, one) => sum + one.contribution, 0)
  return [...shown, { term: 'rest', element: `${rest.length} more`, contribution }]
}

function shortElement(element: string): string {
  if (element.length <= SHOWN_ELEMENT_CHARS) return element
  const steps = element.split(' > ')
  const [first = '', last = ''] = [steps[0], steps.at(-1)]
  return steps.length < 3 ? element : `${first} > … > ${last}`
}

/** One line for an anomaly cluster as it stands; its traces by id. */
export function clusterLine(cluster: AnomalyCluster): string {
  return `${JSON.stringify(clusterObject(cluster))}\n`
}

function clusterObject(cluster: AnomalyCluster): Record<string, unknown> {
  return {
    id: cluster.id,
    state: cluster.state,
    severity: cluster.severity,
    alerts: cluster.alerts,
    asks_acceptance: cluster.asksAcceptance,
    opened: isoTime(cluster.openedMs),
    closed: cluster.closedMs === null ? null : isoTime(cluster.closedMs),
    first: isoTime(cluster.firstMs),
    last: isoTime(cluster.lastMs),
    services: cluster.services,
    suspect: cluster.suspect,
    impact: cluster.impact,
    place: cluster.place,
    term: cluster.term,
    direction: cluster.direction,
    observations: cluster.observations,
    occurrences: cluster.occurrences,
    rate: cluster.rate,
    normal_rate: cluster.normalRate,
    e_value: cluster.eValue,
    typical: cluster.typical,
    normal: cluster.normal,
    sentence: cluster.sentence,
    representative: cluster.representative?.traceId ?? null,
    nearest_normal: cluster.nearestNormal?.traceId ?? null,
    members: cluster.members,
    merged_from: cluster.mergedFrom,
    signature: cluster.signature && {
      id: cluster.signature.id,
      name: cluster.signature.name,
      times: cluster.signature.times,
      last: isoTime(cluster.signature.lastMs),
    },
    merged_into: cluster.mergedInto,
    model: cluster.model,
  }
}

/** One line for anything published, with its `type` first. */
export function publicationLine(publication: Publication): string {
  const { type } = publication
  if (type === 'anomaly') return line(type, anomalyObject(publication.anomaly))
  if (type === 'anomaly_cluster') return line(type, changeObject(publication.change))
  if (type === 'new_error') return line(type, newErrorObject(publication.newError))
  return line(type, deadLetterObject(publication.deadLetter))
}

function newErrorObject({ firstMs, lastMs, ...rest }: NewError): Record<string, unknown> {
  return { ...rest, first: isoTime(firstMs), last: isoTime(lastMs) }
}

function line(type: Publication['type'], rest: Record<string, unknown>): string {
  return `${JSON.stringify({ type, ...rest })}\n`
}

function anomalyObject(anomaly: Anomaly): Record<string, unknown> {
  const { id, ...verdict } = verdictObject(anomaly.verdict)
  return {
    id: anomaly.id,
    trace_id: id,
    span_id: anomaly.spanId,
    summary: anomaly.summary,
    anomaly_cluster: anomaly.anomalyCluster,
    nearest_normal: anomaly.nearestNormal?.traceId ?? null,
    ...verdict,
  }
}

function changeObject({ change, timeMs, cluster }: AnomalyClusterChange): Record<string, unknown> {
  const { id, ...rest } = clusterObject(cluster)
  return { id, change, time: isoTime(timeMs), ...rest }
}

function deadLetterObject(letter: DeadLetter): Record<string, unknown> {
  const { partition, offset, reason, position, body } = letter
  return {
    partition,
    offset: String(offset),
    reason,
    position,
    bytes: body.byteLength,
    body: Buffer.from(body.subarray(0, SHOWN_BODY_BYTES)).toString('base64'),
  }
}

/** ISO 8601 with ms; data times are within what a Date can hold. */
function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
