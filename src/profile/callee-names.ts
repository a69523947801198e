import type { SlotTable } from '../otlp/attribute-slots.ts'
import type { SpanColumns } from '../otlp/span-columns.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'
import { KINDS } from './answered-calls.ts'
import type { ElementTable } from './element-table.ts'
import type { SpanOperations } from './span-operations.ts'

/** Slots that name the other side of a call, best first. */
const NAMES = [
  'peerService',
  'serverAddress',
  'serverUrl',
  'dbSystem',
  'messagingDestination',
  'rpcService',
]
/** An address that says nothing about a service: a number, or the host itself. */
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]*|\[[0-9a-f:.]+\]|localhost)(:\d+)?$/i
const LOOPBACK = /^(127\.[\d.]*|\[?::1\]?|localhost)$/i
/** The port that a URL says. */
const PORT = /:\d+$/

/** What is said of an address from which no telemetry ever came. */
const SILENT = ' (no telemetry)'

/** The other side of calls by what the spans of the callers say of it. */
export class CalleeNames {
  readonly #table: ElementTable
  readonly #operations: SpanOperations
  readonly #slots: readonly number[]
  readonly #address: number
  readonly #port: number
  readonly #url: number
  /** Slots of what is no service: it has no spans to answer with. */
  readonly #stores: readonly number[]
  /** By id of a value: whether it is a plain address, and one of the host itself. */
  readonly #kinds = new Map<number, { readonly plain: boolean; readonly loopback: boolean }>()

  constructor(slots: SlotTable, table: ElementTable, operations: SpanOperations) {
    const slot = (name: string): number => slots.index.get(name) ?? -1
    this.#table = table
    this.#operations = operations
    this.#slots = NAMES.map(slot)
    this.#address = slot('serverAddress')
    this.#port = slot('serverPort')
    this.#url = slot('serverUrl')
    this.#stores = [slot('dbSystem'), slot('messagingDestination')]
  }

  /** The ids of values may stand for other texts from here on. */
  forget(): void {
    this.#kinds.clear()
  }

  /** Takes note of which service answered the call of span `call`, made by span `caller`. */
  learn(columns: SpanColumns, call: number, caller: number, service: number): void {
    const { of, stride } = columns
    const { answered } = this.#table
    for (const slot of this.#slots) {
      const value = of.attributes[call * stride + slot]!
      if (value === NO_TEXT || this.#isVague(value, of.attributes, call * stride)) continue
      answered.learnAddress(value, this.#portOf(slot, of.attributes, call * stride), service)
    }
    this.learnAnswer(columns, call, caller, service)
  }

  /** The same of a span that may be no call: an address that it says is its own. NO_TEXT: nobody in particular did. */
  learnAnswer(columns: SpanColumns, call: number, caller: number, service: number): void {
    const by = this.#operations.of(columns, caller)
    this.#table.answered.learnCall(by, this.#callOf(columns, call), service)
  }

  /**
   * The service that answers such calls; NO_TEXT where none is known. Where it was called counts first. By
   * who calls it is known where no address says otherwise: one that never answered is somebody else's.
   */
  answererOf(columns: SpanColumns, call: number, caller: number): number {
    const { of, stride } = columns
    const { answered } = this.#table
    const { attributes } = of
    const at = call * stride
    if (this.#stores.some((slot) => attributes[at + slot] !== NO_TEXT)) return NO_TEXT
    let isElsewhere = false
    for (const slot of this.#slots) {
      const value = attributes[at + slot]!
      if (value === NO_TEXT || this.#isVague(value, attributes, at)) continue
      const port = this.#portOf(slot, attributes, at)
      const service = answered.atAddress(value, port)
      if (service !== NO_TEXT) return service
      if (!answered.isKnown(value, port)) isElsewhere = true
    }
    return isElsewhere ? NO_TEXT : this.usualAnswererOf(columns, call, caller)
  }

  /** The service that answers such calls of that caller, whatever the span says; NO_TEXT: none, or not one. */
  usualAnswererOf(columns: SpanColumns, call: number, caller: number): number {
    const by = this.#operations.of(columns, caller)
    return this.#table.answered.ofCall(by, this.#callOf(columns, call))
  }

  /** What the span itself says of whom it calls, an address with its port; NO_TEXT: nothing. */
  said({ of, stride }: SpanColumns, call: number): number {
    for (const slot of this.#slots) {
      const value = of.attributes[call * stride + slot]!
      if (value === NO_TEXT) continue
      if (slot === this.#url) return this.#hostOf(value)
      const port = slot === this.#address ? of.attributes[call * stride + this.#port]! : NO_TEXT
      if (port === NO_TEXT || !this.#kind(value).plain) return value
      const address = this.#table.valueText(value)
      const host = address.includes(':') ? `[${address}]` : address
      return this.#table.value(`${host}:${this.#table.valueText(port)}`)
    }
    return NO_TEXT
  }

  /** Of the host and port of a URL: a name stands without its port, as where an attribute says it. */
  #hostOf(value: number): number {
    const { plain } = this.#kind(value)
    return plain ? value : this.#table.value(this.#table.valueText(value).replace(PORT, ''))
  }

  /** The operation and the kind of a call in one number. */
  #callOf(columns: SpanColumns, call: number): number {
    return this.#operations.of(columns, call) * KINDS + columns.of.kind[call]!
  }

  #portOf(slot: number, attributes: Int32Array, at: number): number {
    return slot === this.#address ? attributes[at + this.#port]! : NO_TEXT
  }

  /** The host itself, without a port: any of its services. */
  #isVague(value: number, attributes: Int32Array, at: number): boolean {
    return attributes[at + this.#port] === NO_TEXT && this.#kind(value).loopback
  }

  #kind(value: number): { readonly plain: boolean; readonly loopback: boolean } {
    const known = this.#kinds.get(value)
    if (known) return known
    const text = this.#table.valueText(value)
    const kind = { plain: ADDRESS.test(text), loopback: LOOPBACK.test(text) }
    this.#kinds.set(value, kind)
    return kind
  }
}

/** A callee as people read it: of an address also that no telemetry ever came from there. */
export function calleeName(text: string): string {
  return ADDRESS.test(text) ? text + SILENT : text
}
