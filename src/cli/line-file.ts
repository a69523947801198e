import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { CommandWorld } from './command.ts'

const FLUSH_CHARS = 1 << 18

/** A file of lines, or standard output for `-`, written in large pieces with back-pressure. */
export class LineFile {
  readonly #stream: Writable
  readonly #own: boolean
  #pending: string[] = []
  #chars = 0
  #failure: Error | null = null

  constructor(path: string, world: CommandWorld) {
    this.#own = path !== '-'
    this.#stream = this.#own ? createWriteStream(path) : world.stdout
    this.#stream.on('error', (error) => {
      this.#failure ??= error
    })
  }

  add(line: string): void {
    this.#pending.push(line)
    this.#chars += line.length
  }

  /** Waits only when enough has gathered. Rejects when the file cannot be written. */
  async settle(): Promise<void> {
    if (this.#chars >= FLUSH_CHARS) await this.#flush()
  }

  /** Everything is written when it resolves. */
  async end(): Promise<void> {
    await this.#flush()
    if (!this.#own) return
    this.#stream.end()
    await finished(this.#stream)
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('')
    this.#pending = []
    this.#chars = 0
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => (error ? reject(error) : resolve()))
    })
    if (this.#failure !== null) throw this.#failure
  }
}
