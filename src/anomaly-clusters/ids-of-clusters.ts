import type { IdSets } from '../columns/marks.ts'
import { useVote } from '../evidence/path-votes.ts'
import { useProfile, useTrace } from '../profile/ids-in-use.ts'
import { type Alarm, partsOfKey } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import { type Extent, subjectOf } from './episode.ts'
import type { KeptExample, Member } from './members.ts'

/** Takes note of the ids that a cluster refers to. */
export function useCluster(used: IdSets, { alarms, members, extent, story }: Cluster): void {
  for (const alarm of alarms) useAlarm(used, alarm)
  for (const member of members) useMember(used, member)
  useExtent(used, extent)
  if (story.lead >= 0) useKey(used, story.lead)
  for (const { stratum } of story.impact) used.strata.add(stratum)
}

function useAlarm(used: IdSets, alarm: Alarm): void {
  if (alarm.on === 'place') used.places.add(alarm.subject)
  else used.strata.add(alarm.subject)
  if (alarm.on !== 'similar anomalies') useVote(used, alarm.vote)
}

export function useMember(used: IdSets, { example, series }: Member): void {
  useExample(used, example)
  for (const key of series) useKey(used, key)
}

function useExample(used: IdSets, { profile, trace, nearestNormal }: KeptExample): void {
  useProfile(used, profile)
  useTrace(used, trace)
  if (nearestNormal) useTrace(used, nearestNormal)
}

/** Of a key of a series: whether its subject is a place or a stratum is not worth telling apart. */
export function useKey(used: IdSets, key: number): void {
  const [, subject] = partsOfKey(key)
  used.places.add(subject)
  used.strata.add(subject)
}

export function useExtent(used: IdSets, { marks }: Extent): void {
  for (const { what } of marks) {
    const { place, stratum, vote } = subjectOf(what)
    used.places.add(place)
    used.strata.add(stratum)
    useVote(used, vote)
  }
}
