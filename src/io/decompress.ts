import { promisify } from 'node:util'
import { gunzip, inflate, zstdDecompress } from 'node:zlib'
import { zstdFrames } from './zstd-frames.ts'

type Callback = (error: Error | null, result: Buffer) => void
type Decompress = (
  body: Uint8Array,
  options: { readonly maxOutputLength: number },
  done: Callback,
) => void

type Unpack = (body: Uint8Array, maxBytes: number) => Promise<Uint8Array>

/** Content codings that are understood; OTLP asks for gzip, Collectors send the others too. */
export const CONTENT_CODINGS: Readonly<Record<string, Unpack>> = {
  gzip: limited(gunzip),
  deflate: limited(inflate),
  zstd: unzstd,
}

const unzstdFrame = limited(zstdDecompress)

/** What came out of decompressing would be larger than allowed. */
export class TooLarge extends Error {}

/**
 * The body, decompressed, never more than `maxBytes` of it in memory: a small body may be a bomb.
 * @throws TooLarge; whatever zlib says of a body that is damaged
 */
export async function decompress(
  coding: string,
  body: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const unpack = CONTENT_CODINGS[coding]
  if (unpack === undefined) throw new Error(`unknown content coding ${coding}`)
  return await unpack(body, maxBytes)
}

/** All frames of a zstd body, one after the other. @throws like `decompress` */
export async function unzstd(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const frames = zstdFrames(body)
  const [only] = frames
  if (only !== undefined && frames.length === 1) return await unzstdFrame(only, maxBytes)
  const parts: Uint8Array[] = []
  let total = 0
  for (const frame of frames) {
    const part = await unzstdFrame(frame, Math.max(1, maxBytes - total))
    total += part.length
    if (total > maxBytes) throw new TooLarge(`more than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, total)
}

function limited(unpack: Decompress): Unpack {
  return async (body, maxOutputLength) => {
    try {
      return await promisify<Uint8Array, { maxOutputLength: number }, Buffer>(unpack)(body, {
        maxOutputLength,
      })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      if (code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge(`more than ${maxOutputLength} bytes`)
      throw error
    }
  }
}
