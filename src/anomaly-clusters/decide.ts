import { CONSTANTS } from '../baseline/constants.ts'
import { SIGNALS } from '../baseline/signals.ts'
import type { Recalled } from '../contract/signature.ts'
import { hashWords } from '../stats/random.ts'
import { type Alarm, isSameAlarm, keyOf } from './alarm.ts'
import { type Cluster, lastDeviationMs, openAlarms, withAlarm } from './cluster.ts'
import { halves, type Member } from './members.ts'
import type { ProfileDistances } from './profile-distances.ts'
import type { Suspect } from './suspects.ts'

export interface ClusterLimits {
  readonly bucketMs: number
  /** What begins within this time of another one may be the same story, data time. */
  readonly reopenMs: number
  readonly maxOpenClusters: number
}

/** What decisions rest on besides the clusters. */
export interface Grounds {
  readonly timeMs: number
  readonly limits: ClusterLimits
  /** Whom an alarm blames. */
  suspectOf(alarm: Alarm): Suspect
  /** The known signature that an alarm stays within, or null. */
  knownAs(alarm: Alarm): Recalled | null
  /** Whether the place of one alarm calls that of the other. */
  isCall(alarm: Alarm, other: Alarm): boolean
  /** Whether two alarms are on places of the same operation, whoever calls it. */
  isSameOperation(alarm: Alarm, other: Alarm): boolean
  /** Share of common observations of two series; 0 where fewer than `least` are comparable. */
  overlap(series: number, other: number, least: number): number
}

/** Why two alarms are one story. */
export type Tie =
  | 'same operation'
  | 'same suspect'
  | 'same caller'
  | 'same callee'
  | 'same observations'
  | 'caller and callee'

/** What becomes of an alarm. */
export type Decision =
  | { readonly decision: 'open'; readonly id: string; readonly reason: 'nothing like it' }
  | { readonly decision: 'join'; readonly cluster: Cluster; readonly reason: Tie }
  | { readonly decision: 'reopen'; readonly cluster: Cluster; readonly reason: 'same again' }
  | {
      readonly decision: 'known'
      /** The cluster that comes back so; null where a new one opens. */
      readonly cluster: Cluster | null
      readonly id: string
      readonly recalled: Recalled
      readonly reason: 'no more than what comes back'
    }
  | { readonly decision: 'refuse'; readonly reason: 'too many clusters' | 'too many alarms' }

/**
 * What becomes of an alarm: it joins the first open cluster that is deviating now and tied to it; else
 * it reopens one that ended a short while ago with the very same alarm; else it opens a new one. What
 * reopens or opens and stays within what is known to come back is not told.
 */
export function decide(
  alarm: Alarm,
  { open, past }: { readonly open: readonly Cluster[]; readonly past: readonly Cluster[] },
  grounds: Grounds,
): Decision {
  for (const cluster of open) {
    const reason = tieTo(cluster, alarm, grounds)
    if (!reason) continue
    if (!withAlarm(cluster.alarms, alarm)) return { decision: 'refuse', reason: 'too many alarms' }
    return { decision: 'join', cluster, reason }
  }
  const before = past.findLast((cluster) => isBackIn(cluster, alarm, grounds))
  const recalled = grounds.knownAs(alarm)
  const id = before?.id ?? clusterId(alarm, grounds.timeMs)
  if (before && !recalled) return { decision: 'reopen', cluster: before, reason: 'same again' }
  if (open.length >= grounds.limits.maxOpenClusters) {
    return { decision: 'refuse', reason: 'too many clusters' }
  }
  if (!recalled) return { decision: 'open', id, reason: 'nothing like it' }
  const reason = 'no more than what comes back'
  return { decision: 'known', cluster: before ?? null, id, recalled, reason }
}

export type MergeDecision =
  | {
      readonly decision: 'merge'
      readonly older: Cluster
      readonly younger: Cluster
      readonly reason: Tie
    }
  | { readonly decision: 'keep'; readonly reason: 'no tie' }

/** Whether two open clusters turn out to be one story: an alarm of the younger is tied to the older. */
export function decideMerge(older: Cluster, younger: Cluster, grounds: Grounds): MergeDecision {
  for (const alarm of younger.alarms) {
    const reason = isActive(alarm, grounds) && tieTo(older, alarm, grounds)
    if (reason) return { decision: 'merge', older, younger, reason }
  }
  return { decision: 'keep', reason: 'no tie' }
}

export type SplitDecision =
  | {
      readonly decision: 'split'
      readonly cluster: Cluster
      readonly id: string
      /** The alarms and the members that leave, and the members that stay. */
      readonly alarms: readonly Alarm[]
      readonly leave: readonly Member[]
      readonly stay: readonly Member[]
      readonly reason: 'no tie, and examples that differ'
    }
  | { readonly decision: 'keep'; readonly reason: 'tied' | 'no room' | 'similar examples' }

/**
 * Whether the open alarms of a cluster are no longer one story: nothing ties some of them to the
 * strongest one any more, and their examples clearly differ from the others.
 */
