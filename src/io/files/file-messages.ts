import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { DecodeError } from '../../otlp/decode-error.ts'
import { type FrameSplitter, frameSplitter } from '../../otlp/frame-splitter.ts'
import { DETECT_BYTES, detectFraming, type FileFraming } from '../../otlp/frames.ts'

const READ_BYTES = 1 << 20

export interface MessageReading {
  /** Larger messages are dropped and counted. */
  readonly maxMessageBytes: number
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
  { maxMessageBytes, onBytes }: MessageReading,
): AsyncGenerator<Uint8Array[], FileEnd> {
  const raw = createReadStream(path, { highWaterMark: READ_BYTES })
  let splitter: FrameSplitter | null = null
  try {
    const outer = await withFraming(counted(raw, onBytes))
    const packed = outer.framing === 'gzip' || outer.framing === 'zstd'
    const { framing, chunks } = packed ? await withFraming(unpacked(outer)) : outer
    if (framing === null) return { oversized: 0, damage: '' }
    if (framing === 'gzip' || framing === 'zstd') {
      return { oversized: 0, damage: `compressed twice (${framing} within ${outer.framing})` }
    }
    const single = framing === 'zstd_frames'
    splitter = frameSplitter(single ? 'length_prefixed' : framing, maxMessageBytes)
    for await (const chunk of chunks) {
      const frames: Uint8Array[] = []
      splitter.push(chunk, frames)
      yield single ? frames.map((frame) => decompressed(frame, maxMessageBytes)) : frames
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

interface Framed {
  readonly framing: FileFraming | null
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

function unpacked({ framing, chunks }: Framed): AsyncIterable<Uint8Array> {
  const decompressor = framing === 'gzip' ? createGunzip() : createZstdDecompress()
  const source = Readable.from(chunks, { objectMode: false })
  source.on('error', (error) => decompressor.destroy(error))
  return source.pipe(decompressor)
}

/** A message that does not decompress is handed on as it is: the decoder will say so, and where. */
function decompressed(frame: Uint8Array, maxOutputLength: number): Uint8Array {
  try {
    return zstdDecompressSync(frame, { maxOutputLength })
  } catch {
    return frame
  }
}

function damageOf(error: Error): string {
  if (error instanceof DecodeError) return error.message
  const code = 'code' in error ? `${error.code}: ` : ''
  return `${code}${error.message}`
}
