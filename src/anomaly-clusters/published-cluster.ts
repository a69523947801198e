import { SIGNALS, type Signal } from '../baseline/signals.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { type EvidenceReader, hexWords } from '../profile/kept-trace.ts'
import type { Alarm } from './alarm.ts'
import { type Cluster, lastDeviationMs } from './cluster.ts'
import { type KeptExample, type Member, representatives } from './members.ts'
import type { ProfileDistances } from './profile-distances.ts'
import { recallText } from './recall-text.ts'
import { placeText, sentenceOf } from './sentence.ts'
import { type Blame, rankSuspects, type Suspects } from './suspects.ts'

/** What describing a cluster needs to know besides it. */
export interface DescribeContext {
  readonly table: ElementTable
  readonly suspects: Suspects
  readonly reader: EvidenceReader
  readonly distances: ProfileDistances | null
  readonly callerOf: number
  readonly model: string | null
  readonly askAfterMs: number
}

/** An alarm with its suspect. */
interface Weighed extends Blame {
  readonly alarm: Alarm
}

/** Services of a cluster, the most suspect first, and the alarm that says most about the first. */
export function rankCluster(
  { alarms }: Cluster,
  suspects: Suspects,
  callerOf: number,
): { services: string[]; lead: Alarm } {
  const strongest = new Map<string, Alarm>()
  for (const alarm of alarms) {
    // A place that is slow both ways (above and far above normal) counts once.
    const { term, direction } = SIGNALS[alarm.signal]
    const key = `${term} ${direction} ${alarm.on} ${alarm.subject}`
    const known = strongest.get(key)
    if (!known || alarm.score > known.score) strongest.set(key, alarm)
  }
  const weighed = [...strongest.values()].map(
    (alarm): Weighed => ({ suspect: suspects.of(alarm), score: alarm.score, alarm }),
  )
  const services = rankSuspects(withoutAftermath(withoutAnswers(weighed)), callerOf)
  const about = weighed.filter(({ suspect: { service, caller, callee } }) =>
    [service, caller, callee].includes(services[0] ?? ''),
  )
  const [lead] = about.sort(
    (a, b) =>
      b.score - a.score || a.alarm.openedMs - b.alarm.openedMs || a.alarm.subject - b.alarm.subject,
  )
  return { services, lead: (lead ?? weighed[0]!).alarm }
}

/** What an entry answers to its callers is the consequence of anything that deviates within. */
function withoutAnswers(weighed: readonly Weighed[]): readonly Weighed[] {
  const others = weighed.filter(({ alarm }) => alarm.signal !== 'category')
  return others.length > 0 ? others : weighed
}

/**
 * What is left when failures go first: where a call fails, the calls that would have come after it
 * are missing too, and blame the one who gave up.
 */
function withoutAftermath(weighed: readonly Weighed[]): readonly Weighed[] {
  const failing = new Set<string>()
  for (const { alarm, suspect } of weighed) {
    if (alarm.signal === 'errors') failing.add(suspect.service)
  }
  if (failing.size === 0) return weighed
  return weighed.filter(({ alarm, suspect }) => !isMissing(alarm) || failing.has(suspect.service))
}

function isMissing(alarm: Alarm): boolean {
  return alarm.signal === 'presence' || (alarm.signal === 'structure' && alarm.vote < 0)
}

/** Whether something is worse than it was: less of it, or merely unlike, is worth knowing at most. */
function isForTheWorse(alarms: readonly Alarm[]): boolean {
  return alarms.some(({ signal }) => {
    const { term, direction } = SIGNALS[signal]
    return term !== 'like' && (direction === 'high' || term === 'presence')
  })
}

/** The cluster as others see it at `timeMs`. */
export function describeCluster(
  cluster: Cluster,
  context: DescribeContext,
  timeMs: number,
): AnomalyCluster {
  const { table, reader } = context
  const { id, state, openedMs, closedMs, alarms } = cluster
  const { services, lead } = rankCluster(cluster, context.suspects, context.callerOf)
  const examples = examplesOf(cluster.members, context.distances)
  const shown = examples[0]
  const signal = SIGNALS[lead.signal]
  return {
    id,
    state,
    alerts: cluster.told && isForTheWorse(alarms),
    signature: cluster.recalled,
    asksAcceptance: state === 'open' && cluster.told && timeMs - openedMs >= context.askAfterMs,
    openedMs,
    closedMs,
    firstMs: Math.min(...alarms.map(({ firstMs }) => firstMs)),
    lastMs: lastDeviationMs(cluster),
    place: placeText(lead, table),
    term: signal.term,
    direction: signal.direction,
    services,
    observations: lead.c,
    occurrences: lead.n,
    rate: lead.n > 0 ? lead.c / lead.n : 0,
    normalRate: lead.baseRate,
    eValue: Math.exp(Math.max(...alarms.map(({ peak }) => peak))),
    typical: lead.on === 'place' ? inUnit(lead.typical, signal.unit) : null,
    normal: lead.on === 'place' ? inUnit(lead.normal, signal.unit) : null,
    sentence: `${sentenceOf(lead, table, reader)}${recallText(cluster.recalled)}`,
    representative: shown ? reader.read(shown.trace) : null,
    nearestNormal: shown?.nearestNormal ? reader.read(shown.nearestNormal) : null,
    members: examples.map(({ trace }) => hexWords(trace.traceId)),
    mergedFrom: [...cluster.mergedFrom],
    model: context.model,
  }
}

/** Examples chosen last, by the members that they are of; a change of members is another list. */
const chosen = new WeakMap<
  readonly Member[],
  { readonly by: ProfileDistances; readonly examples: readonly KeptExample[] }
>()

function examplesOf(
  members: readonly Member[],
  distances: ProfileDistances | null,
): readonly KeptExample[] {
  const known = chosen.get(members)
  if (!distances || known?.by === distances) return known?.examples ?? []
  const examples = representatives(members, distances)
  chosen.set(members, { by: distances, examples })
  return examples
}

/** Published in ms or calls; where there is no unit the shares say it all. */
function inUnit(value: number, unit: Signal['unit']): number | null {
  if (Number.isNaN(value) || unit === null) return null
  return unit === 'ms' ? value / 1e6 : value
}
