import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { Publication, Sink } from '../../contract/sink.ts'
import { messageOf } from '../telemetry/log.ts'
import { publicationLine } from './json-lines.ts'

const EVERYTHING: ReadonlySet<Publication['type']> = new Set([
  'anomaly',
  'anomaly_cluster',
  'dead_letter',
])

/** Everything published as JSON lines, appended to a file; each batch is on the disk when it resolves. */
export class JsonLinesFileSink implements Sink {
  readonly name = 'file'
  readonly takes = EVERYTHING
  readonly #path: string
  #file: FileHandle | null = null

  constructor(path: string) {
    this.#path = path
  }

  async start(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      this.#file = await open(this.#path, 'a')
    } catch (error) {
      throw new Error(`output.file.path cannot be written: ${messageOf(error)}`)
    }
  }

  async publish(batch: readonly Publication[]): Promise<void> {
    if (this.#file === null) throw new Error('not started')
    // One write: a batch that is given again repeats whole lines, never the middle of one.
    await this.#file.appendFile(batch.map(publicationLine).join(''))
    await this.#file.datasync()
  }

  async stop(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }
}

/** The same to a stream, usually standard output, which is left open. */
export class JsonLinesStreamSink implements Sink {
  readonly name = 'stdout'
  readonly takes = EVERYTHING
  readonly #stream: Writable
  #started = false

  constructor(stream: Writable) {
    this.#stream = stream
  }

  async start(): Promise<void> {
    this.#started = true
  }

  publish(batch: readonly Publication[]): Promise<void> {
    if (!this.#started) return Promise.reject(new Error('not started'))
    return new Promise((resolve, reject) => {
      this.#stream.write(batch.map(publicationLine).join(''), (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  async stop(): Promise<void> {
    this.#started = false
  }
}
