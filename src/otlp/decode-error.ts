/** Bytes that are not the OTLP message they should be: where, and why. Never thrown for anything else. */
export class DecodeError extends Error {
  /** Byte offset in the body; -1 where a JSON reader cannot tell. */
  readonly position: number
  readonly reason: string
  /** What the bytes seem to be instead, and what was expected; empty where nothing can be told. */
  readonly hint: string

  constructor(reason: string, position: number, hint = '') {
    const where = position < 0 ? reason : `${reason} at byte ${position}`
    super(hint === '' ? where : `${where}; ${hint}`)
    this.name = 'DecodeError'
    this.reason = reason
    this.position = position
    this.hint = hint
  }

  /** Why, with what was meant. */
  get explanation(): string {
    return this.hint === '' ? this.reason : `${this.reason}; ${this.hint}`
  }
}
