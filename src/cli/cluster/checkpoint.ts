import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { InputError } from '../../io/tables/input-error.ts'
import { writeText } from '../../io/tables/write-table.ts'
import { messageOf } from '../../io/telemetry/log.ts'
import type { Position } from '../../kmedoids/clustering.ts'
import type { ClusterJob } from './job.ts'

const FORMAT = 'medoscope.checkpoint'
const VERSION = 1
/** What is lost at the most when the process is killed. */
const EVERY_MS = 500

interface CheckpointFile {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  /** Digest of data and options: another job must not go on from here. */
  readonly job: string
  readonly position: Position
}

/** Keeps the position of a job in a file, so that the same job can go on from it. */
export class Checkpoint {
  readonly #path: string
  readonly #job: string
  readonly #now: () => number
  #lastMs: number

  constructor(path: string, job: ClusterJob, now: () => number) {
    this.#path = path
    this.#job = digestOf(job)
    this.#now = now
    this.#lastMs = now()
  }

  /** Where an earlier run of the same job was. @throws InputError where the file is of another job */
  read(): Position | null {
    if (!existsSync(this.#path)) return null
    let file: CheckpointFile
    try {
      file = JSON.parse(readFileSync(this.#path, 'utf8')) as CheckpointFile
    } catch (error) {
      throw new InputError(
        `--checkpoint ${this.#path}: ${messageOf(error)}; remove it to begin anew`,
      )
    }
    if (file.format !== FORMAT || file.version !== VERSION) {
      throw new InputError(
        `--checkpoint ${this.#path}: not a checkpoint of this version; name another file`,
      )
    }
    if (file.job !== this.#job) {
      throw new InputError(
        `--checkpoint ${this.#path}: it is of other data or other options; remove it to begin anew`,
      )
    }
    return file.position
  }

  /** Writes the position when it is time. @throws InputError where it cannot be written */
  keep(position: Position): void {
    const nowMs = this.#now()
    if (nowMs - this.#lastMs < EVERY_MS) return
    this.#lastMs = nowMs
    const file: CheckpointFile = { format: FORMAT, version: VERSION, job: this.#job, position }
    writeText(this.#path, JSON.stringify(file))
  }

  /** The job is done: nothing is left to go on from. */
  done(): void {
    rmSync(this.#path, { force: true })
  }
}

function digestOf({ spec, options }: ClusterJob): string {
  const { weights, strata, resume: _, ...rest } = options
  const hash = createHash('sha256')
  const bytes = (array: ArrayBufferView | undefined): void => {
    if (array !== undefined) {
      hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    }
    hash.update('|')
  }
  hash.update(JSON.stringify([rest, spec.points.n, spec.points.p, spec.distance]))
  bytes(spec.points.values)
  bytes(weights)
  bytes(strata)
  return hash.digest('hex').slice(0, 32)
}
