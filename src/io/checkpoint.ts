import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { messageOf } from './telemetry/log.ts'

/** Of the file's layout; what the snapshot holds has versions of its own. */
const CHECKPOINT_VERSION = 4
export const CHECKPOINT_FILE = 'checkpoint.bin'

const MAGIC = Buffer.from('medoscope checkpoint\n')
const HASH_BYTES = 32
const VERIFY_BYTES = 1 << 20

/** Where checkpoints go; `save` resolves when the checkpoint is durable. */
export interface Checkpoints {
  save(snapshot: unknown, positions: ReadonlyMap<string, bigint>): Promise<void>
}

/** What a snapshot depends on, by the key of the configuration. */
export interface StateDependencies {
  /** Values that must be the same. */
  readonly same: Readonly<Record<string, unknown>>
  /** Values that must not be smaller. */
  readonly atLeast: Readonly<Record<string, number>>
}

/** What a start finds. */
export type LoadedCheckpoint<T> =
  | { readonly state: 'none' }
  | {
      readonly state: 'restored'
      readonly restored: T
      readonly positions: Map<string, bigint>
    }
  /** There is one, but it is not used; it was put aside as `checkpoint.bin.refused`. */
  | { readonly state: 'refused'; readonly reason: string }

interface CheckpointContent {
  readonly version: number
  readonly dependencies: StateDependencies
  readonly snapshot: unknown
  readonly positions: Map<string, bigint>
}

/**
 * The detector's state in one file, replaced atomically: written beside it, flushed to the disk, read
 * again, then renamed. A file cut short, damaged, or made with settings that give its numbers another
 * meaning is refused, never half used.
 */
export class CheckpointStore implements Checkpoints {
  readonly path: string
  /** Size of the last one written or read, bytes. */
  bytes = 0
  readonly #directory: string
  readonly #dependencies: StateDependencies

  constructor(directory: string, dependencies: StateDependencies) {
    this.#directory = directory
    this.path = join(directory, CHECKPOINT_FILE)
    this.#dependencies = dependencies
  }

  async save(snapshot: unknown, positions: ReadonlyMap<string, bigint>): Promise<void> {
    const content: CheckpointContent = {
      version: CHECKPOINT_VERSION,
      dependencies: this.#dependencies,
      snapshot,
      positions: new Map(positions),
    }
    const body = serialize(content)
    await mkdir(this.#directory, { recursive: true })
    const draft = `${this.path}.tmp`
    const file = await open(draft, 'w+', 0o600)
    try {
      const parts = [MAGIC, hash(body), body]
      for (const part of parts) await writeWhole(file, part)
      await file.sync()
      await verify(file, parts)
    } catch (error) {
      // What is half written takes room that a full disk lacks.
      await file.truncate(0).catch(() => undefined)
      throw error
    } finally {
      await file.close()
    }
    await rename(draft, this.path)
    await this.#syncDirectory()
    this.bytes = MAGIC.length + HASH_BYTES + body.length
  }

  /**
   * The last checkpoint, if it fits. One that does not is renamed, so that the next save leaves it.
   * @param restore makes of the snapshot what goes on from it; what it throws refuses the checkpoint
   * @throws what the disk reports, but for a missing file
   */
  async load<T>(restore: (snapshot: unknown) => T): Promise<LoadedCheckpoint<T>> {
    let bytes: Buffer
    try {
      bytes = await readFile(this.path)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return { state: 'none' }
      throw error
    }
    this.bytes = bytes.length
    let reason: string
    const content = this.#read(bytes)
    if (typeof content === 'string') reason = content
    else {
      const { snapshot, positions } = content
      try {
        return { state: 'restored', restored: restore(snapshot), positions }
      } catch (error) {
        reason = messageOf(error)
      }
    }
    await rename(this.path, `${this.path}.refused`)
    return { state: 'refused', reason }
  }

  /** The content, or the reason why it is not used. */
  #read(bytes: Buffer): CheckpointContent | string {
    const start = MAGIC.length + HASH_BYTES
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'it is no checkpoint of medoscope'
    const body = bytes.subarray(start)
    if (!hash(body).equals(bytes.subarray(MAGIC.length, start))) return 'it is damaged or cut short'
    let content: CheckpointContent
    try {
      content = deserialize(body) as CheckpointContent
    } catch (error) {
      return `it cannot be read: ${messageOf(error)}`
    }
    if (content.version !== CHECKPOINT_VERSION) {
      return `it is version ${content.version}, and this medoscope reads version ${CHECKPOINT_VERSION}`
    }
    return this.#changed(content.dependencies) ?? content
  }

  /** Which setting gives what is in the checkpoint another meaning; null: none. */
  #changed({ same, atLeast }: StateDependencies): string | null {
    for (const [key, value] of Object.entries(this.#dependencies.same)) {
      const before = JSON.stringify(same[key])
      const now = JSON.stringify(value)
      if (before !== now) return `it was made with ${key} ${before}, which is now ${now}`
    }
    for (const [key, value] of Object.entries(this.#dependencies.atLeast)) {
      const before = atLeast[key] ?? 0
      if (before > value) return `it was made with ${key} ${before}, which is now smaller: ${value}`
    }
    return null
  }

  /** Makes the rename itself durable; not every file system allows it, and none needs it to be atomic. */
  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r').catch(() => null)
    await directory?.sync().catch(() => undefined)
    await directory?.close()
  }
}

/** Every byte: a single call may write fewer, and a full disk makes it do so. */
async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    if (bytesWritten === 0) throw new Error('the disk takes nothing more')
    at += bytesWritten
  }
}

/** Reads the file again. @throws Error where it is not what was written */
async function verify(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  const chunk = Buffer.allocUnsafe(VERIFY_BYTES)
  let position = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const wanted = Math.min(chunk.length, part.length - at)
      const { bytesRead } = await file.read(chunk, 0, wanted, position)
      const same = chunk.subarray(0, bytesRead).equals(part.subarray(at, at + bytesRead))
      if (bytesRead === 0 || !same) throw new Error('what was written does not read the same')
      at += bytesRead
      position += bytesRead
    }
  }
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
