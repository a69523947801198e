import { SIGNALS } from '../baseline/signals.ts'
import type {
  ClusterDetail,
  Deviating,
  PlaceTimeline,
  TimelinePoint,
} from '../contract/cluster-detail.ts'
import { MINUTE_MS, type PlaceHistory, type PlaceMinute } from '../evidence/place-history.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { Alarm } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import type { KeptTimeline } from './cluster-timelines.ts'
import { type DescribeContext, rankCluster } from './published-cluster.ts'
import { normalShare } from './sentence.ts'

/** A running minute is shown from here on: a rate of less is none. */
const LEAST_OF_MINUTE_MS = 5000

/** The place that a cluster is about most; that of the entry where it is about whole observations. */
export function placeOf({ table, suspects }: DescribeContext, cluster: Cluster): number {
  const { lead } = rankCluster(cluster, suspects)
  return lead.on === 'place' ? lead.subject : table.entryPlace(lead.subject)
}

/** What the page of a cluster shows beside what is published of it. */
export function describeDetail(
  cluster: Cluster,
  context: DescribeContext,
  kept: KeptTimeline | null,
  history: PlaceHistory,
  watermarkMs: number,
): ClusterDetail {
  return {
    timeline: kept && timelineOf(kept, context.table, cluster, history, watermarkMs),
    deviating: [...strongest(cluster.alarms).values()]
      .sort((a, b) => b.score - a.score || a.firstMs - b.firstMs || a.subject - b.subject)
      .map((alarm) => deviating(alarm, context)),
  }
}

/** One alarm of each thing that deviates: a place that is slow both ways counts once. */
function strongest(alarms: readonly Alarm[]): Map<string, Alarm> {
  const found = new Map<string, Alarm>()
  for (const alarm of alarms) {
    const { term, direction } = SIGNALS[alarm.signal]
    const key = `${term} ${direction} ${alarm.on} ${alarm.subject}`
    const known = found.get(key)
    if (!known || alarm.score > known.score) found.set(key, alarm)
  }
  return found
}

function deviating(alarm: Alarm, { table }: DescribeContext): Deviating {
  const { term, direction } = SIGNALS[alarm.signal]
  return {
    ...namesOf(alarm, table),
    term,
    direction,
    firstMs: alarm.firstMs,
    observations: alarm.c,
    occurrences: alarm.n,
    normalRate: normalShare(alarm),
    isOver: alarm.closedMs !== null,
  }
}

/** Who calls whom: a call names its callee, whether it has spans or not. */
function namesOf(
  alarm: Alarm,
  table: ElementTable,
): Pick<Deviating, 'caller' | 'service' | 'operation'> {
  const isPlace = alarm.on === 'place'
  const element = isPlace ? table.places.calleeOf(alarm.subject) : table.entryElement(alarm.subject)
  const own = table.serviceText(element)
  const operation = table.operationText(element)
  if (isPlace && table.callee(element) !== 0) {
    return { caller: own, service: table.calleeText(element), operation }
  }
  const parent = isPlace ? table.places.callerOf(alarm.subject) : 0
  const above = parent === 0 ? '' : table.serviceText(parent)
  return { caller: above === own ? '' : above, service: own, operation }
}

function timelineOf(
  { place, normal, stretches }: KeptTimeline,
  table: ElementTable,
  cluster: Cluster,
  history: PlaceHistory,
  watermarkMs: number,
): PlaceTimeline {
  const points = stretches.map((one) =>
    pointOf(one, one.minute * MINUTE_MS, one.minutes * MINUTE_MS),
  )
  const running = cluster.closedMs === null ? history.running(place) : null
  if (running) {
    const fromMs = running.minute * MINUTE_MS
    const lengthMs = Math.min(watermarkMs - fromMs, MINUTE_MS)
    if (lengthMs >= LEAST_OF_MINUTE_MS) points.push(pointOf(running, fromMs, lengthMs))
  }
  const { p10, p50, p90, p99, failed } = normal
  return {
    place: table.placeText(place),
    normal: {
      p10: inMs(p10),
      p50: inMs(p50),
      p90: inMs(p90),
      p99: inMs(p99),
      failed: Number.isNaN(failed) ? null : failed,
    },
    points,
  }
}

function pointOf(minute: PlaceMinute, fromMs: number, lengthMs: number): TimelinePoint {
  return {
    fromMs,
    toMs: fromMs + lengthMs,
    calls: minute.n,
    failed: minute.errors,
    p50: minute.p50 / 1e6,
    p99: minute.p99 / 1e6,
  }
}

function inMs(ns: number): number | null {
  return Number.isFinite(ns) ? ns / 1e6 : null
}
