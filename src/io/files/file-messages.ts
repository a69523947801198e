import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DecodeError } from '../../otlp/decode-error.ts'
import { type FrameSplitter, frameSplitter } from '../../otlp/frame-splitter.ts'
import { DETECT_BYTES, detectFraming, type FileFraming, type Framing } from '../../otlp/frames.ts'
import { unzstd } from '../decompress.ts'
import { unpackedZstd } from '../zstd-frames.ts'

const READ_BYTES = 1 << 20

export interface MessageReading {
  /** Larger messages are dropped and counted. */
  readonly maxMessageBytes: number
  /** Blank lines, and lines that are too large, are empty messages, so that lines can be counted. */
  readonly everyLine?: boolean
  /** Called with the bytes of the file itself as they are read. */
  readonly onBytes: (bytes: number) => void
}

/** What reading a file to its end found beside its messages. */
export interface FileEnd {
  readonly oversized: number
  /** Why the file ended early, empty if it did not: cut in a message, damaged compression, read error. */
  readonly damage: string
}

/**
 * The OTLP messages of a file as the Collector's file exporter writes them, chunk by chunk: JSON lines,
 * length-prefixed protobuf, either within a gzip or zstd stream, or with each message compressed by
 * itself. Memory is bounded by a chunk and one message. A damaged file gives what comes before the
 * damage, but for what a decompressor still held, and says so in the result.
 */
export async function* fileMessages(
  path: string,
  { maxMessageBytes, onBytes, everyLine = false }: MessageReading,
): AsyncGenerator<Uint8Array[], FileEnd> {
  const raw = createReadStream(path, { highWaterMark: READ_BYTES })
  let splitter: FrameSplitter | null = null
  try {
    const { framing, chunks } = await opened(await withFraming(counted(raw, onBytes)))
    if (framing === null) return { oversized: 0, damage: '' }
    const single = framing === 'zstd_frames'
    splitter = frameSplitter(single ? 'length_prefixed' : framing, maxMessageBytes, everyLine)
    for await (const chunk of chunks) {
      const frames: Uint8Array[] = []
      splitter.push(chunk, frames)
      yield single
        ? await Promise.all(frames.map((frame) => decompressed(frame, maxMessageBytes)))
        : frames
    }
    const last: Uint8Array[] = []
    splitter.end(last)
    yield last
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { oversized: splitter?.oversized ?? 0, damage: damageOf(error) }
  } finally {
    raw.destroy()
  }
  return { oversized: splitter.oversized, damage: '' }
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    onBytes(chunk.length)
    yield chunk
  }
}

interface Framed<F extends FileFraming = FileFraming> {
  readonly framing: F | null
  /** All chunks, the ones looked at included. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Looks at the first bytes of a stream without losing them. */
async function withFraming(stream: AsyncIterable<Uint8Array>): Promise<Framed> {
  const iterator = stream[Symbol.asyncIterator]()
  let first: Uint8Array = new Uint8Array(0)
  while (first.length < DETECT_BYTES) {
    const { value, done } = await iterator.next()
    if (done) break
    first = first.length === 0 ? value : Buffer.concat([first, value])
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.length > 0) yield first
    for (;;) {
      const { value, done } = await iterator.next()
      if (done) return
      yield value
    }
  }
  return { framing: detectFraming(first), chunks: all() }
}

/** Takes off what lies around the messages: compression, then an encoding of text that is not UTF-8. */
async function opened(outer: Framed): Promise<Framed<Framing | 'zstd_frames'>> {
  const unpacked = isPacked(outer.framing) ? await withFraming(unpack(outer)) : outer
  if (isPacked(unpacked.framing)) {
    throw new Error(`compressed twice (${unpacked.framing} within ${outer.framing})`)
  }
  const { framing, chunks } = unpacked
  if (framing !== 'utf-16le' && framing !== 'utf-16be') return { framing, chunks }
  const text = await withFraming(asUtf8(chunks, framing))
  const { framing: inner } = text
  if (inner !== 'json_lines' && inner !== 'json_documents' && inner !== null) {
    throw new Error(`the text in ${framing.toUpperCase()} is no JSON`)
  }
  return { framing: inner, chunks: text.chunks }
}

function isPacked(framing: FileFraming | null): framing is 'gzip' | 'zstd' {
  return framing === 'gzip' || framing === 'zstd'
}

function unpack({ framing, chunks }: Framed): AsyncIterable<Uint8Array> {
  if (framing === 'zstd') return unpackedZstd(chunks)
  const decompressor = createGunzip()
  const source = Readable.from(chunks, { objectMode: false })
  source.on('error', (error) => decompressor.destroy(error))
  return source.pipe(decompressor)
}

async function* asUtf8(
  chunks: AsyncIterable<Uint8Array>,
  encoding: 'utf-16le' | 'utf-16be',
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }))
  yield Buffer.from(decoder.decode())
}

/** A message that does not decompress is handed on as it is: the decoder will say so, and where. */
async function decompressed(frame: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unzstd(frame, maxBytes)
  } catch {
    return frame
  }
}

function damageOf(error: Error): string {
  if (error instanceof DecodeError) return error.message
  const code = 'code' in error ? `${error.code}: ` : ''
  return `${code}${error.message}`
}
