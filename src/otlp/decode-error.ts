/** Bytes that are not the OTLP message they should be: where, and why. Never thrown for anything else. */
export class DecodeError extends Error {
  /** Byte offset in the body; -1 where a JSON reader cannot tell. */
  readonly position: number
  readonly reason: string

  constructor(reason: string, position: number) {
    super(position < 0 ? reason : `${reason} at byte ${position}`)
    this.name = 'DecodeError'
    this.reason = reason
    this.position = position
  }
}
