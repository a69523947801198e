import { promisify } from 'node:util'
import { gunzip, inflate, zstdDecompress } from 'node:zlib'

type Callback = (error: Error | null, result: Buffer) => void
type Decompress = (body: Uint8Array, maxOutputLength: number, done: Callback) => void

/** Content codings that are understood; OTLP asks for gzip, Collectors send the others too. */
export const CONTENT_CODINGS: Readonly<Record<string, Decompress>> = {
  gzip: (body, maxOutputLength, done) => gunzip(body, { maxOutputLength }, done),
  deflate: (body, maxOutputLength, done) => inflate(body, { maxOutputLength }, done),
  zstd: (body, maxOutputLength, done) => zstdDecompress(body, { maxOutputLength }, done),
}

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
  const decompressor = CONTENT_CODINGS[coding]
  if (decompressor === undefined) throw new Error(`unknown content coding ${coding}`)
  try {
    return await promisify(decompressor)(body, maxBytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge(`more than ${maxBytes} bytes`)
    throw error
  }
}
