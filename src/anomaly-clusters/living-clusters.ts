import type { Alarm } from './alarm.ts'
import { type Cluster, MOST_ALARMS, newCluster, openAlarms, withAlarm } from './cluster.ts'
import type { Decision, MergeDecision, SplitDecision } from './decide.ts'
import { NO_EXTENT } from './episode.ts'
import { mergedImpact } from './impact.ts'
import { type Member, wantsMember, withMember, withMembers } from './members.ts'
import { type RequestOutcome, withRequest } from './recent-requests.ts'
import { moreSevere } from './severity.ts'
import { type Story, UNTOLD } from './story.ts'
import type { Writable } from './writable.ts'

/** Clusters that are over and remembered: to be reopened, and to be shown after a restart. */
const MOST_PAST = 256

const NO_COUNTS = {
  opened: 0,
  closed: 0,
  reopened: 0,
  /** Those among the opened and reopened that were known. */
  known: 0,
  merged: 0,
  split: 0,
  accepted: 0,
  /** Clusters and alarms that found no room. */
  clustersDropped: 0,
  alarmsDropped: 0,
}

/** What was decided of an alarm, of one or two clusters, by the test of an alarm, or by a person. */
export type Change =
  | (Decision & { readonly alarm: Alarm })
  | Exclude<MergeDecision, { decision: 'keep' }>
  | Exclude<SplitDecision, { decision: 'keep' }>
  | { readonly decision: 'end'; readonly alarm: Alarm }
  | { readonly decision: 'accept'; readonly cluster: Cluster }

/**
 * The anomaly clusters that are open, and the latest that are over. Nothing else writes them: what is
 * decided (see decide.ts) takes effect in `apply`.
 */
export class LivingClusters {
  /** Numbers only rise. */
  readonly counts = { ...NO_COUNTS }
  readonly #open: Writable<Cluster>[] = []
  readonly #past: Writable<Cluster>[] = []
  /** By series, the cluster with its open alarm. */
  readonly #bySeries = new Map<number, Writable<Cluster>>()

  /** Oldest first. */
  get open(): readonly Cluster[] {
    return this.#open
  }

  /** In the order of their end. */
  get past(): readonly Cluster[] {
    return this.#past
  }

  /** The cluster in which a series has an open alarm. */
  at(series: number): Cluster | undefined {
    return this.#bySeries.get(series)
  }

  /** By cluster, in the order in which they opened. */
  openAlarms(): Alarm[] {
    return this.#open.flatMap(openAlarms)
  }

  /** @returns the cluster that has got alarms, or that has ended; null if there is none */
  apply(change: Change, timeMs: number): Cluster | null {
    switch (change.decision) {
      case 'refuse':
        this.counts[change.reason === 'too many alarms' ? 'alarmsDropped' : 'clustersDropped']++
        return null
      case 'join':
        return this.#join(change.cluster, change.alarm)
      case 'reopen':
        return this.#join(this.#reopen(change.cluster, timeMs), change.alarm)
      case 'open':
        return this.#join(this.#begin(change.id, timeMs), change.alarm)
      case 'known': {
        const { cluster: before, id, recalled, alarm } = change
        const cluster = before ? this.#reopen(before, timeMs) : this.#begin(id, timeMs)
        this.counts.known++
        Object.assign(cluster, { told: false, recalled })
        return this.#join(cluster, alarm)
      }
      case 'merge':
        return this.#merge(change.older, change.younger, timeMs)
      case 'split':
        return this.#split(change, timeMs)
      case 'end':
        return this.#endAlarm(change.alarm, timeMs)
      case 'accept':
        this.counts.accepted++
        for (const alarm of openAlarms(change.cluster)) this.#write({ ...alarm, closedMs: timeMs })
        return this.#end(change.cluster, 'accepted', timeMs)
    }
  }

  /** An open alarm with new numbers. */
  update(alarm: Alarm): void {
    if (this.#bySeries.has(alarm.series)) this.#write(alarm)
  }

  addMember(cluster: Cluster, member: Member): void {
    if (!wantsMember(cluster.members, member.hash)) return
    writable(cluster).members = withMember(cluster.members, member)
  }

  /** Notes how far a cluster has gone, what it is like, and whether people are told. */
  note(cluster: Cluster, noted: Pick<Cluster, 'extent' | 'recalled' | 'told'>): void {
    Object.assign(writable(cluster), noted)
  }

  /** A person accepts a cluster that is over. */
  acceptPast(cluster: Cluster): void {
    this.counts.accepted++
    writable(cluster).state = 'accepted'
  }

  markShown(cluster: Cluster, shown: boolean): void {
    writable(cluster).shown = shown
  }

  /** Counts a request of an entry operation that a cluster concerns. */
  count(cluster: Cluster, stratum: number, outcome: RequestOutcome): void {
    const { story } = cluster
    const impact = story.impact.map((one) =>
      one.stratum === stratum ? withRequest(one, outcome) : one,
    )
    writable(cluster).story = { ...story, impact }
  }

  /** What is told of a cluster from now on. */
  tell(cluster: Cluster, story: Story): void {
    writable(cluster).story = story
  }

  /** Gives open alarms the numbers of their series under a new null, which has all of them. */
  renumber(numberOf: (alarm: Alarm) => number): void {
    this.#bySeries.clear()
    for (const cluster of this.#open) {
      cluster.alarms = cluster.alarms.map((alarm) =>
        alarm.closedMs === null ? { ...alarm, series: numberOf(alarm) } : alarm,
      )
      this.#index(cluster)
    }
  }

  #begin(id: string, timeMs: number): Writable<Cluster> {
    const cluster = newCluster(id, timeMs)
    this.#open.push(cluster)
    this.counts.opened++
    return cluster
  }

