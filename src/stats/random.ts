/**
 * The only sources of chance in medoscope: a seeded generator whose state can be kept, and hashes
 * of trace ids. Both are integer arithmetic, so every machine draws the same numbers.
 */
type RandomState = readonly [a: number, b: number, c: number, counter: number]

/**
 * sfc32, Chris Doty-Humphrey's small fast counting generator (PractRand, public domain): 128 bits of
 * state with a 32-bit counter inside, so no seed gives a period below 2^32.
 */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter: number

  /** `seed` is a number of which the low 32 bits count, or a state taken from `state()`. */
  constructor(seed: number | RandomState) {
    if (typeof seed !== 'number') {
      this.#a = seed[0] | 0
      this.#b = seed[1] | 0
      this.#c = seed[2] | 0
      this.#counter = seed[3] | 0
      return
    }
    this.#a = 0
    this.#b = seed | 0
    this.#c = 0
    this.#counter = 1
    // The author's seeding: neighbouring seeds differ in one word and need some rounds to part.
    for (let i = 0; i < 15; i++) this.uint32()
  }

  /** The next 32 bits, as a number in [0, 2^32). */
  uint32(): number {
    const out = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0
    return out >>> 0
  }

  /** The next number in [0, 1), 53 bits. */
  next(): number {
    const high = this.uint32()
    return (high * 0x200000 + (this.uint32() >>> 11)) / 0x20000000000000
  }

  /** All there is to know; `new SeededRandom(state)` goes on from here. */
  state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0]
  }
}

/**
 * 32-bit hash of four words: MurmurHash3_x86_32 of their 16 little-endian bytes (Austin Appleby,
 * public domain). Every input bit changes every output bit with a probability close to 1/2, and
 * different seeds give hashes that may be used as independent of each other. Not a secret.
 */
export function hashWords(a: number, b: number, c: number, d: number, seed: number): number {
  let hash = seed ^ scramble(a)
  hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) ^ scramble(b)
  hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) ^ scramble(c)
  hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) ^ scramble(d)
  hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) ^ 16
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/** A whole number from 53 bits of two hashes of 32: what a double holds of them. */
export function keyOfHashes(upper: number, lower: number): number {
  return (upper & 0x1fffff) * 0x100000000 + (lower >>> 0)
}

/**
 * A uniform number of the open interval (0, 1) from the id in `words[offset … offset + 3]`:
 * (h + 1/2) / 2^52 with h of 52 hashed bits. 52, not 53: half a step below 1 must still be a double,
 * so that neither end is ever reached and `ln(-ln u)` is always finite.
 */
export function unitFromTraceId(words: Uint32Array, offset: number, seed: number): number {
  const a = words[offset]!
  const b = words[offset + 1]!
  const c = words[offset + 2]!
  const d = words[offset + 3]!
  const high = hashWords(a, b, c, d, seed)
  const low = hashWords(a, b, c, d, seed ^ 0x9e3779b9)
  return (high * 0x100000 + (low >>> 12) + 0.5) / 0x10000000000000
}
