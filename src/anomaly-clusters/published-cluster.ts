import { CONSTANTS } from '../baseline/constants.ts'
import { SIGNALS, type Signal } from '../baseline/signals.ts'
import type { AnomalyCluster, Impact } from '../contract/anomaly-cluster.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { type EvidenceReader, hexWords } from '../profile/kept-trace.ts'
import { type Alarm, keyOf } from './alarm.ts'
import { type Cluster, firstDeviationMs, lastDeviationMs } from './cluster.ts'
import { byImpact, type EntryImpact, suffering } from './impact.ts'
import { type KeptExample, type Member, representatives } from './members.ts'
import type { ProfileDistances } from './profile-distances.ts'
import { recallText } from './recall-text.ts'
import { normalShare, placeText, type SentenceNames, sentenceOf } from './sentence.ts'
import { moreSevere, type SeveritySettings, severityOf } from './severity.ts'
import type { Story } from './story.ts'
import { type Blame, rankSuspects, type Suspects } from './suspects.ts'

/** Entry operations that are told of one cluster. */
const TOLD_ENTRIES = 8

/** What describing a cluster needs to know besides it. */
export interface DescribeContext extends SentenceNames {
  readonly table: ElementTable
  readonly suspects: Suspects
  readonly reader: EvidenceReader
  readonly distances: ProfileDistances | null
  readonly model: string | null
  readonly askAfterMs: number
  readonly severity: SeveritySettings
}

/** An alarm with its suspect. */
interface Weighed extends Blame {
  readonly alarm: Alarm
}

/** Services of a cluster, the most suspect first, and the alarm that is told of the first. */
export function rankCluster(
  { alarms, state, story }: Cluster,
  suspects: Suspects,
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
  const telling = withoutBacklogs(withoutAftermath(withoutAnswers(weighed)))
  const services = rankSuspects(telling)
  const isAbout = ({ suspect: { service, caller, callee } }: Weighed): boolean =>
    [service, caller, callee].includes(services[0] ?? '')
  const about = telling.filter(isAbout)
  const [best = weighed[0]!] = about.sort(
    (a, b) =>
      weight(b) - weight(a) ||
      a.alarm.openedMs - b.alarm.openedMs ||
      a.alarm.subject - b.alarm.subject,
  )
  // What was told is told until something else is clearly stronger, and to the end once it is over.
  const told = weighed.find(({ alarm }) => keyOf(alarm.signal, alarm.subject) === story.lead)
  const stays =
    told !== undefined &&
    (state !== 'open' || (about.includes(told) && weight(best) < CONSTANTS.plainly * weight(told)))
  return { services, lead: (stays ? told : best).alarm }
}

/** How much there is to say of an alarm: that something fails says more than that it is slow or missing. */
function weight({ alarm, score }: Weighed): number {
  return isFailing(alarm) ? CONSTANTS.several * score : score
}

/** What is told of a cluster by now; `entries`: those that its alarms concern, counted since it began. */
export function storyOf(
  cluster: Cluster,
  context: DescribeContext,
  impact: readonly EntryImpact[],
): Story {
  const { story, alarms } = cluster
  const { services, lead } = rankCluster(cluster, context.suspects)
  const severity = severityOf(impact, alarms, context.severity)
  return {
    suspect: story.suspect || (services[0] ?? ''),
    sinceMs: story.sinceMs || lead.firstMs,
    lead: keyOf(lead.signal, lead.subject),
    severity: moreSevere(story.severity, severity),
    impact,
    mergedInto: story.mergedInto,
  }
}

/** What an entry answers to its callers is the consequence of anything that deviates within. */
function withoutAnswers(weighed: readonly Weighed[]): readonly Weighed[] {
  const others = weighed.filter(({ alarm }) => alarm.signal !== 'category')
  return others.length > 0 ? others : weighed
}

/**
 * What is left when failures go first: where a call fails it is tried again, the calls that would have
 * come after it are missing, others are made instead (by those who call, too: on a new connection, say), and
 * giving up is quicker; all that blames the one who gave up. What is new since before may be the cause.
 */
