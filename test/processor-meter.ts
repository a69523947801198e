/**
 * Holds each test to its processor time: that of the process, compiling and collecting garbage
 * included, from the end of the test before, so that hooks count for the test that follows them.
 */
export class ProcessorMeter {
  readonly #limitSeconds: number
  readonly #readSeconds: () => number
  #last = 0

  /** @param readSeconds processor time that the process has taken */
  constructor(limitSeconds: number, readSeconds: () => number) {
    this.#limitSeconds = limitSeconds
    this.#readSeconds = readSeconds
    this.start()
  }

  /** What was taken up to now counts for no test. */
  start(): void {
    this.#last = this.#readSeconds()
  }

  /** At the end of a test; throws where it took too much. */
  check(): void {
    const now = this.#readSeconds()
    const taken = now - this.#last
    this.#last = now
    if (taken <= this.#limitSeconds) return
    throw new Error(
      `took ${taken.toFixed(1)} s of processor time, its hooks included; ${this.#limitSeconds} s are ` +
        'the limit. Draw less, or move it into a file *.statistics.test.ts.',
    )
  }
}
