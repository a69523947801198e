import { LIKE, STRUCTURE } from '../baseline/series-kind.ts'
import type { AnomalyClusterChange, ClusterChangeKind } from '../contract/anomaly-cluster.ts'
import type { DeviationEvidence } from '../evidence/deviation-evidence.ts'
import {
  describeCluster,
  type KeptCluster,
  keptCluster,
  type LivingCluster,
  livingCluster,
  MOST_FRONTS,
  newCluster,
  type PublishContext,
} from './accumulator-cluster.ts'
import { type Front, seriesKey } from './deviation-front.ts'
import { clusterId, FrontLinks, separateMembers } from './deviation-links.ts'
import type { Member } from './deviation-members.ts'
import type { Voices } from './deviation-voice.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Clusters that are over and remembered: to be reopened, and to be shown after a restart. */
const MOST_CLOSED = 256

/** Numbers only rise. */
export interface ClusterCounts {
  opened: number
  closed: number
  reopened: number
  merged: number
  split: number
  accepted: number
  /** Clusters and fronts that found no room. */
  clustersDropped: number
  frontsDropped: number
}

export interface ClusterLimits {
  readonly bucketMs: number
  readonly reopenMs: number
  readonly maxOpenClusters: number
  readonly mergeOverlap: number
  readonly callerOf: number
}

/**
 * The anomaly clusters: which fronts are one story, and what becomes of them. A front joins an open
 * cluster that is active and shares its observations, or accuses the same service; else a cluster
 * that closed a short while ago and had the very same front; else it begins a new one.
 */
export class AccumulatorClusters {
  readonly counts: ClusterCounts = {
    opened: 0,
    closed: 0,
    reopened: 0,
    merged: 0,
    split: 0,
    accepted: 0,
    clustersDropped: 0,
    frontsDropped: 0,
  }
  /** Open clusters, oldest first. */
  readonly open: LivingCluster[] = []
  /** Those that are over, in the order of their end. */
  readonly past: LivingCluster[] = []
  readonly #ofSeries = new Map<number, { cluster: LivingCluster; front: Front }>()
  readonly #links: FrontLinks
  readonly #limits: ClusterLimits

  constructor(voices: Voices, limits: ClusterLimits) {
    this.#links = new FrontLinks(voices, limits)
    this.#limits = limits
  }

  /** The open front of a series. */
  at(series: number): { cluster: LivingCluster; front: Front } | undefined {
    return this.#ofSeries.get(series)
  }

  /** Open fronts, by cluster, in the order in which they opened. */
  openFronts(): { cluster: LivingCluster; front: Front }[] {
    return this.open.flatMap((cluster) =>
      cluster.fronts
        .filter(({ closedMs }) => closedMs === null)
        .map((front) => ({ cluster, front })),
    )
  }

