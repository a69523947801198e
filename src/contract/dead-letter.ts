/** A record that could not be decoded: counted, set aside with where and why, never in the way. */
export interface DeadLetter {
  readonly partition: string
  readonly offset: bigint
  readonly reason: string
  /** Byte offset of the fault in the body, -1 where unknown. */
  readonly position: number
  readonly body: Uint8Array
}
