import type { IdSets } from '../columns/marks.ts'
import { KIND_CLIENT, KIND_INTERNAL, KIND_LOG, KIND_SERVER } from '../otlp/span-columns.ts'
import { NO_TEXT, type Vocabulary } from '../otlp/vocabulary.ts'
import { AnsweredCalls, type AnsweredCallsState } from './answered-calls.ts'
import { type CallStep, CallSteps } from './call-steps.ts'
import { OTHER_PAIR, PairTable, type PairTableState } from './pair-table.ts'

const KIND_STRIDE = 8

/** Operations: (service, name). */
class OperationTable extends PairTable {
  serviceOf(operation: number): number {
    return this.first(operation)
  }

  nameOf(operation: number): number {
    return this.second(operation)
  }
}

/** Elements: (operation, span kind and callee in one number). */
class ElementPairs extends PairTable {
  operationOf(element: number): number {
    return this.first(element)
  }

  kindOf(element: number): number {
    return this.second(element) % KIND_STRIDE
  }

  calleeOf(element: number): number {
    return Math.floor(this.second(element) / KIND_STRIDE)
  }
}

/** Call paths: (path of the parent, element); the parent of an entry's path is 0. */
class PathTable extends PairTable {
  parentOf(path: number): number {
    return this.first(path)
  }

  elementOf(path: number): number {
    return this.second(path)
  }
}

/** Places: (calling element, called element); an entry is called by 0. */
class PlaceTable extends PairTable {
  callerOf(place: number): number {
    return this.first(place)
  }

  calleeOf(place: number): number {
    return this.second(place)
  }
}

/** Strata: (kind of observation, path of the entry). */
class StratumTable extends PairTable {
  entryOf(stratum: number): number {
    return this.second(stratum)
  }
}

/**
 * Elements, call paths, places and strata as ids:
 * - an *element* is (service, operation) x (kind, callee);
 * - a *call path* is (path of the parent, element); the entry's parent path is 0;
 * - a *place* is (element of the parent, element), independent of the entry;
 * - a *stratum* is the path of the entry.
 *
 * The callee is part of a calling element, because `HTTP POST` says nothing about who was called.
 */
export class ElementTable {
  readonly operations: OperationTable
  readonly elements: ElementPairs
  readonly paths: PathTable
  readonly places: PlaceTable
  readonly strata: StratumTable
  /** Who answered the calls so far. */
  readonly answered: AnsweredCalls
  readonly #steps = new CallSteps()
  /** By id of those that have one: what an id stands for stays, until it is forgotten. */
  readonly #stratumTexts = new Map<number, string>()
  readonly #names: Vocabulary
  readonly #values: Vocabulary

  constructor(
    limits: { maxTexts: number; maxPaths: number; maxPlaces: number; maxStrata: number },
    names: Vocabulary,
    values: Vocabulary,
  ) {
    this.#names = names
    this.#values = values
    this.operations = new OperationTable(limits.maxTexts)
    this.elements = new ElementPairs(limits.maxTexts)
    this.paths = new PathTable(limits.maxPaths)
    this.places = new PlaceTable(limits.maxPlaces)
    this.strata = new StratumTable(limits.maxStrata)
    this.answered = new AnsweredCalls(limits.maxTexts)
  }

  element(service: number, name: number, kind: number, callee: number): number {
    return this.#elementOf(this.operations.intern(service, name), callee * KIND_STRIDE + kind)
  }

