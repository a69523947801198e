import type { CommandWorld } from './command.ts'

const TERMINAL_MS = 200
const LINE_MS = 10_000

/** How far a long command is: one line that changes on a terminal, one line per ten seconds elsewhere. */
export class Progress {
  readonly #stream: CommandWorld['stderr']
  readonly #now: () => number
  readonly #everyMs: number
  #lastMs: number
  #shown = false

  constructor(stream: CommandWorld['stderr'], now: () => number, lineMs = LINE_MS) {
    this.#stream = stream
    this.#now = now
    this.#everyMs = stream.isTTY ? TERMINAL_MS : lineMs
    this.#lastMs = now()
  }

  /** `text` is only asked for when it is time to show it. */
  update(text: () => string): void {
    const now = this.#now()
    if (now - this.#lastMs < this.#everyMs) return
    this.#lastMs = now
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text()}\n`)
      return
    }
    this.#stream.write(`\r\u001b[K${text()}`)
    this.#shown = true
  }

  /** Clears the terminal's line, so that what follows stands alone. */
  end(): void {
    if (this.#shown) this.#stream.write('\r\u001b[K')
    this.#shown = false
  }
}
