import type { ElementTable } from '../features/element-table.ts'
import { APPEARANCE, COUNT, PRESENCE, STRUCTURE } from '../model/series-kind.ts'
import type { Front } from './deviation-front.ts'

/** For which service a deviating place speaks. */
export interface Voice {
  readonly service: string
  /** The calling service where the place is a call; '' otherwise. */
  readonly caller: string
}

/**
 * Whom a place accuses. A call speaks for its callee: the self time of a client span is network and
 * queueing. A child that is missing speaks for whoever should have answered if the call was made,
 * else for the one who no longer makes it; repeated calls speak for the one who repeats them.
 */
export function voiceOf(front: Accusation, table: ElementTable): Voice {
  const { kind, subject } = front
  const element = elementOf(front, table)
  const own = table.serviceText(element)
  const callee = table.callee(element) === 0 ? '' : table.calleeText(element)
  if (kind === COUNT || kind === PRESENCE || kind === APPEARANCE) {
    const parent = table.places.first(subject)
    const above = parent === 0 ? own : table.serviceText(parent)
    if (kind !== PRESENCE) return { service: above, caller: '' }
    const answerable = table.callee(parent) !== 0 ? own : callee || own
    const made = table.callee(parent) !== 0 || front.unanswered * 2 > front.c
    return { service: made ? answerable : above, caller: '' }
  }
  return { service: callee || own, caller: callee === '' ? '' : own }
}

/** What an accusation rests on. */
export type Accusation = Pick<Front, 'kind' | 'subject' | 'c' | 'unanswered' | 'path'>

/** The element that a front is about: for structure the end of the path that most often differs. */
export function elementOf(
  { kind, subject, path }: Pick<Front, 'kind' | 'subject' | 'path'>,
  table: ElementTable,
): number {
  if (kind !== STRUCTURE) return table.places.second(subject)
  return table.paths.second(path > 0 ? path : table.strata.second(subject))
}

/**
 * Services by how much the fronts speak for them, the most suspect first. Where calls of one service
 * to `callerOf` or more different callees deviate together, they speak for the caller: its own
 * threads or sockets are starved, not three dependencies at once.
 */
export function rankVoices(
  voices: readonly { readonly voice: Voice; readonly score: number }[],
  callerOf: number,
): string[] {
  const callees = new Map<string, Set<string>>()
  for (const { voice } of voices) {
    if (voice.caller === '') continue
    const known = callees.get(voice.caller)
    if (known) known.add(voice.service)
    else callees.set(voice.caller, new Set([voice.service]))
  }
  const scores = new Map<string, number>()
  for (const { voice, score } of voices) {
    const { caller } = voice
    const starved = caller !== '' && (callees.get(caller)?.size ?? 0) >= callerOf
    const service = starved ? caller : voice.service
    scores.set(service, (scores.get(service) ?? 0) + score)
  }
  return [...scores]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([service]) => service)
}
