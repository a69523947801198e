import type { SlotTable } from '../otlp/attribute-slots.ts'
import { unansweredWords } from '../otlp/error-words.ts'
import {
  KIND_CLIENT,
  KIND_INTERNAL,
  KIND_LOG,
  type SpanColumns,
  STATUS_ERROR,
} from '../otlp/span-columns.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'

/** gRPC codes that are the server's fault, as numbers and as names (semantic conventions for RPC). */
const FAILING_RPC = new Set(
  '2 4 12 13 14 15 UNKNOWN DEADLINE_EXCEEDED UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS'.split(
    ' ',
  ),
)
/** ... and those that a caller gets without any answer. */
const UNANSWERED_RPC = new Set('4 14 DEADLINE_EXCEEDED UNAVAILABLE'.split(' '))
/** HTTP codes with which a proxy says that whom it asked did not answer; 0 stands for none. */
const UNANSWERED_HTTP = new Set(['0', '502', '503', '504'])
const RPC_NAMES: Readonly<Record<string, string>> = {
  2: 'UNKNOWN',
  4: 'DEADLINE_EXCEEDED',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
}

/** What the text of an error or a code means. */
interface Meaning {
  readonly failing: boolean
  readonly unanswered: boolean
}

const NOTHING: Meaning = { failing: false, unanswered: false }

/** The text that a vote for an error is about (see `errorVote`). */
export function textOfVote(vote: number): number {
  return Math.floor(vote / SOURCE_STRIDE)
}

/** Which texts a span's failure is told by: the number is part of votes (see `errorVote`). */
const SOURCES = ['errorType', 'rpcStatus', 'httpStatus'] as const
const SOURCE_STRIDE = 4

/**
 * Which spans failed. Status, HTTP and gRPC codes of server, client, consumer and producer spans count;
 * those of internal spans only explain them, but for an entry, above which there is nobody; so do log records.
 */
export class Failures {
  readonly #text: (value: number) => string
  readonly #slots: readonly number[]
  readonly #meanings: readonly Map<number, Meaning>[] = SOURCES.map(() => new Map())

  /** `text`: of a value's id. */
  constructor(slots: SlotTable, text: (value: number) => string) {
    this.#text = text
    this.#slots = SOURCES.map((name) => slots.index.get(name) ?? -1)
  }

  /** The ids of values may stand for other texts from here on. */
  forget(): void {
    for (const meanings of this.#meanings) meanings.clear()
  }

  hasFailed({ of, stride }: SpanColumns, span: number, isEntry: boolean): boolean {
    if (of.kind[span] === KIND_LOG || (of.kind[span] === KIND_INTERNAL && !isEntry)) return false
    if (of.status[span] === STATUS_ERROR) return true
    return (
      this.#meaning(of.attributes, span * stride, 1).failing ||
      this.#meaning(of.attributes, span * stride, 2).failing
    )
  }

  /**
   * Whether a failed call without an answering span got no answer. `expected`: whoever is called answers
   * with spans of its own. Else only an error that says so counts: a database refuses statements, too.
   */
  wasUnanswered({ of, stride }: SpanColumns, span: number, expected: boolean): boolean {
    if (of.kind[span] !== KIND_CLIENT) return false
    const at = span * stride
    const [, rpc, http] = this.#slots
    if (of.attributes[at + http!]! !== NO_TEXT)
      return this.#meaning(of.attributes, at, 2).unanswered
    if (this.#meaning(of.attributes, at, 0).unanswered) return true
    if (this.#meaning(of.attributes, at, 1).unanswered) return true
    return expected && of.attributes[at + rpc!]! === NO_TEXT
  }

  /** The text that tells a failure, in one number above 0; 0 = none does. */
  errorVote({ of, stride }: SpanColumns, span: number): number {
    for (let source = 0; source < SOURCES.length; source++) {
      const value = of.attributes[span * stride + this.#slots[source]!]!
      if (value !== NO_TEXT) return value * SOURCE_STRIDE + source
    }
    return 0
  }

  #meaning(attributes: Int32Array, at: number, source: number): Meaning {
    const slot = this.#slots[source]!
    const value = slot < 0 ? NO_TEXT : attributes[at + slot]!
    if (value === NO_TEXT) return NOTHING
    const known = this.#meanings[source]!.get(value)
    if (known) return known
    const meaning = meaningOf(this.#text(value), source)
    this.#meanings[source]!.set(value, meaning)
    return meaning
  }
}

/**
 * What a vote for an error says, as people do: `connection refused`, `HTTP 500`, `NullPointerException`;
 * '' where it says nothing. `textOf`: of a value's id.
 */
export function errorName(vote: number, textOf: (value: number) => string): string {
  if (vote === 0) return ''
  const source = vote % SOURCE_STRIDE
  const text = textOf(textOfVote(vote))
  if (source === 1) return RPC_NAMES[text] ?? text
  if (source === 2 || /^[1-5]\d\d$/.test(text)) return `HTTP ${text}`
  if (/^(error|exception|_other)$/i.test(text)) return ''
  return unansweredWords(text) || (text.split(/[.:]/).findLast((part) => part !== '') ?? text)
}

function meaningOf(text: string, source: number): Meaning {
  if (source === 1) return { failing: FAILING_RPC.has(text), unanswered: UNANSWERED_RPC.has(text) }
  if (source === 2) return { failing: /^5\d\d$/.test(text), unanswered: UNANSWERED_HTTP.has(text) }
  return { failing: true, unanswered: unansweredWords(text) !== '' }
}