function withoutAftermath(weighed: readonly Weighed[]): readonly Weighed[] {
  const failing = weighed.filter(({ alarm }) => isFailing(alarm))
  if (failing.length === 0) return weighed
  const services = new Set(failing.map(({ suspect }) => suspect.service))
  const places = new Set(
    failing.filter(({ alarm }) => alarm.on === 'place').map(({ alarm }) => alarm.subject),
  )
  const sinceMs = Math.min(...failing.map(({ alarm }) => alarm.firstMs))
  const follows = (alarm: Alarm): boolean =>
    isMissing(alarm) ||
    (isNewCall(alarm) && alarm.firstMs >= sinceMs) ||
    (alarm.signal === 'count' && places.has(alarm.subject))
  return weighed.filter(
    ({ alarm, suspect }) =>
      alarm.signal !== 'selfTimeP10' && (services.has(suspect.service) || !follows(alarm)),
  )
}

/** Messages wait where those that take them have become slow, or fail: then that is what to tell. */
function withoutBacklogs(weighed: readonly Weighed[]): readonly Weighed[] {
  const isCause = ({ alarm }: Weighed): boolean => {
    const { term, direction } = SIGNALS[alarm.signal]
    return isFailing(alarm) || (term === 'self_time' && direction === 'high')
  }
  if (!weighed.some(isCause)) return weighed
  return weighed.filter(({ alarm }) => alarm.signal !== 'wait')
}

function isFailing({ signal }: Alarm): boolean {
  return SIGNALS[signal].pool === 'errors'
}

function isMissing(alarm: Alarm): boolean {
  return alarm.signal === 'presence' || (alarm.signal === 'structure' && alarm.vote < 0)
}

function isNewCall({ signal }: Alarm): boolean {
  return signal === 'structure' || signal === 'unseen' || signal === 'appearance'
}

/** The cluster as others see it at `timeMs`. */
export function describeCluster(
  cluster: Cluster,
  context: DescribeContext,
  timeMs: number,
): AnomalyCluster {
  const { table, reader } = context
  const { id, state, openedMs, closedMs, alarms } = cluster
  const { services, lead } = rankCluster(cluster, context.suspects)
  const examples = examplesOf(cluster.members, context.distances)
  const shown = examples[0]
  const signal = SIGNALS[lead.signal]
  const firstMs = firstDeviationMs(cluster)
  const { suspect, severity, impact, mergedInto } = cluster.story
  const suffered = impact.filter((one) => suffering(one) > 0).sort(byImpact)
  const recalled = recallText(cluster.recalled)
  const sentence = `${sentenceOf(lead, suffered, firstMs, table, context)}${recalled}.`
  return {
    id,
    state,
    alerts: cluster.told && severity !== 'information',
    signature: cluster.recalled,
    asksAcceptance: state === 'open' && cluster.told && timeMs - openedMs >= context.askAfterMs,
    openedMs,
    closedMs,
    firstMs,
    lastMs: lastDeviationMs(cluster),
    place: placeText(lead, table),
    term: signal.term,
    direction: signal.direction,
    services,
    suspect: suspect || (services[0] ?? ''),
    severity,
    impact: suffered.slice(0, TOLD_ENTRIES).map((one) => publishedImpact(one, table)),
    observations: lead.c,
    occurrences: lead.n,
    rate: lead.n > 0 ? lead.c / lead.n : 0,
    normalRate: normalShare(lead),
    eValue: Math.exp(Math.max(...alarms.map(({ peak }) => peak))),
    typical: lead.on === 'place' ? inUnit(lead.typical, signal.unit) : null,
    normal: lead.on === 'place' ? inUnit(lead.normal, signal.unit) : null,
    sentence: mergedInto === null ? sentence : `Merged into ${mergedInto}: ${sentence}`,
    representative: shown ? reader.read(shown.trace) : null,
    nearestNormal: shown?.nearestNormal ? reader.read(shown.nearestNormal) : null,
    members: examples.map(({ trace }) => hexWords(trace.traceId)),
    mergedFrom: [...cluster.mergedFrom],
    mergedInto,
    model: context.model,
  }
}

function publishedImpact(one: EntryImpact, table: ElementTable): Impact {
  const { stratum, requests, failed, slow } = one
  const share = requests > 0 ? suffering(one) / requests : 0
  return { entry: table.stratumText(stratum), requests, failed, slow, share }
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
