import type { IncomingMessage } from 'node:http'
import { ByteBudget } from './byte-budget.ts'
import { RPC_CODES } from './otlp-http-response.ts'
import { busy, Refusal, tooLarge } from './refusal.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  /** Requests being received at once. */
  readonly maxRequests: number
  /** Bytes received and not yet done with, over all requests. */
  readonly maxBytesInFlight: number
}

/** A sender that says less than so much for this long gives its place to one that has something to say, ms. */
const SILENT_MS = 1_000
const LITTLE_BYTES = 1024

interface Receiving {
  readonly message: IncomingMessage
  /** When it had last said more than a little, and how many bytes had come then. */
  lastMs: number
  lastBytes: number
  bytes: number
}

/**
 * Receives the bodies of requests within bounds: so many at once, so many bytes of all of them together.
 * What counts is what has come, not what was announced, and a slow sender keeps no place from others.
 */
export class BodyReceiver {
  readonly #limits: BodyLimits
  readonly #budget: ByteBudget
  readonly #receiving = new Map<IncomingMessage, Receiving>()
  readonly #now: () => number
  /** Slow senders that were cut off for others. */
  evicted = 0

  constructor(limits: BodyLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#budget = new ByteBudget(limits.maxBytesInFlight)
    this.#now = now
  }

  get bytesInFlight(): number {
    return this.#budget.used
  }

  /** Counts a request in before its body is read. @throws Refusal */
  admit(message: IncomingMessage): void {
    if (this.#receiving.size >= this.#limits.maxRequests && !this.#evictSilent()) {
      throw busy('too many are sending at once')
    }
    const announced = Number(message.headers['content-length'] ?? 0)
    if (announced > this.#limits.maxBodyBytes) throw tooLarge(this.#limits.maxBodyBytes)
    this.#receiving.set(message, { message, lastMs: this.#now(), lastBytes: 0, bytes: 0 })
  }

  /** The request is answered, or its sender is gone. Safe when called twice. */
  release(message: IncomingMessage): void {
    const receiving = this.#receiving.get(message)
    if (receiving === undefined) return
    this.#receiving.delete(message)
    this.#budget.give(receiving.bytes)
  }

  /** The whole body of an admitted request. @throws Refusal */
  async read(message: IncomingMessage): Promise<Buffer> {
    const receiving = this.#receiving.get(message)
    // Of what nobody asked for, such as a body to another address, nothing is kept.
    if (receiving === undefined) {
      message.resume()
      return Buffer.alloc(0)
    }
    const chunks: Buffer[] = []
    for await (const chunk of message as AsyncIterable<Buffer>) {
      if (this.#receiving.get(message) !== receiving) {
        throw new Refusal(408, RPC_CODES.unavailable, 'too slow: others were waiting')
      }
      if (receiving.bytes + chunk.length > this.#limits.maxBodyBytes) {
        throw tooLarge(this.#limits.maxBodyBytes)
      }
      if (!this.#budget.tryTake(chunk.length)) throw busy('too much is being received at once')
      receiving.bytes += chunk.length
      if (receiving.bytes - receiving.lastBytes >= LITTLE_BYTES) {
        receiving.lastMs = this.#now()
        receiving.lastBytes = receiving.bytes
      }
      chunks.push(chunk)
    }
    // All there: only those still sending hold a place.
    receiving.lastMs = Number.POSITIVE_INFINITY
    return Buffer.concat(chunks)
  }

  /** Cuts off the sender that has been silent for longest. False: none has been for long. */
  #evictSilent(): boolean {
    let silent: Receiving | null = null
    for (const each of this.#receiving.values()) {
      if (silent === null || each.lastMs < silent.lastMs) silent = each
    }
    if (silent === null || this.#now() - silent.lastMs < SILENT_MS) return false
    this.evicted++
    this.release(silent.message)
    silent.message.destroy()
    return true
  }
}
