import { stat } from 'node:fs/promises'
import { systemClock } from '../io/clock.ts'
import { fileMessages, type MessageReading } from '../io/files/file-messages.ts'
import type { CommandWorld } from './command.ts'
import { Progress } from './progress.ts'

/** Takes the messages of one file of logs. */
interface FileTaker {
  take(messages: readonly Uint8Array[]): void
  /** The file was read to its end. */
  end(): void
  /** What is shown beside how far it is. */
  progress?(): string
}

/** Reads files of logs, whatever lies around their lines, telling how far it is; keeps what was not read. */
export class LogFiles {
  readonly unread: string[] = []
  readonly #world: CommandWorld
  readonly #progress: Progress

  constructor(world: CommandWorld) {
    this.#world = world
    this.#progress = new Progress(world.stderr, systemClock.now)
  }

  /** `takerOf`: by the year in which the file was written. An interrupted file has no end. */
  async read(
    path: string,
    limits: Omit<MessageReading, 'onBytes'>,
    takerOf: (year: number) => FileTaker,
  ): Promise<void> {
    const { size, mtime } = await stat(path)
    const taker = takerOf(mtime.getUTCFullYear())
    let done = 0
    const onBytes = (bytes: number): void => {
      done += bytes
      this.#progress.update(() => {
        const percent = Math.floor((100 * done) / Math.max(1, size))
        return `${path}: ${percent} %${taker.progress?.() ?? ''}`
      })
    }
    const messages = fileMessages(path, { ...limits, onBytes })
    try {
      for (;;) {
        const { value, done: isAtEnd } = await messages.next()
        if (isAtEnd) {
          if (value.damage !== '') this.unread.push(`${path}: ${value.damage}`)
          if (value.oversized > 0) this.unread.push(`${path}: ${value.oversized} lines too long`)
          break
        }
        if (this.#world.signal.aborted) return
        taker.take(value)
      }
      taker.end()
    } finally {
      await messages.return({ oversized: 0, damage: '' })
      this.#progress.end()
    }
  }
}
