import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { Publication, Sink } from '../../contract/sink.ts'
import { messageOf } from '../telemetry/log.ts'
import { publicationLine } from './json-lines.ts'

const LOOK_BACK_BYTES = 65_536
/** How every line of ours begins. */
const LINE_BEGIN = '{"type":"'

const EVERYTHING: ReadonlySet<Publication['type']> = new Set([
  'anomaly',
  'anomaly_cluster',
  'new_error',
  'dead_letter',
])

/**
 * Everything published as JSON lines, appended to a file; each batch is on the disk when it resolves. What
 * is there after a failure or a crash ends with a whole line before anything is added.
 */
export class JsonLinesFileSink implements Sink {
  readonly name = 'file'
  readonly takes = EVERYTHING
  readonly #path: string
  #file: FileHandle | null = null
  /** Not a pipe, a terminal or /dev/null: those can neither be cut nor flushed. */
  #isRegular = false
  /** Bytes before the last batch; and whether writing that one failed. */
  #whole = 0
  #broken = false

  constructor(path: string) {
    this.#path = path
  }

  async start(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      this.#file = await open(this.#path, 'a+')
      const found = await this.#file.stat()
      this.#isRegular = found.isFile()
      if (this.#isRegular) await this.#endWithALine(this.#file, found.size)
    } catch (error) {
      throw new Error(`output.file.path cannot be written: ${messageOf(error)}`)
    }
  }

  async publish(batch: readonly Publication[]): Promise<void> {
    if (this.#file === null) throw new Error('not started')
    if (batch.length === 0) return
    const lines = Buffer.from(batch.map(publicationLine).join(''))
    if (!this.#isRegular) {
      await this.#file.appendFile(lines)
      return
    }
    // Asked each time: others may cut or empty the file, to rotate it.
    const { size } = await this.#file.stat()
    if (size > this.#whole && this.#broken) await this.#cutTo(this.#whole)
    else this.#whole = size
    this.#broken = true
    await this.#file.appendFile(lines)
    await this.#file.datasync()
    this.#broken = false
  }

  /** Takes off a line of ours that a crash cut; anything else is left as it is, on a line of its own. */
  async #endWithALine(file: FileHandle, size: number): Promise<void> {
    const whole = await wholeLines(file, size)
    this.#whole = size
    if (whole === size) return
    const begin = Buffer.alloc(Math.min(LINE_BEGIN.length, size - whole))
    await file.read(begin, 0, begin.length, whole)
    if (LINE_BEGIN.startsWith(begin.toString())) await this.#cutTo(whole)
    else await file.appendFile('\n')
  }

  /** Takes off the part of a line, or of a batch that will be given again, that a full disk left. */
  async #cutTo(length: number): Promise<void> {
    await this.#file?.truncate(length)
    this.#whole = length
  }

  async stop(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }
}

/** Bytes up to the end of the last whole line. */
async function wholeLines(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(Math.min(size, LOOK_BACK_BYTES))
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - chunk.length)
    const { bytesRead } = await file.read(chunk, 0, end - from, from)
    if (bytesRead === 0) return end
    const lf = chunk.subarray(0, bytesRead).lastIndexOf(0x0a)
    if (lf >= 0) return from + lf + 1
    end = from
  }
  return 0
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
