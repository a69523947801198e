import { DecodeError } from './decode-error.ts'
import type { Framing } from './frames.ts'

const LENGTH_BYTES = 4
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const NO_BYTES = new Uint8Array(0)

/** Cuts a stream of uncompressed bytes into the messages of one framing. */
export interface FrameSplitter {
  /**
   * Adds the frames that `chunk` completes to `frames`. A frame is a view of the chunk where it lies
   * within one, so the caller must not write into a chunk that it has given.
   */
  push(chunk: Uint8Array, frames: Uint8Array[]): void
  /** The end of the stream: adds what is whole by now, throws `DecodeError` where a frame was cut. */
  end(frames: Uint8Array[]): void
  /** Bytes held back until the frame they begin is whole. */
  readonly pending: number
  /** Frames dropped because they were larger than the limit. */
  readonly oversized: number
}

/**
 * A splitter for `framing`; the outer framing of `zstd_frames` is `length_prefixed`. No more than
 * `maxFrameBytes` is ever held back: a larger frame is dropped whole and counted. Blank lines are no frames,
 * unless every line is wanted: then they, and lines that are too large, are empty ones.
 */
export function frameSplitter(
  framing: Framing,
  maxFrameBytes: number,
  everyLine = false,
): FrameSplitter {
  if (framing === 'json_lines') return new LineSplitter(maxFrameBytes, everyLine)
  if (framing === 'json_documents') return new DocumentSplitter(maxFrameBytes)
  if (framing === 'length_prefixed') return new LengthSplitter(maxFrameBytes)
  return new WholeSplitter(maxFrameBytes)
}

/** One frame as it is put together from parts of chunks. */
class Gathering {
  readonly limit: number
  oversized = 0
  /** Bytes held. */
  length = 0
  #bytes: Uint8Array = NO_BYTES
  /** The frame is larger than the limit: it is let go and the rest of it will be, too. */
  #dropping = false

  constructor(limit: number) {
    this.limit = limit
  }

  get begun(): boolean {
    return this.length > 0 || this.#dropping
  }

  add(part: Uint8Array): void {
    const needed = this.length + part.length
    if (this.#dropping) return
    if (needed > this.limit) {
      this.#reset()
      this.#dropping = true
      return
    }
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.limit, Math.max(needed, this.#bytes.length * 2)))
      grown.set(this.#bytes.subarray(0, this.length))
      this.#bytes = grown
    }
    this.#bytes.set(part, this.length)
    this.length = needed
  }

  /** The frame that ends with `last`; null where it was too large. */
  finish(last: Uint8Array): Uint8Array | null {
    if (!this.begun && last.length <= this.limit) return last
    this.add(last)
    const frame = this.#dropping ? null : this.#bytes.subarray(0, this.length)
    if (!frame) this.oversized++
    this.#reset()
    return frame
  }

  #reset(): void {
    this.length = 0
    this.#bytes = NO_BYTES
    this.#dropping = false
  }
}

class LineSplitter implements FrameSplitter {
  readonly #line: Gathering
  readonly #everyLine: boolean

  constructor(maxFrameBytes: number, everyLine: boolean) {
    this.#line = new Gathering(maxFrameBytes)
    this.#everyLine = everyLine
  }

  get pending(): number {
    return this.#line.length
  }

  get oversized(): number {
    return this.#line.oversized
  }

  push(chunk: Uint8Array, frames: Uint8Array[]): void {
    let start = 0
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, start)) {
      this.#finish(chunk.subarray(start, lf), frames)
      start = lf + 1
    }
    if (start < chunk.length) this.#line.add(chunk.subarray(start))
  }

  /** A last line without a line feed is a line; if it was cut, it is no document and its decoding fails. */
  end(frames: Uint8Array[]): void {
    if (this.#line.begun) this.#finish(NO_BYTES, frames)
  }

  #finish(last: Uint8Array, frames: Uint8Array[]): void {
    const line = this.#line.finish(last)
    if (line?.some((byte) => byte > 0x20)) {
      frames.push(line.at(-1) === CR ? line.subarray(0, -1) : line)
    } else if (this.#everyLine) frames.push(NO_BYTES)
  }
}

/**
 * JSON documents one after the other, over any number of lines, or as the elements of an array. What
 * stands between them is passed over where it is a blank or a part of the array, and else is a frame up
 * to the end of its line, for the decoder to refuse.
 */
class DocumentSplitter implements FrameSplitter {
  readonly #document: Gathering
  /** Braces open; 0: between documents. */
  #depth = 0
  #inString = false
  #escaped = false
  /** Within what is no document. */
  #stray = false

