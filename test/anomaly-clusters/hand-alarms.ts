import type { EntryAlarm, PlaceAlarm, SimilarAlarm } from '../../src/anomaly-clusters/alarm.ts'
import { type Cluster, newCluster } from '../../src/anomaly-clusters/cluster.ts'
import type { KeptExample, Member } from '../../src/anomaly-clusters/members.ts'
import { ProfileDistances } from '../../src/anomaly-clusters/profile-distances.ts'
import { PROFILE_STRIDE, type Profile } from '../../src/profile/profile.ts'
import { NO_SCALES } from './hand-clusters.ts'

export const DISTANCES = new ProfileDistances(NO_SCALES)

const FACTS = {
  series: 0,
  openedMs: 0,
  closedMs: null,
  peak: 0,
  n: 0,
  c: 0,
  score: 0,
  firstMs: 0,
  lastMs: 0,
  baseRate: 0,
}
const TEST = {
  activeMs: 0,
  closing: 0,
  speakingN: 0,
  speakingC: 0,
  beforeN: 0,
  beforeC: 0,
  vote: 0,
}

export function placeAlarm(changes: Partial<PlaceAlarm> = {}): PlaceAlarm {
  const values = { unanswered: 0, typical: Number.NaN, normal: Number.NaN }
  return { on: 'place', signal: 'errors', subject: 2, ...FACTS, ...TEST, ...values, ...changes }
}

export function entryAlarm(changes: Partial<EntryAlarm> = {}): EntryAlarm {
  return { on: 'entry operation', signal: 'structure', subject: 2, ...FACTS, ...TEST, ...changes }
}

export function similarAlarm(changes: Partial<SimilarAlarm> = {}): SimilarAlarm {
  const group = { service: 'cart', seenAtLast: 0, countedSince: 0 }
  return {
    on: 'similar anomalies',
    signal: 'similarAnomalies',
    subject: 2,
    ...FACTS,
    series: -1,
    ...group,
    ...changes,
  }
}

export function handCluster(changes: Partial<Cluster> = {}): Cluster {
  return { ...newCluster('c', 0), ...changes }
}

/** A profile of these call paths, each called once. */
function profile(paths: readonly number[]): Profile {
  const values = new Float32Array(paths.length * PROFILE_STRIDE)
  for (let i = 0; i < paths.length; i++) values[i * PROFILE_STRIDE] = 1
  return { paths: Int32Array.from(paths), values, status: 1, categories: new Int32Array(0) }
}

export function example(hash: number, paths: readonly number[]): KeptExample {
  const none = new Int32Array(0)
  const trace = {
    id: Uint32Array.of(0, 0, 0, hash),
    start: new Uint32Array(2),
    traceId: new Uint32Array(4),
    entrySpan: new Uint32Array(2),
    parent: none,
    element: none,
    status: new Uint8Array(0),
    times: new Float64Array(0),
    categories: none,
  }
  return { profile: profile(paths), trace, nearestNormal: null }
}

export function member(
  hash: number,
  paths: readonly number[] = [2],
  series: readonly number[] = [],
): Member {
  return { hash, example: example(hash, paths), series }
}
