const PLACES = 1 << 16
/** Cleared when half full, so that a look-up stays short. */
const MOST = PLACES / 2

/**
 * What is known of outlines by their two hashes. It only saves work: when it is full it is emptied, and what it
 * held is found again from the lines.
 */
export class OutlineTable<T> {
  readonly #hashesA = new Int32Array(PLACES)
  readonly #hashesB = new Int32Array(PLACES)
  readonly #values: (T | null | undefined)[] = new Array(PLACES).fill(undefined)
  #used = 0

  /** undefined: nothing is known. */
  find(a: number, b: number): T | null | undefined {
    let place = a & (PLACES - 1)
    for (;;) {
      const value = this.#values[place]
      if (value === undefined) return undefined
      if (this.#hashesA[place] === a && this.#hashesB[place] === b) return value
      place = (place + 1) & (PLACES - 1)
    }
  }

  set(a: number, b: number, value: T | null): void {
    if (this.#used === MOST) this.clear()
    let place = a & (PLACES - 1)
    while (
      this.#values[place] !== undefined &&
      !(this.#hashesA[place] === a && this.#hashesB[place] === b)
    ) {
      place = (place + 1) & (PLACES - 1)
    }
    if (this.#values[place] === undefined) this.#used++
    this.#hashesA[place] = a
    this.#hashesB[place] = b
    this.#values[place] = value
  }

  clear(): void {
    this.#values.fill(undefined)
    this.#used = 0
  }
}