export function decideSplit(
  cluster: Cluster,
  openClusters: number,
  distances: ProfileDistances,
  grounds: Grounds,
): SplitDecision {
  const alarms = untied(openAlarms(cluster), grounds)
  if (alarms.length === 0) return { decision: 'keep', reason: 'tied' }
  if (openClusters >= grounds.limits.maxOpenClusters) return { decision: 'keep', reason: 'no room' }
  const sides = separated(cluster.members, alarms, distances)
  if (!sides) return { decision: 'keep', reason: 'similar examples' }
  const [stay, leave] = sides
  const id = clusterId(alarms[0]!, grounds.timeMs)
  const reason = 'no tie, and examples that differ'
  return { decision: 'split', cluster, id, alarms, leave, stay, reason }
}

/** Why two alarms are one story; null where they are not. */
export function tieOf(a: Alarm, b: Alarm, grounds: Grounds): Tie | null {
  const ours = grounds.suspectOf(a)
  const theirs = grounds.suspectOf(b)
  if (ours.service === theirs.service) return 'same suspect'
  // Similar anomalies share no place: whom they blame is all that can tie them.
  if (a.on === 'similar anomalies' || b.on === 'similar anomalies') return null
  if (ours.caller !== '' && ours.caller === theirs.caller) return 'same caller'
  // Of a database without spans all that call it tell, each of its own calls.
  if (ours.callee !== '' && ours.callee === theirs.callee) return 'same callee'
  const overlap = grounds.overlap(a.series, b.series, CONSTANTS.several)
  if (overlap >= CONSTANTS.half) return 'same observations'
  const together = Math.abs(a.firstMs - b.firstMs) <= grounds.limits.reopenMs
  return together && grounds.isCall(a, b) ? 'caller and callee' : null
}

/** Whether an alarm deviates now: what has stopped must not swallow what begins. */
export function isActive(alarm: Alarm, { timeMs, limits }: Grounds): boolean {
  if (alarm.closedMs !== null || timeMs - alarm.lastMs > 2 * limits.bucketMs) return false
  return alarm.on === 'similar anomalies' || alarm.closing < 1
}

/** What ties an alarm to a cluster as it deviates now. */
function tieTo(cluster: Cluster, alarm: Alarm, grounds: Grounds): Tie | null {
  for (const other of cluster.alarms) {
    // What wavers is one story, however long it seems to pause.
    if (other.closedMs === null && grounds.isSameOperation(other, alarm)) return 'same operation'
    const tie = isActive(other, grounds) && tieOf(alarm, other, grounds)
    if (tie) return tie
  }
  return null
}

/** Whether a cluster that is over has come back: counted from its last deviation, not from its end. */
function isBackIn(cluster: Cluster, alarm: Alarm, { timeMs, limits }: Grounds): boolean {
  // An unusual set of calls is another one each time: only where it is called tells it apart.
  if (!SIGNALS[alarm.signal].reopens || cluster.state === 'accepted') return false
  const lastMs = lastDeviationMs(cluster)
  // A partition that is behind tells what another has told: it began before the cluster was over.
  if (timeMs - lastMs > limits.reopenMs && alarm.firstMs > lastMs) return false
  return cluster.alarms.some((known) => isSameAlarm(known, alarm))
}

/** Those of some alarms that nothing ties to the strongest one, directly or through others. */
function untied(alarms: readonly Alarm[], grounds: Grounds): Alarm[] {
  const sorted = alarms.toSorted((a, b) => b.score - a.score || a.series - b.series)
  const tied = sorted.slice(0, 1)
  let left = sorted.slice(1)
  for (let i = 0; i < tied.length; i++) {
    const linked = left.filter((alarm) => tieOf(alarm, tied[i]!, grounds))
    tied.push(...linked)
    left = left.filter((alarm) => !linked.includes(alarm))
  }
  return left.filter((alarm) => isActive(alarm, grounds))
}

/** Members that do not deviate in some alarms, and those that do, where k-medoids tells both apart. */
function separated(
  members: readonly Member[],
  alarms: readonly Alarm[],
  distances: ProfileDistances,
): [stay: readonly Member[], leave: readonly Member[]] | null {
  const { some, several, most } = CONSTANTS
  const sides = halves(members, distances, some, several)
  if (!sides) return null
  const keys = new Set(alarms.map(({ signal, subject }) => keyOf(signal, subject)))
  const share = (side: readonly Member[]): number =>
    side.filter(({ series }) => series.some((key) => keys.has(key))).length / side.length
  const [stay, leave] = share(sides[0]) < share(sides[1]) ? sides : sides.toReversed()
  if (1 - share(stay!) < most || share(leave!) < most) return null
  return [stay!, leave!]
}

/** Names what opened, where and when: the same input gives the same id. */
export function clusterId({ signal, subject }: Alarm, timeMs: number): string {
  const { number } = SIGNALS[signal]
  const high = Math.floor(timeMs / 4294967296)
  const a = hashWords(number, subject, high, timeMs >>> 0, 0x5bd1e995)
  const b = hashWords(subject, number, timeMs >>> 0, high, 0x1b873593)
  return `cluster-${a.toString(16).padStart(8, '0')}${b.toString(16).padStart(8, '0')}`
}