  /** Takes in fronts that open together: which clusters opened, which got more, who found no room. */
  add(
    fronts: readonly Front[],
    timeMs: number,
    evidence: DeviationEvidence,
  ): { opened: Set<LivingCluster>; joined: Set<LivingCluster>; refused: Set<Front> } {
    const opened = new Set<LivingCluster>()
    const joined = new Set<LivingCluster>()
    const refused = new Set<Front>()
    for (const front of fronts) {
      const known = this.#linked(front, timeMs, evidence)
      const cluster = known ?? this.#reopen(front, timeMs) ?? this.#begin(front, timeMs)
      if (!cluster || !this.#join(cluster, front)) refused.add(front)
      else if (!known) opened.add(cluster)
      else if (!opened.has(known)) joined.add(known)
    }
    return { opened, joined, refused }
  }

  /** Clusters that turn out to be one story become one: the older one stays. */
  mergeOverlapping(
    timeMs: number,
    evidence: DeviationEvidence,
  ): { older: LivingCluster; younger: LivingCluster }[] {
    const absorbed: { older: LivingCluster; younger: LivingCluster }[] = []
    for (let i = 0; i < this.open.length; i++) {
      for (let j = this.open.length - 1; j > i; j--) {
        const older = this.open[i]!
        const younger = this.open[j]!
        const same = younger.fronts.some(
          (front) =>
            this.#links.isActive(front, timeMs) && this.#isLinked(front, older, timeMs, evidence),
        )
        if (!same) continue
        this.#absorb(older, younger, timeMs)
        absorbed.push({ older, younger })
      }
    }
    return absorbed
  }

  /**
   * Clusters whose open fronts are no story any more: what tied them has ended, and their examples
   * clearly differ. The part that says less goes on under its own id.
   */
  splitApart(
    timeMs: number,
    evidence: DeviationEvidence,
    distances: ProfileDistances,
  ): LivingCluster[] {
    const parts: LivingCluster[] = []
    for (const cluster of [...this.open]) {
      const fronts = cluster.fronts.filter(({ closedMs }) => closedMs === null)
      const apart = fronts.length < 2 ? [] : this.#links.untied(fronts, timeMs, evidence)
      if (apart.length === 0 || this.open.length >= this.#limits.maxOpenClusters) continue
      const sides = separateMembers(cluster.members, apart, distances)
      if (!sides) continue
      parts.push(this.#split(cluster, apart, sides, timeMs))
    }
    return parts
  }

  /** Ends a front; gives back its cluster if that ends with it. */
  close(front: Front, timeMs: number): LivingCluster | null {
    const found = this.#ofSeries.get(front.series)
    if (!found) return null
    this.#ofSeries.delete(front.series)
    front.closedMs = timeMs
    const { cluster } = found
    if (cluster.fronts.some(({ closedMs }) => closedMs === null)) return null
    this.#end(cluster, 'resolved', timeMs)
    this.counts.closed++
    return cluster
  }

  /** Ends a cluster for good: it is not reopened. Gives back the fronts that were open. */
  accept(cluster: LivingCluster, timeMs: number): Front[] {
    const fronts = cluster.fronts.filter(({ closedMs }) => closedMs === null)
    for (const front of fronts) {
      this.#ofSeries.delete(front.series)
      front.closedMs = timeMs
    }
    this.#end(cluster, 'accepted', timeMs)
    this.counts.accepted++
    return fronts
  }

  /** Renumbers the open fronts for a new null, which knows all of them. */
  renumber(find: (kind: number, subject: number) => number): void {
    this.#ofSeries.clear()
    for (const entry of this.openFronts()) {
      const { kind, subject } = entry.front
      if (kind !== LIKE) entry.front.series = find(kind, subject)
      this.#ofSeries.set(entry.front.series, entry)
    }
  }

  change(
    kind: ClusterChangeKind,
    cluster: LivingCluster,
    timeMs: number,
    context: PublishContext,
  ): AnomalyClusterChange {
    const described = describeCluster(cluster, context, timeMs)
    cluster.shown = described.representative !== null
    return { change: kind, timeMs, cluster: described }
  }

  #linked(front: Front, timeMs: number, evidence: DeviationEvidence): LivingCluster | null {
    for (const cluster of this.open) {
      if (this.#isLinked(front, cluster, timeMs, evidence)) return cluster
    }
    return null
  }

  #isLinked(
    front: Front,
    cluster: LivingCluster,
    timeMs: number,
    evidence: DeviationEvidence,
  ): boolean {
    return cluster.fronts.some(
      (other) =>
        this.#links.isActive(other, timeMs) && this.#links.areLinked(front, other, evidence),
    )
  }

  #split(
    cluster: LivingCluster,
    apart: readonly Front[],
    [stay, leave]: readonly [readonly Member[], readonly Member[]],
    timeMs: number,
  ): LivingCluster {
    const part = newCluster(clusterId(apart[0]!, timeMs), timeMs)
    cluster.fronts = cluster.fronts.filter((front) => !apart.includes(front))
    cluster.members.replace(stay)
    part.members.replace(leave)
    this.open.push(part)
    for (const front of apart) this.#join(part, front)
    this.counts.split++
    return part
  }

  #reopen(front: Front, timeMs: number): LivingCluster | null {
    // An unusual set of calls is another one each time: only where it is called tells it apart.
    if (front.kind === STRUCTURE) return null
    const key = seriesKey(front.kind, front.subject)
    for (let i = this.past.length - 1; i >= 0; i--) {
      const cluster = this.past[i]!
      if (cluster.state === 'accepted') continue
      // Counted from the last deviation: when it was closed says more about the test than about it.
      if (timeMs - lastDeviation(cluster) > this.#limits.reopenMs) continue
      if (!cluster.fronts.some(({ kind, subject }) => seriesKey(kind, subject) === key)) continue
      this.past.splice(i, 1)
      cluster.state = 'open'
      cluster.closedMs = null
      this.open.push(cluster)
      this.open.sort((a, b) => a.openedMs - b.openedMs || (a.id < b.id ? -1 : 1))
      this.counts.reopened++
      return cluster
    }
    return null
  }

  #begin(front: Front, timeMs: number): LivingCluster | null {
    if (this.open.length >= this.#limits.maxOpenClusters) {
      this.counts.clustersDropped++
      return null
    }
    const cluster = newCluster(clusterId(front, timeMs), timeMs)
    this.open.push(cluster)
    this.counts.opened++
    return cluster
  }

