import { Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'

type FramePart =
  | 'magic'
  | 'skip_size'
  | 'skipped'
  | 'descriptor'
  | 'header'
  | 'block'
  | 'content'
  | 'checksum'

/** Parts that are stepped over; the others are small numbers, the lowest byte first. */
const STEPPED_OVER: ReadonlySet<FramePart> = new Set(['skipped', 'header', 'content', 'checksum'])

/**
 * Where zstd frames end, told from their headers alone. Node's decompressor stops behind the first
 * frame and says nothing of the others; concatenated files, and what is appended to, have many, and
 * some programs put frames in between that are to be skipped.
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 */
class FrameWalker {
  /** What the next `#missing` bytes are. */
  #part: FramePart = 'magic'
  #missing = 4
  #value = 0
  #shift = 0
  #hasChecksum = false
  #isLastBlock = false

  /**
   * Walks on from `at`, at most to the end of the frame there.
   * @returns index behind what was walked over; `ended` tells whether that is the end of a frame
   * @throws Error where no frame begins
   */
  walk(bytes: Uint8Array, at: number): { to: number; ended: 'frame' | 'skipped' | null } {
    let i = at
    while (i < bytes.length) {
      if (STEPPED_OVER.has(this.#part)) {
        const step = Math.min(this.#missing, bytes.length - i)
        i += step
        this.#missing -= step
      } else {
        this.#value += (bytes[i++] ?? 0) * 2 ** this.#shift
        this.#shift += 8
        this.#missing--
      }
      while (this.#missing === 0) {
        const ended = this.#turn()
        if (ended !== null) return { to: i, ended }
      }
    }
    return { to: i, ended: null }
  }

  /** The part is whole: what comes next, or the end. */
  #turn(): 'frame' | 'skipped' | null {
    const value = this.#value
    this.#value = this.#shift = 0
    switch (this.#part) {
      case 'magic':
        if (value === 0xfd2fb528) return this.#next('descriptor', 1)
        if ((value & 0xfffffff0) >>> 0 === 0x184d2a50) return this.#next('skip_size', 4)
        throw new Error('what follows a zstd frame is none')
      case 'skip_size':
        return value === 0 ? this.#end('skipped') : this.#next('skipped', value)
      case 'skipped':
        return this.#end('skipped')
      case 'descriptor':
        this.#hasChecksum = (value & 4) !== 0
        return this.#next('header', headerBytes(value))
      case 'header':
        return this.#next('block', 3)
      case 'block': {
        this.#isLastBlock = (value & 1) !== 0
        const isRunLength = ((value >> 1) & 3) === 1
        return this.#next('content', isRunLength ? 1 : value >>> 3)
      }
      case 'content':
        if (!this.#isLastBlock) return this.#next('block', 3)
        return this.#hasChecksum ? this.#next('checksum', 4) : this.#end('frame')
      case 'checksum':
        return this.#end('frame')
    }
  }

  #next(part: FramePart, missing: number): null {
    this.#part = part
    this.#missing = missing
    return null
  }

  #end(kind: 'frame' | 'skipped'): 'frame' | 'skipped' {
    this.#next('magic', 4)
    return kind
  }
}

/** Bytes between the frame header's descriptor and the first block. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const size = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (isSingleSegment ? 0 : 1) + dictionary + size
}

/** More frames than this in one body are an attack on the time that each takes. */
const MAX_FRAMES = 4096

/** The frames of a body, without those that are to be skipped; what is cut off at the end comes last. */
export function zstdFrames(body: Uint8Array): Uint8Array[] {
  const walker = new FrameWalker()
  const frames: Uint8Array[] = []
  for (let at = 0; at < body.length; ) {
    const { to, ended } = walker.walk(body, at)
    if (ended !== 'skipped') frames.push(body.subarray(at, to))
    if (frames.length > MAX_FRAMES) throw new Error(`more than ${MAX_FRAMES} zstd frames`)
    at = to
  }
  return frames
}

/** What the frames of a stream hold, one after the other, chunk by chunk. */
export async function* unpackedZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  const walker = new FrameWalker()
  let rest: Uint8Array = new Uint8Array(0)
  let atEnd = false
  const more = async (): Promise<boolean> => {
    while (rest.length === 0 && !atEnd) {
      const { value, done } = await iterator.next()
      if (done) atEnd = true
      else rest = value
    }
    return rest.length > 0
  }
  async function* frame(): AsyncGenerator<Uint8Array> {
    while (await more()) {
      const { to, ended } = walker.walk(rest, 0)
      const piece = rest.subarray(0, to)
      rest = rest.subarray(to)
      yield piece
      if (ended !== null) return
    }
  }
  while (await more()) {
    if (rest.length < 4) rest = await joined(rest, iterator)
    const pieces = frame()
    if (isSkippable(rest)) {
      for await (const _ of pieces);
      continue
    }
    const decompressor = createZstdDecompress()
    const source = Readable.from(pieces, { objectMode: false })
    source.on('error', (error) => decompressor.destroy(error))
    source.pipe(decompressor)
    yield* decompressor
  }
}

/** With enough of the next chunk to see which kind of frame begins. */
async function joined(rest: Uint8Array, iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let bytes = rest
  while (bytes.length < 4) {
    const { value, done } = await iterator.next()
    if (done) break
    bytes = Buffer.concat([bytes, value])
  }
  return bytes
}

function isSkippable(bytes: Uint8Array): boolean {
  return (
    ((bytes[0] ?? 0) & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18
  )
}