  #elementOf(operation: number, call: number): number {
    return operation === OTHER_PAIR ? OTHER_PAIR : this.elements.intern(operation, call)
  }

  /**
   * Element, call path and place of a span of this operation, kind and callee below the path `above`, which ends in
   * the element `caller`; 0 and 0 for an entry. Valid until the next call.
   */
  step(above: number, caller: number, operation: number, kind: number, callee: number): CallStep {
    const call = callee * KIND_STRIDE + kind
    const steps = this.#steps
    if (steps.find(above, operation, call)) return steps
    const element = this.#elementOf(operation, call)
    const path = this.paths.intern(above, element)
    steps.keep(above, operation, call, {
      element,
      path,
      place: this.places.intern(caller, element),
    })
    return steps
  }

  /** Vocabulary id (values) of the element's own service. */
  service(element: number): number {
    return this.operations.serviceOf(this.elements.operationOf(element))
  }

  operation(element: number): number {
    return this.operations.nameOf(this.elements.operationOf(element))
  }

  kind(element: number): number {
    return this.elements.kindOf(element)
  }

  /** Vocabulary id (values) of whom the element calls; 0 if it calls nobody. */
  callee(element: number): number {
    return this.elements.calleeOf(element)
  }

  /** Whether the element is a line of a log. */
  isLog(element: number): boolean {
    return element > OTHER_PAIR && this.kind(element) === KIND_LOG
  }

  /** Whether the element is a call that waits for its answer. */
  awaitsAnswer(element: number): boolean {
    return this.kind(element) === KIND_CLIENT
  }

  /** The place that a call path ends in; NO_PAIR where there is none. */
  placeOfPath(path: number): number {
    const above = this.paths.parentOf(path)
    const caller = above <= OTHER_PAIR ? 0 : this.paths.elementOf(above)
    return this.places.find(caller, this.paths.elementOf(path))
  }

  /** Whether what happens in a place is the answer to a call that waits for it. */
  isAnswer(place: number): boolean {
    const caller = this.places.callerOf(place)
    if (caller <= OTHER_PAIR || !this.awaitsAnswer(caller)) return false
    return this.kind(this.places.calleeOf(place)) === KIND_SERVER
  }

  serviceText(element: number): string {
    return element <= OTHER_PAIR ? '' : this.#values.text(this.service(element)) || '(no service)'
  }

  /** Text of a value by its id. */
  valueText(value: number): string {
    return this.#values.text(value)
  }

  /** Id of a value's text. */
  value(text: string): number {
    return this.#values.intern(text)
  }

  calleeText(element: number): string {
    return element <= OTHER_PAIR ? '' : this.#values.text(this.callee(element))
  }

  /** Takes note of the service that sent a message which the element takes. */
  learnSender(element: number, sender: number): void {
    if (element > OTHER_PAIR) this.answered.learnSender(this.elements.operationOf(element), sender)
  }

  /** Who sends the messages that the element takes; '' where that is not known, or not one. */
  senderText(element: number): string {
    if (element <= OTHER_PAIR) return ''
    return this.#values.text(this.answered.senderTo(this.elements.operationOf(element)))
  }

  operationText(element: number): string {
    if (element <= OTHER_PAIR) return element === OTHER_PAIR ? '(other)' : ''
    return this.#names.text(this.operation(element)) || '(no name)'
  }

  /** `service operation`, and whom it calls. */
  elementText(element: number): string {
    if (element <= OTHER_PAIR) return element === OTHER_PAIR ? '(other)' : ''
    const callee = this.callee(element)
    const text = `${this.serviceText(element)} ${this.operationText(element)}`
    return callee === NO_TEXT ? text : `${text} → ${this.#values.text(callee)}`
  }

  /** The whole call path from the entry: `a x > b y > c z`. */
  pathText(path: number): string {
    const parts: string[] = []
    for (let at = path; at > OTHER_PAIR; at = this.paths.parentOf(at)) {
      parts.push(this.elementText(this.paths.elementOf(at)))
    }
    return path === OTHER_PAIR ? '(other)' : parts.reverse().join(' > ')
  }

  placeText(place: number): string {
    if (place <= OTHER_PAIR) return '(other)'
    const parent = this.places.callerOf(place)
    const own = this.elementText(this.places.calleeOf(place))
    return parent === 0 ? own : `${this.elementText(parent)} > ${own}`
  }

  /**
   * The operation that an internal span's place is a part of: the nearest span above it, in its own
   * service, that is not internal. Of other places, and where there is none, the element itself.
   */
  enclosing(place: number): number {
    const element = this.places.calleeOf(place)
    if (this.kind(element) !== KIND_INTERNAL) return element
    const caller = this.places.callerOf(place)
    for (let path = OTHER_PAIR + 1; path < this.paths.size; path++) {
      if (this.paths.elementOf(path) !== element) continue
      let above = this.paths.parentOf(path)
      if (above <= OTHER_PAIR || this.paths.elementOf(above) !== caller) continue
      while (above > OTHER_PAIR) {
        const one = this.paths.elementOf(above)
        if (this.service(one) !== this.service(element)) break
        if (this.kind(one) !== KIND_INTERNAL) return one
        above = this.paths.parentOf(above)
      }
    }
    return element
  }

  /** The element of a stratum's entry; 0 where it has no name any more. */
  entryElement(stratum: number): number {
    return stratum <= OTHER_PAIR ? 0 : this.paths.elementOf(this.strata.entryOf(stratum))
  }

  /** The place of a stratum's entry; 0 where there is none. */
  entryPlace(stratum: number): number {
    const element = this.entryElement(stratum)
    return element === 0 ? 0 : this.places.find(0, element)
  }

  /** Where stratum ids are pairs (kind of observation, path of the entry). Each observation asks for it. */
  stratumText(stratum: number): string {
    const known = this.#stratumTexts.get(stratum)
    if (known !== undefined) return known
    const text = stratum === OTHER_PAIR ? '(other)' : this.pathText(this.strata.entryOf(stratum))
    if (stratum < this.strata.size) this.#stratumTexts.set(stratum, text)
    return text
  }

  /** A stretch of time is over: see `IdLedger`. */
  endTurn(): void {
    for (const name of PAIR_TABLES) this[name].ids.endTurn()
    this.#steps.clear()
  }

  /** Forgets these; nothing may refer to them. */
  forget(gone: IdSets): void {
    for (const name of PAIR_TABLES) this[name].forget(gone[name])
    this.#steps.clear()
    this.#stratumTexts.clear()
    this.answered.forget(gone)
  }

  state(): ElementTableState {
    const states = PAIR_TABLES.map((name) => [name, this[name].state()])
    const pairs = Object.fromEntries(states) as PairStates
    return { ...pairs, answered: this.answered.state() }
  }

  restore(state: ElementTableState): void {
    for (const name of PAIR_TABLES) this[name].restore(state[name])
    this.answered.restore(state.answered)
  }
}

/** The tables of pairs, each after those that its pairs are made of. */
export const PAIR_TABLES = ['operations', 'elements', 'paths', 'places', 'strata'] as const

type PairStates = Readonly<Record<(typeof PAIR_TABLES)[number], PairTableState>>

export type ElementTableState = PairStates & { readonly answered: AnsweredCallsState }
