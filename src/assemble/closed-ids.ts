import { TraceIdIndex } from './trace-id-index.ts'

/** What `ClosedIds` was told, the next to be forgotten first. */
export interface ClosedIdsState {
  /** 4 words an id. */
  readonly ids: Uint32Array<ArrayBuffer>
  /** 1 where the id was asked for since the hand last passed. */
  readonly used: Uint8Array<ArrayBuffer>
}

/**
 * The ids of traces closed lately, bounded. Forgets by CLOCK (second chance; Corbató 1968), which
 * behaves as LRU does where it matters here: a trace whose late spans keep coming stays known.
 * A ring with its own index rather than lru-cache because asking allocates nothing: lru-cache needs
 * a text key, made anew for every span of a trace that is not open (600 ns against 70 to 190 with
 * the cheapest key, 2,200 with hex).
 */
export class ClosedIds {
  readonly limit: number
  size = 0
  readonly #index: TraceIdIndex
  #used: Uint8Array<ArrayBuffer>
  #hand = 0

  /** @param limit ids kept; 0 keeps none. */
  constructor(limit: number) {
    this.limit = limit
    this.#index = new TraceIdIndex(Math.min(limit, 1024))
    this.#used = new Uint8Array(this.#index.capacity)
  }

  /** Whether the id at `words[at .. at + 3]` is known; keeps it known for longer. */
  has(words: Uint32Array, at: number): boolean {
    const slot = this.#index.find(words, at)
    if (slot < 0) return false
    this.#used[slot] = 1
    return true
  }

  /** Adds the id at `words[at .. at + 3]`, which is not in yet; returns how many ids this costs. */
  add(words: Uint32Array, at: number): number {
    if (this.limit === 0) return 1
    const isFull = this.size === this.limit
    let slot = this.size
    if (!isFull) {
      if (slot === this.#index.capacity) this.#grow()
      this.size++
    } else {
      while (this.#used[this.#hand] === 1) this.#turn()
      slot = this.#hand
      this.#turn()
      this.#index.remove(slot)
    }
    this.#index.insert(slot, words, at)
    return isFull ? 1 : 0
  }

  state(): ClosedIdsState {
    const ids = new Uint32Array(this.size * 4)
    const used = new Uint8Array(this.size)
    for (let i = 0; i < this.size; i++) {
      const slot = (this.#hand + i) % this.size
      for (let word = 0; word < 4; word++) ids[i * 4 + word] = this.#index.ids[slot * 4 + word]!
      used[i] = this.#used[slot]!
    }
    return { ids, used }
  }

  /** Takes over `state` into an instance that is still empty; returns how many ids found no room. */
  restore(state: ClosedIdsState): number {
    const size = state.used.length
    const skipped = Math.max(0, size - this.limit)
    for (let i = skipped; i < size; i++) {
      this.add(state.ids, i * 4)
      this.#used[this.size - 1] = state.used[i]!
    }
    return skipped
  }

  #turn(): void {
    this.#used[this.#hand] = 0
    this.#hand = this.#hand + 1 === this.limit ? 0 : this.#hand + 1
  }

  #grow(): void {
    this.#index.grow(() => true)
    const used = new Uint8Array(this.#index.capacity)
    used.set(this.#used)
    this.#used = used
  }
}
