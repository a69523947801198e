import type { ClusterState } from '../contract/anomaly-cluster.ts'
import type { Recalled } from '../contract/signature.ts'
import { type Alarm, isSameAlarm } from './alarm.ts'
import { type Extent, NO_EXTENT } from './episode.ts'
import type { Member } from './members.ts'
import { type Story, UNTOLD } from './story.ts'

/** Alarms that one cluster may have. */
export const MOST_ALARMS = 128

/** An anomaly cluster: alarms that are one story, with examples of its observations. Plain data. */
export interface Cluster {
  readonly id: string
  readonly state: ClusterState
  readonly openedMs: number
  readonly closedMs: number | null
  /** Those that are over among them, in the order in which they came. */
  readonly alarms: readonly Alarm[]
  readonly members: readonly Member[]
  /** Ids of clusters that turned out to be part of it. */
  readonly mergedFrom: readonly string[]
  /** Whether it was published with an example. */
  readonly shown: boolean
  /** When it opened, or came back last. */
  readonly sinceMs: number
  /** How far it has gone since then. */
  readonly extent: Extent
  /** The signature that it is like. */
  readonly recalled: Recalled | null
  /** Whether people are told: not of what is known, while it does not outgrow what was there before. */
  readonly told: boolean
  readonly story: Story
}

export function newCluster(id: string, openedMs: number): Cluster {
  const nothing = { alarms: [], members: [], mergedFrom: [], extent: NO_EXTENT, recalled: null }
  const times = { openedMs, closedMs: null, sinceMs: openedMs }
  return { id, state: 'open', ...times, ...nothing, shown: false, told: true, story: UNTOLD }
}

export function openAlarms({ alarms }: Cluster): Alarm[] {
  return alarms.filter(({ closedMs }) => closedMs === null)
}

/** When an observation of the cluster deviated last, data time, ms. */
export function lastDeviationMs({ alarms }: Cluster): number {
  return Math.max(...alarms.map(({ lastMs }) => lastMs))
}

/** When what was told of the cluster began, else its first deviating observation, data time, ms. */
export function firstDeviationMs({ alarms, story }: Cluster): number {
  return story.sinceMs || Math.min(...alarms.map(({ firstMs }) => firstMs))
}

/**
 * A cluster's alarms with one more: it takes the place of the same one, or else, where there is no room,
 * of one that is over. null where there is no such place.
 */
export function withAlarm(alarms: readonly Alarm[], alarm: Alarm): readonly Alarm[] | null {
  let at = alarms.findIndex((known) => isSameAlarm(known, alarm))
  if (at < 0 && alarms.length >= MOST_ALARMS) {
    at = alarms.findIndex(({ closedMs }) => closedMs !== null)
    if (at < 0) return null
  }
  return [...alarms.filter((_, i) => i !== at), alarm]
}
