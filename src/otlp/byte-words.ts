const MIX_1 = 0xcc9e2d51 | 0
const MIX_2 = 0x85ebca6b | 0

/**
 * Hash of the bytes `[start, end)` behind `view`, four at a time: the tail is one more word that overlaps the
 * one before. Bounds are the caller's. 32 bits, signed.
 */
export function hashBytes(view: DataView, start: number, end: number): number {
  const length = end - start
  let hash = Math.imul(length, MIX_2)
  if (length < 4) {
    for (let i = start; i < end; i++) hash = mixed(hash, view.getUint8(i))
    return hash ^ (hash >>> 15)
  }
  const last = end - 4
  for (let i = start; i < last; i += 4) hash = mixed(hash, view.getInt32(i, true))
  hash = mixed(hash, view.getInt32(last, true))
  return hash ^ (hash >>> 15)
}

/** The word is multiplied off the chain of dependencies; the shift carries its high bits down. */
function mixed(hash: number, word: number): number {
  const product = Math.imul(word, MIX_1)
  return Math.imul(hash ^ product ^ (product >>> 15), MIX_2)
}

/** Whether `length` bytes at two places are the same. Bounds are the caller's. */
export function sameBytes(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) {
      if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false
    }
    return true
  }
  const last = length - 4
  for (let i = 0; i < last; i += 4) {
    if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false
  }
  return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Where the text in `bytes[start, end)` ends when no more than `most` bytes of it are kept, at least four,
 * and no character is cut. What is not UTF-8 has no characters and is cut anywhere.
 */
export function cutEnd(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (end - start <= most) return end
  const cut = start + most
  // No character has more than three bytes behind its first.
  for (let at = cut; at > cut - 4; at--) if ((bytes[at]! & 0xc0) !== 0x80) return at
  return cut
}
