import { type FileHandle, open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { CommandWorld } from './command.ts'

const FLUSH_CHARS = 1 << 18

/** A file of lines, or standard output for `-`, written in large pieces with back-pressure. */
export class LineFile {
  readonly #target: FileHandle | Writable
  #pending: string[] = []
  #chars = 0

  private constructor(target: FileHandle | Writable) {
    this.#target = target
  }

  /** Rejects at once where the file cannot be written. */
  static async open(path: string, { stdout }: CommandWorld): Promise<LineFile> {
    return new LineFile(path === '-' ? stdout : await open(path, 'w'))
  }

  add(line: string): void {
    this.#pending.push(line)
    this.#chars += line.length
  }

  /** Waits only when enough has gathered. */
  async settle(): Promise<void> {
    if (this.#chars >= FLUSH_CHARS) await this.#flush()
  }

  /** Everything is written when it resolves. */
  async end(): Promise<void> {
    await this.#flush()
    if (!('writable' in this.#target)) await this.#target.close()
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('')
    this.#pending = []
    this.#chars = 0
    const target = this.#target
    if (!('writable' in target)) {
      await target.appendFile(text)
      return
    }
    await new Promise<void>((resolve, reject) => {
      target.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }
}
