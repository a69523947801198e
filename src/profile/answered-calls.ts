import type { IdSets } from '../columns/marks.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'

/** Callers' operations, services, addresses and ports are ids below this: two of them fit a double. */
const STRIDE = 2 ** 26
/** Operations of calls are told apart by this many kinds: more than there are. */
export const KINDS = 8
/** Answers in a row after which a key that several services answered is the last one's. */
const IN_A_ROW = 64

/** Who answered the calls of one key. */
interface Answerer {
  service: number
  /** The latest answers in a row that were its own, up to `IN_A_ROW`. */
  run: number
}

/**
 * Which service answered at an address and port, which one answered the calls that one operation
 * makes, and which one sends the messages that it takes: learned from calls that were answered, so that those that nobody answers keep their name. Where
 * several services answer in turn (a proxy, an address that moved on) it names nobody, until one of them
 * has answered for long. Bounded: the key that was learned first makes room, and is learned again if it is
 * still in use.
 */
export class AnsweredCalls {
  /** Keys that made room for others. */
  dropped = 0
  readonly #limit: number
  readonly #byAddress = new Map<number, Answerer>()
  readonly #byCall = new Map<number, Answerer>()
  readonly #senders = new Map<number, Answerer>()

  /** `limit`: addresses, calls, and takers of messages that are remembered. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** `address`, `port`: ids of their texts; port 0: not said. */
  learnAddress(address: number, port: number, service: number): void {
    this.#learn(this.#byAddress, address * STRIDE + port, service)
  }

  /**
   * `caller`, `call`: the operation that calls, and that of the call's own span. NO_TEXT: nobody in particular
   * answered, which matters only where somebody did before.
   */
  learnCall(caller: number, call: number, service: number): void {
    this.#learn(this.#byCall, caller * STRIDE + call, service)
  }

  /** `taker`: the operation that takes a message of the service `sender`. */
  learnSender(taker: number, sender: number): void {
    this.#learn(this.#senders, taker, sender)
  }

  /** The service that answers there; NO_TEXT: none is known, or not one. */
  atAddress(address: number, port: number): number {
    return serviceOf(this.#byAddress.get(address * STRIDE + port))
  }

  /** Whether any service ever answered there. */
  isKnown(address: number, port: number): boolean {
    return this.#byAddress.has(address * STRIDE + port)
  }

  ofCall(caller: number, call: number): number {
    return serviceOf(this.#byCall.get(caller * STRIDE + call))
  }

  /** The service that sends the messages that an operation takes; NO_TEXT: none is known, or not one. */
  senderTo(taker: number): number {
    return serviceOf(this.#senders.get(taker))
  }

  #learn(answerers: Map<number, Answerer>, key: number, service: number): void {
    const known = answerers.get(key)
    if (!known) {
      if (service === NO_TEXT) return
      if (answerers.size >= this.#limit) {
        for (const oldest of answerers.keys()) {
          answerers.delete(oldest)
          break
        }
        this.dropped++
      }
      answerers.set(key, { service, run: IN_A_ROW })
    } else if (known.service !== service) {
      known.service = service
      known.run = 1
    } else if (known.run < IN_A_ROW) known.run++
  }

  /** Forgets what has to do with texts and operations that were forgotten. */
  forget({ values, operations }: IdSets): void {
    for (const [key, { service }] of this.#byAddress) {
      const isGone = values.has(Math.floor(key / STRIDE)) || values.has(key % STRIDE)
      if (isGone || values.has(service)) this.#byAddress.delete(key)
    }
    for (const [key, { service }] of this.#byCall) {
      const call = Math.floor((key % STRIDE) / KINDS)
      const isGone = operations.has(Math.floor(key / STRIDE)) || operations.has(call)
      if (isGone || values.has(service)) this.#byCall.delete(key)
    }
    for (const [taker, { service }] of this.#senders) {
      if (operations.has(taker) || values.has(service)) this.#senders.delete(taker)
    }
  }

  state(): AnsweredCallsState {
    return {
      dropped: this.dropped,
      byAddress: rows(this.#byAddress),
      byCall: rows(this.#byCall),
      senders: rows(this.#senders),
    }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore({ dropped, byAddress, byCall, senders }: AnsweredCallsState): void {
    this.dropped = dropped
    for (const [key, service, run] of byAddress) this.#byAddress.set(key, { service, run })
    for (const [key, service, run] of byCall) this.#byCall.set(key, { service, run })
    for (const [taker, service, run] of senders) this.#senders.set(taker, { service, run })
  }
}

type Row = readonly [key: number, service: number, run: number]

export interface AnsweredCallsState {
  readonly dropped: number
  readonly byAddress: readonly Row[]
  readonly byCall: readonly Row[]
  readonly senders: readonly Row[]
}

function serviceOf(answerer: Answerer | undefined): number {
  return answerer !== undefined && answerer.run >= IN_A_ROW ? answerer.service : NO_TEXT
}

function rows(answerers: ReadonlyMap<number, Answerer>): Row[] {
  return [...answerers].map(([key, { service, run }]) => [key, service, run])
}
