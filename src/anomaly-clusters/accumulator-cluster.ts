import {
  CATEGORY,
  COUNT,
  directionOf,
  ERRORS,
  PLACE_KINDS,
  PRESENCE,
  STRUCTURE,
  termOf,
} from '../baseline/series-kind.ts'
import type { AnomalyCluster, ClusterState } from '../contract/anomaly-cluster.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { hexWords } from '../profile/kept-trace.ts'
import type { Front } from './deviation-front.ts'
import { DeviationMembers, type KeptExample, type Member } from './deviation-members.ts'
import { placeText, sentenceOf } from './deviation-sentence.ts'
import { rankVoices, type Voice, type Voices } from './deviation-voice.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Fronts that one cluster may have. */
export const MOST_FRONTS = 128

/** An anomaly cluster while it lives. */
export interface LivingCluster {
  readonly id: string
  state: ClusterState
  readonly openedMs: number
  closedMs: number | null
  fronts: Front[]
  readonly members: DeviationMembers
  readonly mergedFrom: string[]
  /** Examples chosen last, for as long as the members and their distances stay the same. */
  examples: readonly KeptExample[]
  examplesOf: number
  examplesBy: ProfileDistances | null
  /** Whether it was published with an example. */
  shown: boolean
}

export function newCluster(id: string, openedMs: number): LivingCluster {
  return {
    id,
    state: 'open',
    openedMs,
    closedMs: null,
    fronts: [],
    members: new DeviationMembers(),
    mergedFrom: [],
    examples: [],
    examplesOf: -1,
    examplesBy: null,
    shown: false,
  }
}

/** A living cluster as plain data. Which examples are shown follows from its members. */
export interface KeptCluster {
  readonly id: string
  readonly state: ClusterState
  readonly openedMs: number
  readonly closedMs: number | null
  readonly fronts: readonly Front[]
  readonly members: readonly Member[]
  readonly mergedFrom: readonly string[]
  readonly shown: boolean
}

export function keptCluster(cluster: LivingCluster): KeptCluster {
  const { id, state, openedMs, closedMs, members, shown } = cluster
  const fronts = cluster.fronts.map((front) => ({ ...front }))
  const mergedFrom = [...cluster.mergedFrom]
  return { id, state, openedMs, closedMs, fronts, members: [...members.members], mergedFrom, shown }
}

export function livingCluster(kept: KeptCluster): LivingCluster {
  const cluster = newCluster(kept.id, kept.openedMs)
  cluster.state = kept.state
  cluster.closedMs = kept.closedMs
  cluster.fronts = kept.fronts.map((front) => ({ ...front }))
  cluster.members.members = [...kept.members]
  cluster.mergedFrom.push(...kept.mergedFrom)
  cluster.shown = kept.shown
  return cluster
}

/** What publishing a cluster needs to know. */
export interface PublishContext {
  readonly table: ElementTable
  readonly voices: Voices
  readonly reader: EvidenceReader
  readonly distances: ProfileDistances | null
  readonly callerOf: number
  readonly model: string | null
  readonly askAfterMs: number
}

/** Services of a cluster, the most suspect first, and the front that says most about the first. */
export function rankCluster(
  cluster: LivingCluster,
  voices: Voices,
  callerOf: number,
): { services: string[]; lead: Front } {
  const strongest = new Map<string, Front>()
  for (const front of cluster.fronts) {
    // A place that is slow both ways (above and far above normal) speaks once.
    const where = front.kind < PLACE_KINDS ? 'place' : 'stratum'
    const key = `${termOf(front.kind)} ${directionOf(front.kind)} ${where} ${front.subject}`
    const known = strongest.get(key)
    if (!known || front.score > known.score) strongest.set(key, front)
  }
  const heard = [...strongest.values()].map((front) => ({
    voice: voices.of(front),
    score: front.score,
    front,
  }))
  const services = rankVoices(withoutAftermath(withoutTellers(heard)), callerOf)
  const about = heard.filter(({ voice: { service, caller, callee } }) =>
    [service, caller, callee].includes(services[0] ?? ''),
  )
  const [lead] = about.sort(
    (a, b) =>
      b.score - a.score || a.front.openedMs - b.front.openedMs || a.front.subject - b.front.subject,
  )
  return { services, lead: (lead ?? heard[0]!).front }
}

/** What an entry tells its callers is the consequence of anything that deviates within. */
function withoutTellers(heard: readonly Heard[]): readonly Heard[] {
  const others = heard.filter(({ front }) => front.kind !== CATEGORY)
  return others.length > 0 ? others : heard
}

/**
 * What is left when failures speak first: where a call fails, the calls that would have come after it
 * are missing too, and accuse the one who gave up.
 */
function withoutAftermath(heard: readonly Heard[]): readonly Heard[] {
  const failing = new Set<string>()
  for (const { front, voice } of heard) if (front.kind === ERRORS) failing.add(voice.service)
  if (failing.size === 0) return heard
  return heard.filter(({ front: { kind, path }, voice }) => {
    const missing = kind === PRESENCE || (kind === STRUCTURE && path < 0)
    return !missing || failing.has(voice.service)
  })
}

interface Heard {
  readonly voice: Voice
  readonly score: number
  readonly front: Front
}

/** The cluster as others see it at `timeMs`. */
export function describeCluster(
  cluster: LivingCluster,
  context: PublishContext,
  timeMs: number,
): AnomalyCluster {
  const { table, reader } = context
  const { services, lead } = rankCluster(cluster, context.voices, context.callerOf)
  const examples = examplesOf(cluster, context.distances)
  const shown = examples[0]
  return {
    id: cluster.id,
    state: cluster.state,
    asksAcceptance: cluster.state === 'open' && timeMs - cluster.openedMs >= context.askAfterMs,
    openedMs: cluster.openedMs,
    closedMs: cluster.closedMs,
    firstMs: Math.min(...cluster.fronts.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...cluster.fronts.map(({ lastMs }) => lastMs)),
    place: placeText(lead, table),
    term: termOf(lead.kind),
    direction: directionOf(lead.kind),
    services,
    observations: lead.c,
    occurrences: lead.n,
    rate: lead.n > 0 ? lead.c / lead.n : 0,
    normalRate: lead.rate,
    eValue: Math.exp(Math.max(...cluster.fronts.map(({ peak }) => peak))),
    typical: inUnit(lead.kind, lead.typical),
    normal: inUnit(lead.kind, lead.normal),
    sentence: sentenceOf(lead, table, reader),
    representative: shown ? reader.read(shown.trace) : null,
    nearestNormal: shown?.nearestNormal ? reader.read(shown.nearestNormal) : null,
    members: examples.map(({ trace }) => hexWords(trace.traceId)),
    mergedFrom: [...cluster.mergedFrom],
    model: context.model,
  }
}

function examplesOf(
  cluster: LivingCluster,
  distances: ProfileDistances | null,
): readonly KeptExample[] {
  const { members } = cluster
  const fresh = cluster.examplesOf === members.version && cluster.examplesBy === distances
  if (distances && !fresh) {
    cluster.examples = members.examples(distances)
    cluster.examplesOf = members.version
    cluster.examplesBy = distances
  }
  return cluster.examples
}

/** ms for times, calls for counts; elsewhere the rates say it all. */
function inUnit(kind: number, value: number): number | null {
  if (Number.isNaN(value)) return null
  if (termOf(kind) === 'self_time') return value / 1e6
  return kind === COUNT ? value : null
}
