/**
 * The scalars of OTLP JSON, checked. Each reader returns false (or null) for a value of the wrong type
 * or range; the caller knows where in the document it is. Source: the OTLP specification's JSON
 * encoding (ids in hexadecimal, 64-bit integers as decimal texts or numbers) and protobuf's JSON mapping.
 */

const TWO_TO_32 = 4294967296
const TWO_TO_64 = TWO_TO_32 * TWO_TO_32
const BAD = 255
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

const HEX = table('0123456789abcdef')
for (let digit = 10; digit < 16; digit++) HEX['ABCDEF'.charCodeAt(digit - 10)] = digit
const BASE64 = table('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')

function table(digits: string): Uint8Array {
  const values = new Uint8Array(128).fill(BAD)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  return values
}

/** Words of an unsigned 64-bit integer; filled by `readUint64`. */
export interface Words {
  hi: number
  lo: number
}

/** Reads a decimal text exactly, or a number as precisely as it came. */
export function readUint64(value: unknown, words: Words): boolean {
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value >= TWO_TO_64) return false
    words.hi = Math.floor(value / TWO_TO_32)
    words.lo = value % TWO_TO_32
    return true
  }
  if (typeof value !== 'string' || value.length === 0 || value.length > 20) return false
  let hi = 0
  let lo = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    lo = lo * 10 + digit
    const carry = Math.floor(lo / TWO_TO_32)
    lo -= carry * TWO_TO_32
    hi = hi * 10 + carry
  }
  if (hi >= TWO_TO_32) return false
  words.hi = hi
  words.lo = lo
  return true
}

/** The decimal text of an int64 given as text or number; null for anything else. */
export function int64Text(value: unknown): string | null {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value)
    return Number.isInteger(value) ? inInt64(BigInt(value)) : null
  }
  if (typeof value !== 'string' || value.length > 20 || !/^-?\d+$/.test(value)) return null
  return inInt64(BigInt(value))
}

function inInt64(value: bigint): string | null {
  return value < INT64_MIN || value > INT64_MAX ? null : value.toString()
}

/** A double given as number, as numeric text, or as the names that JSON has no number for. */
export function doubleOf(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return null
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity') return Number.POSITIVE_INFINITY
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : null
}

/**
 * Reads an id of `words` 32-bit words into `column[at …]`: hexadecimal digits of either case, as OTLP
 * has it, or base64, which generic protobuf-to-JSON writers produce. The lengths tell them apart.
 */
export function readId(value: unknown, column: Uint32Array, at: number, words: number): boolean {
  if (typeof value !== 'string') return false
  if (value.length === words * 8) return readHex(value, column, at, words)
  if (value.length === Math.ceil((words * 4) / 3) * 4) return readBase64(value, column, at, words)
  return false
}

function readHex(text: string, column: Uint32Array, at: number, words: number): boolean {
  for (let word = 0; word < words; word++) {
    let bits = 0
    for (let i = word * 8; i < word * 8 + 8; i++) {
      const digit = digitOf(HEX, text, i)
      if (digit === BAD) return false
      bits = (bits << 4) | digit
    }
    column[at + word] = bits
  }
  return true
}

function readBase64(text: string, column: Uint32Array, at: number, words: number): boolean {
  const padded = text.length - Math.ceil((words * 32) / 6)
  if (!text.endsWith('='.repeat(padded))) return false
  let bits = 0
  let held = 0
  let byte = 0
  for (let i = 0; i < text.length - padded; i++) {
    const digit = digitOf(BASE64, text, i)
    if (digit === BAD) return false
    bits = (bits << 6) | digit
    held += 6
    if (held < 8) continue
    held -= 8
    const word = at + (byte >>> 2)
    column[word] = (column[word]! << 8) | ((bits >>> held) & 0xff)
    byte++
  }
  return true
}

function digitOf(digits: Uint8Array, text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? digits[code]! : BAD
}

/**
 * An enum given as integer, or, as generic writers do, by one of `names` (index = number). Integers
 * without a name count as 0, like the unknown enum values of protobuf; -1 = not an enum at all.
 */
export function enumOf(value: unknown, names: readonly string[]): number {
  if (typeof value === 'string') return names.indexOf(value)
  if (typeof value !== 'number' || !Number.isInteger(value)) return -1
  return value >= 0 && value < names.length ? value : 0
}
