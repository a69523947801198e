import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Encoding, LogRecord, Signal } from '../contract/log-record.ts'

export interface RecordLogSettings {
  readonly directory: string
  /** What its records call their partition. */
  readonly partition: string
  /** Most bytes on the disk; beyond it nothing is taken until something is committed. */
  readonly maxBytes: number
}

/** What is appended. */
export interface NewRecord {
  readonly encoding: Encoding
  readonly signal: Signal
  readonly body: Uint8Array
  /** ms since 1970. */
  readonly receivedMs: number
}

/** What the log has too little room, or no working disk, for. */
export class LogUnwritable extends Error {}

/** Not 0: a receiver starts in the middle of traffic, and its first traces may have begun before it. */
const FIRST_OFFSET = 1n
/** A new file is begun behind this many bytes, so that what is done with can be deleted. */
const SEGMENT_BYTES = 16 * 1024 ** 2
const READ_BYTES = 1 << 20

// Before each body: checksum of all that follows, length of the body, offset, time, kind.
const HEADER_BYTES = 4 + 4 + 8 + 8 + 1
/** What a kind stands for. Only ever add to them: logs of earlier versions are read, too. */
const KINDS: readonly { readonly encoding: Encoding; readonly signal: Signal }[] = [
  { encoding: 'otlp_proto', signal: 'traces' },
  { encoding: 'otlp_json', signal: 'traces' },
  { encoding: 'otlp_proto', signal: 'logs' },
  { encoding: 'otlp_json', signal: 'logs' },
]
const SUFFIX = '.log'
const COMMITTED = 'committed'

interface Segment {
  readonly first: bigint
  readonly path: string
  bytes: number
}

interface Appending {
  readonly record: NewRecord
  readonly done: (offset: bigint) => void
  readonly fail: (error: Error) => void
}

/**
 * A log of records on the disk, in files of bounded size: what was appended is durable when `append`
 * resolves, is read in order, and is deleted behind what is committed. One writer, one reader, one
 * process. A file that a crash cut short ends with its last whole record.
 */
export class RecordLog {
  readonly #settings: RecordLogSettings
  #segments: Segment[] = []
  /** The file that is appended to; null: the next record begins one. */
  #active: FileHandle | null = null
  #next = FIRST_OFFSET
  /** Records before it are durable. */
  #durable = FIRST_OFFSET
  #committed = 0n
  #waiting: Appending[] = []
  readonly #segmentBytes: number
  #flushing: Promise<void> | null = null
  #closed = false
  // The reader: where it is, and what it has read ahead.
  #readOffset = FIRST_OFFSET
  #readSegment: Segment | null = null
  #readFile: FileHandle | null = null
  #readAt = 0
  #ahead: Uint8Array = new Uint8Array(0)
  #wake: (() => void) | null = null
  /** Bytes of bodies appended and not read yet. */
  #unreadBytes = 0
  /** Records that a damaged file has lost. */
  lost = 0

