/**
 * 64-bit FNV-1a (Fowler, Noll, Vo) as two 32-bit lanes with different offsets, over whatever is fed
 * in order: names content, keeps no secret.
 */
export class ContentHash {
  #a = 0x811c9dc5
  #b = 0x6c62272e
  readonly #number = new Float64Array(1)
  readonly #bytes = new Uint8Array(this.#number.buffer)

  byte(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193)
    this.#b = Math.imul(this.#b ^ value, 0x01000197)
    this.#b ^= this.#b >>> 15
  }

  number(value: number): this {
    this.#number[0] = value
    for (let i = 0; i < 8; i++) this.byte(this.#bytes[i]!)
    return this
  }

  numbers(values: ArrayLike<number>): this {
    this.number(values.length)
    for (let i = 0; i < values.length; i++) this.number(values[i]!)
    return this
  }

  text(value: string): this {
    this.number(value.length)
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      this.byte(code & 0xff)
      this.byte(code >>> 8)
    }
    return this
  }

  /** 16 lower-case hexadecimal digits. */
  hex(): string {
    const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
    return word(this.#a ^ (this.#a >>> 16)) + word(this.#b ^ (this.#b >>> 13))
  }
}
