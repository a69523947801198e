import { promisify } from 'node:util'
import { gunzip, gzip, zstdCompress } from 'node:zlib'
import kafkajs from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { compress as compressSnappy, uncompress as uncompressSnappy } from 'snappy'
import { unzstd } from '../decompress.ts'
import { placeholderRecords } from './unreadable-batch.ts'

/** Compression of what is sent; every one of them is read. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export const COMPRESSION_TYPES = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const satisfies Record<Compression, number>

interface Codec {
  compress(bytes: Buffer): Promise<Buffer>
  /** Rejects what is damaged and what would become longer than `maxBytes`. */
  decompress(bytes: Buffer, maxBytes: number): Promise<Buffer>
}

const gzipBytes = promisify(gzip)
const gunzipBytes = promisify(gunzip) as (b: Buffer, o: object) => Promise<Buffer>
const zstdBytes = promisify(zstdCompress)

/** The four codecs of Kafka record batches, independent of the client. */
export const CODECS = {
  gzip: {
    compress: (bytes) => gzipBytes(bytes),
    decompress: (bytes, maxBytes) => gunzipBytes(bytes, { maxOutputLength: maxBytes }),
  },
  zstd: {
    compress: (bytes) => zstdBytes(bytes),
    decompress: async (bytes, maxBytes) => Buffer.from(await unzstd(bytes, maxBytes)),
  },
  lz4: {
    compress: (bytes) => compressFrame(bytes),
    decompress: async (bytes, maxBytes) => {
      checkLength(lz4LengthBound(bytes), maxBytes)
      const content = await decompressFrame(bytes)
      checkLength(content.length, maxBytes)
      return content
    },
  },
  snappy: {
    compress: (bytes) => compressSnappy(bytes),
    decompress: decompressSnappy,
  },
} as const satisfies Record<Exclude<Compression, 'none'>, Codec>

let limit = 0

/**
 * Gives kafkajs the three codecs that it lacks and a length limit to all four. The client keeps one
 * table per process, so the largest limit asked for holds. A batch that cannot be decompressed
 * becomes placeholder records (see `placeholderRecords`): an error here would end the consumer.
 *
 * @param maxOutputBytes most bytes that one record batch may decompress to
 */
export function installCodecs(maxOutputBytes: number): void {
  limit = Math.max(limit, maxOutputBytes)
  for (const [name, codec] of Object.entries(CODECS)) {
    const type = COMPRESSION_TYPES[name as keyof typeof CODECS]
    const entry = {
      compress: (encoder: { buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (bytes: Buffer) =>
        codec
          .decompress(bytes, limit)
          .catch((error: unknown) => placeholderRecords(bytes, `${name}: ${messageOf(error)}`)),
    }
    kafkajs.CompressionCodecs[type] = () => entry
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function checkLength(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new RangeError(`${length} bytes are more than ${maxBytes}`)
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
/** Magic, then two 32-bit version numbers. */
const XERIAL_HEADER_BYTES = 16

/**
 * Two framings are in use: Java's clients write blocks behind a "xerial" header, each with a
 * big-endian 32-bit length; librdkafka and the Collector write one raw block.
 */
async function decompressSnappy(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    checkLength(snappyLength(bytes), maxBytes)
    return await uncompressBlock(bytes)
  }
  const blocks: Buffer[] = []
  let total = 0
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw new RangeError('cut in a block length')
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw new RangeError('cut in a block')
    const block = bytes.subarray(at + 4, end)
    total += snappyLength(block)
    checkLength(total, maxBytes)
    blocks.push(await uncompressBlock(block))
    at = end
  }
  return Buffer.concat(blocks, total)
}

async function uncompressBlock(block: Buffer): Promise<Buffer> {
  const bytes = await uncompressSnappy(block, { asBuffer: true })
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
}

/** Length of a raw block's content: its first bytes, a little-endian base-128 number. */
function snappyLength(block: Buffer): number {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) throw new RangeError('cut in the length')
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return length
  }
  throw new RangeError('length of more than 5 bytes')
}

const LZ4_MAGIC = 0x184d2204
/** Every byte of an LZ4 block stands for at most this many. */
const LZ4_MAX_RATIO = 255

/**
 * Bytes that LZ4 frames become, from their headers alone, as the library has no limit of its own:
 * per block the frame's block size, or 255 times its length if that is less. One block size (4 MiB at
 * most) is taken off, since the last block may be nearly empty.
 * Source: LZ4 Frame Format Description 1.6.
 */
function lz4LengthBound(bytes: Buffer): number {
  let bound = 0
  let largestBlock = 0
  let at = 0
  while (at < bytes.length) {
    if (at + 7 > bytes.length || bytes.readUInt32LE(at) !== LZ4_MAGIC) {
      throw new RangeError('no LZ4 frame')
    }
    const flags = bytes.readUInt8(at + 4)
    const sizeCode = (bytes.readUInt8(at + 5) >> 4) & 7
    if (sizeCode < 4) throw new RangeError(`block size code ${sizeCode}`)
    const blockMax = 2 ** (8 + 2 * sizeCode)
    largestBlock = Math.max(largestBlock, blockMax)
    const blockChecksum = flags & 0x10 ? 4 : 0
    at += 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0)
    for (;;) {
      if (at + 4 > bytes.length) throw new RangeError('cut in a block length')
      const size = bytes.readUInt32LE(at) & 0x7fffffff
      at += 4
      if (size === 0) break
      bound += Math.min(blockMax, size * LZ4_MAX_RATIO)
      at += size + blockChecksum
    }
    at += flags & 0x04 ? 4 : 0
  }
  return bound - largestBlock
}