  constructor(settings: RecordLogSettings) {
    this.#settings = settings
    this.#segmentBytes = Math.min(SEGMENT_BYTES, settings.maxBytes / 4)
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Records that are durable and not read yet. */
  get unread(): { readonly records: number; readonly bytes: number } {
    return { records: Number(this.#durable - this.#readOffset), bytes: this.#unreadBytes }
  }

  /** Whether `bytes` more find room. */
  hasRoom(bytes: number): boolean {
    return this.bytes + bytes + HEADER_BYTES <= this.#settings.maxBytes
  }

  /** Finds what an earlier process left; reading begins behind what it committed. */
  async open(): Promise<void> {
    const { directory } = this.#settings
    await mkdir(directory, { recursive: true })
    this.#committed = await this.#readCommitted()
    const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).sort()
    for (const name of names) {
      const path = join(directory, name)
      const file = await open(path, 'r+')
      const { size } = await file.stat()
      this.#segments.push({ first: BigInt(name.slice(0, -SUFFIX.length)), path, bytes: size })
      await file.close()
    }
    const last = this.#segments.at(-1)
    if (last !== undefined) this.#next = await this.#mend(last)
    if (this.#next < this.#committed) this.#next = this.#committed
    this.#durable = this.#next
    this.#readOffset = this.#segments[0]?.first ?? this.#next
    this.#moveReader(this.#committed)
    this.#unreadBytes = 0
    for (const { bytes, first } of this.#segments) {
      if (first >= this.#readOffset) this.#unreadBytes += bytes
    }
  }

  /** Reading goes on at `offset`, and no offset below it is given out again. */
  seek(offset: bigint): void {
    if (offset > this.#next) {
      this.#next = this.#durable = offset
      // The file at hand is named after what it begins with, and goes on without gaps.
      void this.#closeActive()
    }
    this.#moveReader(offset)
  }

  /**
   * Resolves to the record's offset once it is durable.
   * @throws LogUnwritable where it is not; it may be given again
   */
  append(record: NewRecord): Promise<bigint> {
    if (this.#closed) return Promise.reject(new LogUnwritable('the log is closed'))
    return new Promise((done, fail) => {
      this.#waiting.push({ record, done, fail })
      this.#flushing ??= this.#flush()
    })
  }

  /** Up to `max` records, in order; waits at most `waitMs` for the first one. */
  async read(max: number, waitMs: number): Promise<LogRecord[]> {
    if (this.#readOffset >= this.#durable && !this.#closed) await this.#wait(waitMs)
    const records: LogRecord[] = []
    while (records.length < max && this.#readOffset < this.#durable && !this.#closed) {
      const record = await this.#readNext()
      if (record === null) break
      records.push(record)
    }
    return records
  }

  /** Everything before `offset` is done with. */
  async commit(offset: bigint): Promise<void> {
    if (offset <= this.#committed) return
    this.#committed = offset
    const path = join(this.#settings.directory, COMMITTED)
    await writeFile(`${path}.tmp`, String(offset))
    await rename(`${path}.tmp`, path)
    if (this.#isAllCommitted() && this.bytes > this.#segmentBytes / 2) {
      await this.#dropAll()
      return
    }
    for (let next = this.#segments[1]; next !== undefined; next = this.#segments[1]) {
      const [done] = this.#segments
      if (done === undefined || next.first > offset || done === this.#readSegment) break
      this.#segments.shift()
      await unlink(done.path)
    }
  }

  #isAllCommitted(): boolean {
    return this.#committed >= this.#next && this.#flushing === null
  }

  /** Begins anew: everything on the disk is done with. Detached first, as appends may come meanwhile. */
  async #dropAll(): Promise<void> {
    const segments = this.#segments.filter(({ bytes }) => bytes > 0)
    const file = this.#active
    this.#segments = []
    this.#active = null
    this.#moveReader(this.#next)
    await file?.close().catch(() => undefined)
    for (const { path } of segments) await unlink(path)
  }

  /** Makes durable what waits, then releases everything. Safe when called twice. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    await this.#flushing
    await this.#closeActive()
    await this.#readFile?.close()
    this.#readFile = null
    this.#readSegment = null
  }

  /** Ends a wait for records early. */
  wake(): void {
    this.#wake?.()
  }

  // Writing.

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What comes within this turn, and then while the disk is at it, becomes durable by one flush.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = this.#waiting
      this.#waiting = []
      const first = this.#next
      try {
        await this.#write(batch.map(({ record }, index) => framed(record, first + BigInt(index))))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        for (const { fail } of batch) fail(new LogUnwritable(reason))
        continue
      }
      this.#next = this.#durable = first + BigInt(batch.length)
      for (const [index, { record, done }] of batch.entries()) {
        this.#unreadBytes += record.body.length
        done(first + BigInt(index))
      }
      this.#wake?.()
    }
    this.#flushing = null
  }

  /** All of it, flushed to the disk, or nothing: a part is cut off again. */
  async #write(frames: readonly Uint8Array[]): Promise<void> {
    const segment = await this.#writableSegment()
    const file = this.#active
    if (file === null) throw new LogUnwritable('no file to append to')
    const total = frames.reduce((sum, frame) => sum + frame.length, 0)
    try {
      await writeAll(file, frames, segment.bytes)
      await file.datasync()
    } catch (error) {
      await file.truncate(segment.bytes).catch(() => this.#closeActive())
      throw error
    }
    segment.bytes += total
  }

  async #writableSegment(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (this.#active !== null && last !== undefined && last.bytes < this.#segmentBytes) return last
    await this.#closeActive()
    const { directory } = this.#settings
    const path = join(directory, `${String(this.#next).padStart(20, '0')}${SUFFIX}`)
    this.#active = await open(path, 'w+', 0o600)
    await syncDirectory(directory)
    const segment = { first: this.#next, path, bytes: 0 }
    // A file of this name is an empty one, that could not be written to before.
    this.#segments = this.#segments.filter((each) => each.path !== path)
    this.#segments.push(segment)
    return segment
  }

  async #closeActive(): Promise<void> {
    const file = this.#active
    this.#active = null
    await file?.close().catch(() => undefined)
  }

  /** Cuts a file behind its last whole record; returns the offset behind that one. */
  async #mend(segment: Segment): Promise<bigint> {
    const bytes = await readFile(segment.path)
    let at = 0
    let next = segment.first
    for (;;) {
      const found = parsed(bytes, at, this.#settings.partition)
      if (found === null) break
      at = found.end
      next = found.record.offset + 1n
    }
    if (at < bytes.length) {
      const file = await open(segment.path, 'r+')
      await file.truncate(at)
      await file.datasync()
      await file.close()
      segment.bytes = at
    }
    return next
  }

  async #readCommitted(): Promise<bigint> {
    const text = await readFile(join(this.#settings.directory, COMMITTED), 'utf8').catch(() => '')
    return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n
  }

  // Reading.

  #moveReader(offset: bigint): void {
    const first = this.#segments[0]?.first ?? this.#next
    this.#readOffset = offset < first ? first : offset
    this.#readSegment = null
    this.#ahead = new Uint8Array(0)
  }

  async #readNext(): Promise<LogRecord | null> {
    for (;;) {
      const segment = await this.#openReader()
      if (segment === null) return null
      const record = await this.#nextIn(segment)
      if (record === null) {
        this.#passOver(segment)
        continue
      }
      if (record.offset < this.#readOffset) continue
      this.lost += Number(record.offset - this.#readOffset)
      this.#readOffset = record.offset + 1n
      this.#unreadBytes = Math.max(0, this.#unreadBytes - record.body.length)
      return record
    }
  }

  /** The file in which the reader is, opened; null: there is nothing further. */
  async #openReader(): Promise<Segment | null> {
    if (this.#readSegment !== null) return this.#readSegment
    await this.#readFile?.close()
    this.#readFile = null
    const segment = this.#segments.findLast(({ first }) => first <= this.#readOffset)
    if (segment === undefined) return null
    this.#readFile = await open(segment.path, 'r')
    this.#readSegment = segment
    this.#readAt = 0
    this.#ahead = new Uint8Array(0)
    return segment
  }

  async #nextIn(segment: Segment): Promise<LogRecord | null> {
    for (;;) {
      const found = parsed(this.#ahead, 0, this.#settings.partition)
      if (found !== null) {
        this.#ahead = this.#ahead.subarray(found.end)
        return found.record
      }
      const wanted = Math.max(READ_BYTES, frameLength(this.#ahead) - this.#ahead.length)
      const chunk = Buffer.alloc(Math.min(wanted, segment.bytes - this.#readAt))
      if (chunk.length === 0 || this.#readFile === null) return null
      const { bytesRead } = await this.#readFile.read(chunk, 0, chunk.length, this.#readAt)
      if (bytesRead === 0) return null
      this.#readAt += bytesRead
      this.#ahead = Buffer.concat([this.#ahead, chunk.subarray(0, bytesRead)])
    }
  }

  /** The file has no further record, or is damaged from here on: goes on with the next one. */
  #passOver(segment: Segment): void {
    const next = this.#segments.find(({ first }) => first > segment.first)
    const to = next?.first ?? this.#durable
    if (to > this.#readOffset) {
      this.lost += Number(to - this.#readOffset)
      this.#readOffset = to
    }
    this.#readSegment = null
    if (next === undefined) this.#unreadBytes = 0
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#wake = end
    })
  }
}

function framed({ encoding, signal, body, receivedMs }: NewRecord, offset: bigint): Uint8Array {
  const kind = KINDS.findIndex((each) => each.encoding === encoding && each.signal === signal)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  frame.writeUInt32LE(body.length, 4)
  frame.writeBigUInt64LE(offset, 8)
  frame.writeDoubleLE(receivedMs, 16)
  frame.writeUInt8(kind, 24)
  frame.set(body, HEADER_BYTES)
  frame.writeUInt32LE(crc32(frame.subarray(4)), 0)
  return frame
}

/** Bytes of the frame that begins here, as far as that can be told. */
function frameLength(bytes: Uint8Array): number {
  if (bytes.length < 8) return HEADER_BYTES
  return HEADER_BYTES + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE(4)
}

/** The record at `at`; null where it is not whole, or damaged. */
function parsed(
  bytes: Uint8Array,
  at: number,
  partition: string,
): { readonly record: LogRecord; readonly end: number } | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at)
  if (view.length < HEADER_BYTES) return null
  const end = HEADER_BYTES + view.readUInt32LE(4)
  if (view.length < end) return null
  const kind = KINDS[view.readUInt8(24)]
  if (kind === undefined || crc32(view.subarray(4, end)) !== view.readUInt32LE(0)) return null
  const record: LogRecord = {
    partition,
    offset: view.readBigUInt64LE(8),
    ...kind,
    body: view.subarray(HEADER_BYTES, end),
    timestampMs: view.readDoubleLE(16),
    keyed: false,
  }
  return { record, end: at + end }
}

/** Every byte, whatever a single call writes of them. */
async function writeAll(
  file: FileHandle,
  frames: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const bytes = frames.length === 1 ? (frames[0] ?? new Uint8Array(0)) : Buffer.concat(frames)
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    if (bytesWritten === 0) throw new Error('the disk takes nothing')
    at += bytesWritten
  }
}

/** Makes a new file's name durable; not every file system allows it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => null)
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}
