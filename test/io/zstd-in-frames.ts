import { zstdCompressSync } from 'node:zlib'

/** The body in three zstd frames, with skippable ones before, between and behind. Source: RFC 8878, section 3.1.2. */
export function inFrames(body: Uint8Array): Buffer {
  const third = Math.floor(body.length / 3)
  const parts = [body.subarray(0, third), body.subarray(third, 2 * third), body.subarray(2 * third)]
  const frames = parts.map((part) => zstdCompressSync(part))
  return Buffer.concat([skippable(0), ...frames.flatMap((frame, i) => [frame, skippable(i)])])
}

function skippable(bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes, 0xfd)
  frame.writeUInt32LE(0x184d2a50 + (bytes % 16), 0)
  frame.writeUInt32LE(bytes, 4)
  return frame
}
