import { APPEARANCE, CATEGORY, COUNT, LIKE, PRESENCE, STRUCTURE } from '../baseline/series-kind.ts'
import { KIND_CLIENT, KIND_PRODUCER } from '../otlp/span-columns.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { Front } from './deviation-front.ts'

/** For whom a deviating place speaks. */
export interface Voice {
  readonly service: string
  /** Where the place is a call: who calls, and whom; '' elsewhere. */
  readonly caller: string
  readonly callee: string
}

/** What an accusation rests on. */
export type Accusation = Pick<Front, 'kind' | 'subject' | 'c' | 'unanswered' | 'path' | 'service'>

/** Whom deviating places accuse. Knows which services have spans of their own. */
export class Voices {
  readonly #table: ElementTable
  readonly #traced = new Set<number>()
  #read = OTHER_PAIR + 1

  constructor(table: ElementTable) {
    this.#table = table
  }

  /**
   * A call speaks for its callee: the self time of a client span is network and queueing. But a
   * database that has no spans is not the one to look at first: there the call speaks for its caller.
   * A child that is missing speaks for whoever should have answered if the call was made, else for
   * the one who no longer makes it; repeated and new calls speak for the one who makes them.
   */
  of(front: Accusation): Voice {
    const { kind, subject } = front
    if (kind === LIKE) return plain(front.service)
    if (kind === STRUCTURE) return this.#ofStructure(front)
    if (kind === CATEGORY) return plain(this.#entryService(subject))
    const element = this.#table.places.calleeOf(subject)
    if (kind === COUNT || kind === APPEARANCE || kind === PRESENCE) {
      const parent = this.#table.places.callerOf(subject)
      const made = front.unanswered * 2 > front.c
      return plain(this.#ofChild(parent, element, kind === PRESENCE && made))
    }
    return this.#ofElement(element)
  }

  /** Who is to blame for a child that is missing, or there once too often. */
  #ofChild(parent: number, element: number, unanswered: boolean): string {
    const table = this.#table
    const own = table.serviceText(element)
    if (parent === 0) return own
    // Below a call it is the callee's own span that is missing.
    if (table.callee(parent) !== 0) return own
    return unanswered ? table.calleeText(element) || own : table.serviceText(parent)
  }

  #ofElement(element: number): Voice {
    const own = this.#table.serviceText(element)
    const callee = this.#table.callee(element)
    if (callee === 0) return plain(own)
    const text = this.#table.calleeText(element)
    return { service: this.#isTraced(callee) ? text : own, caller: own, callee: text }
  }

  /** `path` is the one that most often differs first: below 0 where it is missing. */
  #ofStructure({ subject, path }: Accusation): Voice {
    const table = this.#table
    if (path === 0) return plain(this.#entryService(subject))
    const element = table.paths.elementOf(Math.abs(path))
    if (path < 0) {
      const above = table.paths.parentOf(-path)
      const parent = above <= OTHER_PAIR ? 0 : table.paths.elementOf(above)
      return plain(this.#ofChild(parent, element, false))
    }
    const kind = table.kind(element)
    const isCall = kind === KIND_CLIENT || kind === KIND_PRODUCER
    const unanswered = isCall && table.callee(element) === 0 ? this.#usualCallee(element) : ''
    return unanswered === '' ? this.#ofElement(element) : plain(unanswered)
  }

  #entryService(stratum: number): string {
    const table = this.#table
    return table.serviceText(table.paths.elementOf(table.strata.entryOf(stratum)))
  }

  /** Whom the same call is answered by in other observations; '' if by nobody. */
  #usualCallee(element: number): string {
    const table = this.#table
    const operation = table.elements.operationOf(element)
    for (let e = OTHER_PAIR + 1; e < table.elements.size; e++) {
      if (table.elements.operationOf(e) !== operation || table.callee(e) === 0) continue
      if (table.kind(e) === table.kind(element)) return table.calleeText(e)
    }
    return ''
  }

  #isTraced(service: number): boolean {
    const { operations } = this.#table
    for (; this.#read < operations.size; this.#read++)
      this.#traced.add(operations.serviceOf(this.#read))
    return this.#traced.has(service)
  }
}

function plain(service: string): Voice {
  return { service, caller: '', callee: '' }
}

/**
 * Services by how much the voices speak for them, the most suspect first.
 * - Where calls of one service to `several` or more different callees deviate together, they speak
 *   for the caller: its own threads or sockets are starved, not three dependencies at once.
 * - Where calls of two or more services to a callee without spans deviate together, they speak for it.
 */
export function rankVoices(
  voices: readonly { readonly voice: Voice; readonly score: number }[],
  several: number,
): string[] {
  const calls = voices.map(({ voice }) => voice).filter(({ caller }) => caller !== '')
  const callees = distinct(calls, 'caller', 'callee')
  const callers = distinct(calls, 'callee', 'caller')
  const scores = new Map<string, number>()
  for (const { voice, score } of voices) {
    const { caller, callee } = voice
    let { service } = voice
    if (caller !== '') {
      const starved = callees.get(caller)!.size >= several
      const shared = callers.get(callee)!.size >= 2
      if (starved) service = caller
      else if (shared) service = callee
    }
    scores.set(service, (scores.get(service) ?? 0) + score)
  }
  return [...scores]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([service]) => service)
}

function distinct(
  calls: readonly Voice[],
  by: 'caller' | 'callee',
  what: 'caller' | 'callee',
): Map<string, Set<string>> {
  const sets = new Map<string, Set<string>>()
  for (const call of calls) {
    const known = sets.get(call[by])
    if (known) known.add(call[what])
    else sets.set(call[by], new Set([call[what]]))
  }
  return sets
}
