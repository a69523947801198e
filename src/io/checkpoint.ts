import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { messageOf } from './telemetry/log.ts'

/** Of the file's layout; what the snapshot holds has versions of its own. */
const CHECKPOINT_VERSION = 3
export const CHECKPOINT_FILE = 'checkpoint.bin'

const MAGIC = Buffer.from('medoscope checkpoint\n')
const HASH_BYTES = 32

/** Where checkpoints go; `save` resolves when the checkpoint is durable. */
export interface Checkpoints {
  save(snapshot: unknown, positions: ReadonlyMap<string, bigint>): Promise<void>
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
  readonly settings: string
  readonly snapshot: unknown
  readonly positions: Map<string, bigint>
}

/**
 * The detector's state in one file, replaced atomically: written beside it, flushed to the disk, then
 * renamed. A file cut short, damaged, or of other settings is refused, never half used.
 */
export class CheckpointStore implements Checkpoints {
  readonly path: string
  /** Size of the last one written or read, bytes. */
  bytes = 0
  readonly #directory: string
  readonly #settings: string

  /** @param settings what the snapshot depends on; any plain value */
  constructor(directory: string, settings: unknown) {
    this.#directory = directory
    this.path = join(directory, CHECKPOINT_FILE)
    this.#settings = hash(Buffer.from(JSON.stringify(settings))).toString('hex')
  }

  async save(snapshot: unknown, positions: ReadonlyMap<string, bigint>): Promise<void> {
    const content: CheckpointContent = {
      version: CHECKPOINT_VERSION,
      settings: this.#settings,
      snapshot,
      positions: new Map(positions),
    }
    const body = serialize(content)
    await mkdir(this.#directory, { recursive: true })
    const draft = `${this.path}.tmp`
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writev([MAGIC, hash(body), body])
      await file.sync()
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
    if (content.settings !== this.#settings) return 'it was made with other settings'
    return content
  }

  /** Makes the rename itself durable; not every file system allows it, and none needs it to be atomic. */
  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r').catch(() => null)
    await directory?.sync().catch(() => undefined)
    await directory?.close()
  }
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
