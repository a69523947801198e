const VOTERS = 3

/** A vote in a snapshot. */
export interface JumpVoteState {
  /** 4 words a voter. */
  readonly ids: readonly number[]
  readonly ends: readonly number[]
  readonly spansFor: number
  readonly spansAgainst: number
  readonly records: number
}

/**
 * Collects evidence that data time is somewhere else: the ends of spans out of reach, at most one a
 * trace and only the three smallest. The smallest is then a time that three traces agree is past.
 * Three traces alone prove little where a host with a wrong clock takes part in every trace, so the
 * spans out of reach must also outnumber those within, counted since the first of them came.
 */
export class JumpVote {
  voters = 0
  readonly #ids = new Uint32Array(VOTERS * 4)
  readonly #ends = new Float64Array(VOTERS)
  #spansFor = 0
  #spansAgainst = 0
  #records = 0

  /** A span that ends at `endMs`, of the trace at `words[at .. at + 3]`. */
  add(words: Uint32Array, at: number, endMs: number): void {
    this.#spansFor++
    let slot = 0
    while (slot < this.voters && !this.#isVoter(slot, words, at)) slot++
    if (slot < this.voters) {
      if (endMs < this.#ends[slot]!) this.#ends[slot] = endMs
      return
    }
    if (slot === VOTERS) {
      slot = 0
      for (let i = 1; i < VOTERS; i++) if (this.#ends[i]! > this.#ends[slot]!) slot = i
      if (endMs >= this.#ends[slot]!) return
    } else {
      this.voters++
    }
    for (let word = 0; word < 4; word++) this.#ids[slot * 4 + word] = words[at + word]!
    this.#ends[slot] = endMs
  }

  /**
   * To be called once a record, after its spans: `against` of them ended within reach. Drops voters
   * that are within reach by now, i.e. not in [fromMs, toMs].
   */
  count(against: number, fromMs: number, toMs: number): void {
    for (let slot = this.voters - 1; slot >= 0; slot--) {
      const end = this.#ends[slot]!
      if (end >= fromMs && end <= toMs) continue
      this.voters--
      this.#ids.copyWithin(slot * 4, this.voters * 4, this.voters * 4 + 4)
      this.#ends[slot] = this.#ends[this.voters]!
    }
    if (this.voters === 0) {
      this.clear()
    } else {
      this.#spansAgainst += against
      this.#records++
    }
  }

  /** The time to go to, or 0 while there is not enough evidence. */
  verdict(): number {
    if (this.voters < VOTERS || this.#spansFor <= this.#spansAgainst) return 0
    return Math.min(this.#ends[0]!, this.#ends[1]!, this.#ends[2]!)
  }

  /** Whether `records` records have passed and most of their spans were against. */
  isStale(records: number): boolean {
    return this.#records >= records && this.#spansAgainst >= this.#spansFor
  }

  clear(): void {
    this.voters = 0
    this.#spansFor = this.#spansAgainst = this.#records = 0
  }

  /** Starts counting anew with the voters there are. */
  recount(): void {
    this.#spansFor = this.voters
    this.#spansAgainst = this.#records = 0
  }

  state(): JumpVoteState {
    return {
      ids: [...this.#ids.subarray(0, this.voters * 4)],
      ends: [...this.#ends.subarray(0, this.voters)],
      spansFor: this.#spansFor,
      spansAgainst: this.#spansAgainst,
      records: this.#records,
    }
  }

  restore(state: JumpVoteState): void {
    this.voters = state.ends.length
    this.#ids.set(state.ids)
    this.#ends.set(state.ends)
    this.#spansFor = state.spansFor
    this.#spansAgainst = state.spansAgainst
    this.#records = state.records
  }

  #isVoter(slot: number, words: Uint32Array, at: number): boolean {
    for (let word = 0; word < 4; word++) {
      if (this.#ids[slot * 4 + word] !== words[at + word]) return false
    }
    return true
  }
}
