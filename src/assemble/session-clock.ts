/** Records of the log in a row that must be ahead, or behind, before data time follows them. */
const AGREE = 3
const BEHIND_AGREE = 50

export interface SessionClockState {
  readonly watermarkMs: number
  readonly strays: readonly number[]
}

/**
 * Data time of a log of log records: the latest time that a record of the log says, its median, so that a single
 * clock that is wrong moves nothing. What is more than `maxJumpMs` ahead is believed when three records of the log in a row
 * say so, and what is behind when fifty do.
 */
export class SessionClock {
  watermarkMs = 0
  /** Times of the last records in a row that were too far away to be believed. */
  #strays: number[] = []
  readonly #maxJumpMs: number

  constructor(maxJumpMs: number) {
    this.#maxJumpMs = maxJumpMs
  }

  /** @param medianMs of the times in one record of the log */
  observe(medianMs: number): void {
    const now = this.watermarkMs
    const isAhead = medianMs > now + this.#maxJumpMs
    if (now === 0) this.watermarkMs = medianMs
    else if (isAhead || medianMs < now - this.#maxJumpMs) this.#stray(medianMs, isAhead)
    else {
      this.#strays = []
      if (medianMs > now) this.watermarkMs = medianMs
    }
  }

  #stray(medianMs: number, isAhead: boolean): void {
    const now = this.watermarkMs
    this.#strays = [...this.#strays.filter((ms) => ms > now === isAhead), medianMs]
    if (this.#strays.length < (isAhead ? AGREE : BEHIND_AGREE)) return
    this.watermarkMs = isAhead ? Math.min(...this.#strays) : Math.max(...this.#strays)
    this.#strays = []
  }

  state(): SessionClockState {
    return { watermarkMs: this.watermarkMs, strays: [...this.#strays] }
  }

  restore({ watermarkMs, strays }: SessionClockState): void {
    this.watermarkMs = watermarkMs
    this.#strays = [...strays]
  }
}
