import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from './telemetry/log.ts'

const LOCK_FILE = 'owner.lock'
const RETRY_MS = 200
const SQLITE_BUSY = 5

/**
 * The one process that may use a state directory. Two would overwrite each other's checkpoints, and none
 * of both would be right. The lock is the operating system's on an open file (an empty SQLite database,
 * since Node has no other way to it): it ends with its process however that ends, also over containers
 * that share a volume.
 */
export class StateOwner {
  readonly #directory: string
  #lock: DatabaseSync | null = null

  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * @param waitMs how long to wait for a process that may be about to end
   * @throws Error saying what to do where another process has the directory, or nobody can
   */
  async claim(waitMs: number): Promise<void> {
    await mkdir(this.#directory, { recursive: true }).catch((error: unknown) => {
      throw new Error(`state.path ${this.#directory} cannot be used: ${messageOf(error)}`)
    })
    for (let waited = 0; ; waited += RETRY_MS) {
      this.#lock = this.#tryLock()
      if (this.#lock !== null) return
      if (waited >= waitMs) {
        throw new Error(
          `state.path ${this.#directory} is in use by another medoscope: give each its own`,
        )
      }
      await delay(RETRY_MS)
    }
  }

  /** Safe before `claim` and when called twice. */
  release(): void {
    this.#lock?.close()
    this.#lock = null
  }

  /** Null: another process has it. */
  #tryLock(): DatabaseSync | null {
    let lock: DatabaseSync | null = null
    try {
      lock = new DatabaseSync(join(this.#directory, LOCK_FILE), { timeout: 0 })
      lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return lock
    } catch (error) {
      lock?.close()
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null
      throw new Error(`state.path ${this.#directory} cannot be locked: ${messageOf(error)}`)
    }
  }
}