  #join(cluster: LivingCluster, front: Front): boolean {
    const key = seriesKey(front.kind, front.subject)
    // The same place again, or else one that has ended, makes room.
    let room = cluster.fronts.findIndex(({ kind, subject }) => seriesKey(kind, subject) === key)
    if (room < 0 && cluster.fronts.length >= MOST_FRONTS) {
      room = cluster.fronts.findIndex(({ closedMs }) => closedMs !== null)
      if (room < 0) {
        this.counts.frontsDropped++
        return false
      }
    }
    if (room >= 0) cluster.fronts.splice(room, 1)
    cluster.fronts.push(front)
    this.#ofSeries.set(front.series, { cluster, front })
    return true
  }

  #absorb(older: LivingCluster, younger: LivingCluster, timeMs: number): void {
    this.open.splice(this.open.indexOf(younger), 1)
    for (const front of younger.fronts) {
      if (front.closedMs === null) this.#join(older, front)
      else if (older.fronts.length < MOST_FRONTS) older.fronts.push(front)
    }
    older.members.merge(younger.members)
    older.mergedFrom.push(younger.id, ...younger.mergedFrom)
    younger.state = 'resolved'
    younger.closedMs = timeMs
    this.counts.merged++
  }

  #end(cluster: LivingCluster, state: 'resolved' | 'accepted', timeMs: number): void {
    cluster.state = state
    cluster.closedMs = timeMs
    this.open.splice(this.open.indexOf(cluster), 1)
    this.past.push(cluster)
    if (this.past.length > MOST_CLOSED) this.past.shift()
  }

  state(): AccumulatorClustersState {
    return {
      counts: { ...this.counts },
      open: this.open.map(keptCluster),
      past: this.past.map(keptCluster),
    }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore(state: AccumulatorClustersState): void {
    Object.assign(this.counts, state.counts)
    for (const kept of state.open) this.open.push(livingCluster(kept))
    for (const kept of state.past) this.past.push(livingCluster(kept))
    for (const entry of this.openFronts()) this.#ofSeries.set(entry.front.series, entry)
  }
}

function lastDeviation(cluster: LivingCluster): number {
  return Math.max(...cluster.fronts.map(({ lastMs }) => lastMs))
}

export interface AccumulatorClustersState {
  readonly counts: ClusterCounts
  readonly open: readonly KeptCluster[]
  readonly past: readonly KeptCluster[]
}
