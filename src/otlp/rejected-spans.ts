import { DecodeError } from './decode-error.ts'

/** Spans that a body lost for being no good while the rest of it was kept. */
export interface RejectedInBody {
  readonly spans: number
  /** Why the first of them was left out, with its path where the body is JSON. */
  readonly reason: string
  /** Where in the body, in bytes; -1 where a JSON reader cannot tell. */
  readonly position: number
  /** Service of the first of them; empty where it was not told. */
  readonly service: string
}

/** Counts the spans that decoders leave out because they are no good, and keeps why of the first in a body. */
export class RejectedSpans {
  /** Of the body read last. */
  inBody = 0
  #first: DecodeError | null = null
  #service = ''
  /** The first one's resource is still being read, so its service may yet be told. */
  #awaitsService = false

  beginBody(): void {
    this.inBody = 0
    this.#first = null
    this.#service = ''
    this.#awaitsService = false
  }

  /** @throws what was caught, where it says nothing about the body */
  add(fault: unknown, spans = 1): void {
    if (!(fault instanceof DecodeError)) throw fault
    this.inBody += spans
    if (this.#first !== null) return
    this.#first = fault
    this.#awaitsService = true
  }

  /** The resource of what was added since the last call has this name. */
  endResource(service: string): void {
    if (this.#awaitsService) this.#service = service
    this.#awaitsService = false
  }

  /** Why the first was left out; null where none was. */
  get first(): DecodeError | null {
    return this.#first
  }

  /** What to tell of the body read last; null where it lost nothing. */
  told(): RejectedInBody | null {
    if (this.#first === null) return null
    const { reason, position } = this.#first
    return { spans: this.inBody, reason, position, service: this.#service }
  }
}