  constructor(maxFrameBytes: number) {
    this.#document = new Gathering(maxFrameBytes)
  }

  get pending(): number {
    return this.#document.length
  }

  get oversized(): number {
    return this.#document.oversized
  }

  push(chunk: Uint8Array, frames: Uint8Array[]): void {
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#inString) this.#withinString(byte)
      else if (this.#stray) {
        if (byte !== LF) continue
        this.#stray = false
        this.#finish(chunk.subarray(start, i), frames)
        start = i + 1
      } else if (this.#depth === 0) {
        if (isBetween(byte)) start = i + 1
        else {
          start = i
          if (byte === OPEN_BRACE) this.#depth = 1
          else this.#stray = true
        }
      } else if (byte === QUOTE) this.#inString = true
      else if (byte === OPEN_BRACE) this.#depth++
      else if (byte === CLOSE_BRACE && --this.#depth === 0) {
        this.#finish(chunk.subarray(start, i + 1), frames)
        start = i + 1
      }
    }
    if (start < chunk.length) this.#document.add(chunk.subarray(start))
  }

  /** A document that is not at its end is a frame; its decoding will say that it was cut. */
  end(frames: Uint8Array[]): void {
    if (this.#document.begun) this.#finish(NO_BYTES, frames)
  }

  #withinString(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  #finish(last: Uint8Array, frames: Uint8Array[]): void {
    const document = this.#document.finish(last)
    if (document !== null) frames.push(document)
  }
}

/** Blanks, what holds an array together, and the byte order mark. */
function isBetween(byte: number): boolean {
  return (
    byte <= 0x20 ||
    byte === 0x2c ||
    byte === 0x5b ||
    byte === 0x5d ||
    byte === 0xef ||
    byte === 0xbb ||
    byte === 0xbf
  )
}

class LengthSplitter implements FrameSplitter {
  readonly #header = new Gathering(LENGTH_BYTES)
  readonly #message: Gathering
  /** Bytes still to come of the current message; -1 = within its header. */
  #missing = -1
  #messageStart = 0
  #offset = 0

  constructor(maxFrameBytes: number) {
    this.#message = new Gathering(maxFrameBytes)
  }

  get pending(): number {
    return this.#header.length + this.#message.length
  }

  get oversized(): number {
    return this.#message.oversized
  }

  push(chunk: Uint8Array, frames: Uint8Array[]): void {
    let start = 0
    while (start < chunk.length) {
      const inHeader = this.#missing < 0
      const missing = inHeader ? LENGTH_BYTES - this.#header.length : this.#missing
      const part = chunk.subarray(start, Math.min(start + missing, chunk.length))
      start += part.length
      if (part.length < missing) {
        if (inHeader) this.#header.add(part)
        else {
          this.#message.add(part)
          this.#missing -= part.length
        }
      } else if (inHeader) this.#beginMessage(part, this.#offset + start - LENGTH_BYTES, frames)
      else this.#endMessage(part, frames)
    }
    this.#offset += chunk.length
  }

  end(): void {
    const inMessage = this.#missing >= 0
    if (inMessage || this.#header.begun) {
      const start = inMessage ? this.#messageStart : this.#offset - this.#header.length
      throw new DecodeError('stream ends within a length-prefixed message', start)
    }
  }

  #beginMessage(headerEnd: Uint8Array, start: number, frames: Uint8Array[]): void {
    const header = this.#header.finish(headerEnd) ?? NO_BYTES
    this.#missing = header.reduce((length, byte) => length * 256 + byte, 0)
    this.#messageStart = start
    if (this.#missing === 0) this.#endMessage(NO_BYTES, frames)
  }

  #endMessage(last: Uint8Array, frames: Uint8Array[]): void {
    const message = this.#message.finish(last)
    if (message) frames.push(message)
    this.#missing = -1
  }
}

class WholeSplitter implements FrameSplitter {
  readonly #whole: Gathering

  constructor(maxFrameBytes: number) {
    this.#whole = new Gathering(maxFrameBytes)
  }

  get pending(): number {
    return this.#whole.length
  }

  get oversized(): number {
    return this.#whole.oversized
  }

  push(chunk: Uint8Array): void {
    this.#whole.add(chunk)
  }

  end(frames: Uint8Array[]): void {
    if (!this.#whole.begun) return
    const whole = this.#whole.finish(NO_BYTES)
    if (whole) frames.push(whole)
  }
}