  #reopen(past: Cluster, timeMs: number): Writable<Cluster> {
    const cluster = writable(past)
    this.#past.splice(this.#past.indexOf(cluster), 1)
    const anew = { sinceMs: timeMs, extent: NO_EXTENT, recalled: null, told: true } as const
    Object.assign(cluster, { state: 'open', closedMs: null, ...anew })
    this.#open.push(cluster)
    this.#open.sort((a, b) => a.openedMs - b.openedMs || (a.id < b.id ? -1 : 1))
    this.counts.reopened++
    return cluster
  }

  #join(cluster: Cluster, alarm: Alarm): Cluster {
    const own = writable(cluster)
    const alarms = withAlarm(own.alarms, alarm)
    if (!alarms) return cluster
    own.alarms = alarms
    this.#bySeries.set(alarm.series, own)
    return cluster
  }

  #merge(older: Cluster, younger: Cluster, timeMs: number): Cluster {
    const [into, from] = [writable(older), writable(younger)]
    this.#open.splice(this.#open.indexOf(from), 1)
    for (const alarm of from.alarms) {
      if (alarm.closedMs === null) this.#join(into, alarm)
      else if (into.alarms.length < MOST_ALARMS) into.alarms = [...into.alarms, alarm]
    }
    into.members = withMembers(into.members, from.members)
    into.told ||= from.told
    into.sinceMs = Math.min(into.sinceMs, from.sinceMs)
    into.story = mergedStory(into.story, from.story)
    into.mergedFrom = [...into.mergedFrom, from.id, ...from.mergedFrom]
    from.story = { ...from.story, mergedInto: into.id }
    from.state = 'resolved'
    from.closedMs = timeMs
    this.counts.merged++
    return into
  }

  #split(
    { cluster, id, alarms, stay, leave }: Extract<SplitDecision, { decision: 'split' }>,
    timeMs: number,
  ): Cluster {
    const sinceMs = Math.min(...alarms.map(({ openedMs }) => openedMs))
    const rest = writable(cluster)
    const story = { ...UNTOLD, impact: rest.story.impact }
    const own = { alarms, members: leave, sinceMs, told: cluster.told, story }
    const part = { ...newCluster(id, timeMs), ...own }
    rest.alarms = rest.alarms.filter((alarm) => !alarms.includes(alarm))
    rest.members = stay
    this.#open.push(part)
    this.#index(part)
    this.counts.split++
    return part
  }

  /** Ends an alarm, and its cluster with the last one. */
  #endAlarm(alarm: Alarm, timeMs: number): Cluster | null {
    const cluster = this.#bySeries.get(alarm.series)
    if (!cluster) return null
    this.#write({ ...alarm, closedMs: timeMs })
    if (openAlarms(cluster).length > 0) return null
    this.counts.closed++
    return this.#end(cluster, 'resolved', timeMs)
  }

  #end(ended: Cluster, state: 'resolved' | 'accepted', timeMs: number): Cluster {
    const cluster = writable(ended)
    cluster.state = state
    cluster.closedMs = timeMs
    this.#open.splice(this.#open.indexOf(cluster), 1)
    this.#past.push(cluster)
    if (this.#past.length > MOST_PAST) this.#past.shift()
    return cluster
  }

  /** Puts an alarm where the open one of its series was. */
  #write(alarm: Alarm): void {
    const cluster = this.#bySeries.get(alarm.series)!
    cluster.alarms = cluster.alarms.map((known) =>
      known.series === alarm.series && known.closedMs === null ? alarm : known,
    )
    if (alarm.closedMs !== null) this.#bySeries.delete(alarm.series)
  }

  #index(cluster: Writable<Cluster>): void {
    for (const { series } of openAlarms(cluster)) this.#bySeries.set(series, cluster)
  }

  state() {
    const copies = (clusters: readonly Cluster[]): Cluster[] => clusters.map((one) => ({ ...one }))
    return { counts: { ...this.counts }, open: copies(this.#open), past: copies(this.#past) }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore({ counts, open, past }: ReturnType<LivingClusters['state']>): void {
    Object.assign(this.counts, counts)
    for (const one of open) this.#open.push({ ...one })
    for (const one of past) this.#past.push({ ...one })
    for (const cluster of this.#open) this.#index(cluster)
  }
}

/** The older one's, with what the other has done. */
function mergedStory(into: Story, from: Story): Story {
  const severity = moreSevere(into.severity, from.severity)
  return { ...into, severity, impact: mergedImpact(into.impact, from.impact) }
}

/** Clusters are handed out to be read; here they are written. */
function writable(cluster: Cluster): Writable<Cluster> {
  return cluster
}
