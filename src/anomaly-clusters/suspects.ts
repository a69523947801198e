import { CONSTANTS } from '../baseline/constants.ts'
import { calleeName } from '../profile/callee-names.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { Alarm, PlaceAlarm } from './alarm.ts'

/** The service that an alarm blames. */
export interface Suspect {
  readonly service: string
  /** Where the place is a call: who calls, and whom; '' elsewhere. */
  readonly caller: string
  readonly callee: string
}

/** Tells whom alarms blame, as far as names and calls say it. */
export class Suspects {
  readonly #table: ElementTable
  /** Services that have spans of their own; of the operations as they were read last. */
  readonly #traced = new Set<number>()
  #changes = -1

  constructor(table: ElementTable) {
    this.#table = table
  }

  /**
   * A call blames its callee: the self time of a client span is network and queueing. But a database
   * that has no spans is not the one to look at first: there the call blames its caller, unless it is not
   * answered at all. A child that
   * is missing blames whoever should have answered if the call was made, else the one who no longer
   * makes it; repeated and new calls blame the one who makes them.
   */
  of(alarm: Alarm): Suspect {
    switch (alarm.on) {
      case 'similar anomalies':
        return alone(alarm.service)
      case 'entry operation':
        if (alarm.signal === 'structure') return this.#ofPath(alarm.vote, alarm.subject)
        if (alarm.signal === 'failures' && alarm.vote !== 0) return this.#ofFailing(alarm.vote)
        return alone(this.#entryService(alarm.subject))
      case 'place':
        return this.#ofPlace(alarm)
    }
  }

  #ofPlace({ signal, subject, unanswered, c, vote }: PlaceAlarm): Suspect {
    const { places, paths } = this.#table
    // Whoever logs a line that is new is the one to ask, also where a call is going on.
    const line = signal === 'unseen' ? paths.elementOf(vote) : 0
    if (this.#table.isLog(line)) return alone(this.#table.serviceText(line))
    const element = places.calleeOf(subject)
    if (signal === 'noAnswer') return this.#ofUnanswered(element)
    // Whoever takes the messages, whomever it calls to work on them.
    if (signal === 'wait') return alone(this.#table.serviceText(element))
    if (signal !== 'count' && signal !== 'appearance' && signal !== 'presence') {
      return this.#ofElement(element)
    }
    const wasCalled = signal === 'presence' && unanswered * 2 > c
    return alone(this.#ofChild(places.callerOf(subject), element, wasCalled))
  }

  /** Who is to blame for a child that is missing, or there once too often. */
  #ofChild(parent: number, element: number, wasCalled: boolean): string {
    const table = this.#table
    const own = table.serviceText(element)
    if (parent === 0) return own
    // Below a call it is the callee's own span that is missing.
    if (table.callee(parent) !== 0) return own
    return wasCalled ? this.#calleeOf(element) || own : table.serviceText(parent)
  }

  #calleeOf(element: number): string {
    return calleeName(this.#table.calleeText(element))
  }

  #ofElement(element: number): Suspect {
    const own = this.#table.serviceText(element)
    const callee = this.#table.callee(element)
    if (callee === 0) return alone(own)
    const text = this.#calleeOf(element)
    return { service: this.#isTraced(callee) ? text : own, caller: own, callee: text }
  }

  #ofUnanswered(element: number): Suspect {
    return { ...this.#ofElement(element), service: this.#calleeOf(element) }
  }

  /** Whom a path blames that fails, negative where nobody answers. */
  #ofFailing(path: number): Suspect {
    const element = this.#table.paths.elementOf(Math.abs(path))
    return path < 0 ? this.#ofUnanswered(element) : this.#ofElement(element)
  }

  /** Whom a path blames that is there and should not be, or the other way round where it is negative. */
  #ofPath(path: number, stratum: number): Suspect {
    const table = this.#table
    if (path === 0) return alone(this.#entryService(stratum))
    const element = table.paths.elementOf(Math.abs(path))
    if (path < 0) {
      const above = table.paths.parentOf(-path)
      const parent = above <= OTHER_PAIR ? 0 : table.paths.elementOf(above)
      return alone(this.#ofChild(parent, element, false))
    }
    return this.#ofElement(element)
  }

  #entryService(stratum: number): string {
    const table = this.#table
    return table.serviceText(table.entryElement(stratum))
  }

  #isTraced(service: number): boolean {
    const { operations } = this.#table
    if (this.#changes !== operations.ids.changes) {
      this.#changes = operations.ids.changes
      this.#traced.clear()
      for (let id = OTHER_PAIR + 1; id < operations.size; id++) {
        this.#traced.add(operations.serviceOf(id))
      }
    }
    return this.#traced.has(service)
  }
}

function alone(service: string): Suspect {
  return { service, caller: '', callee: '' }
}

/** An alarm's suspect, and how much the alarm says against it. */
export interface Blame {
  readonly suspect: Suspect
  readonly score: number
}

/**
 * Services by how much alarms say against them, the most suspect first.
 * - Where calls of one service to `several` or more different callees deviate together, they blame
 *   the caller: its own threads or sockets are starved, not three dependencies at once.
 * - Where calls of two or more services to a callee without spans deviate together, they blame it.
 */
export function rankSuspects(blames: readonly Blame[]): string[] {
  const calls = blames.map(({ suspect }) => suspect).filter(({ caller }) => caller !== '')
  const scores = new Map<string, number>()
  for (const { suspect, score } of blames) {
    const service = blamed(suspect, calls)
    scores.set(service, (scores.get(service) ?? 0) + score)
  }
  return [...scores]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([service]) => service)
}

function blamed(suspect: Suspect, calls: readonly Suspect[]): string {
  const { service, caller, callee } = suspect
  if (caller === '') return service
  const callees = new Set(calls.filter((call) => call.caller === caller).map((call) => call.callee))
  if (callees.size >= CONSTANTS.several) return caller
  const callers = new Set(calls.filter((call) => call.callee === callee).map((call) => call.caller))
  return callers.size >= 2 ? callee : service
}
