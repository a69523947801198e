/** Spans of one record that were left out for being no good, while its others were taken. */
export interface RejectedSpansNote {
  readonly partition: string
  readonly offset: bigint
  readonly spans: number
  /** Why the first of them was left out, with its path where the record is JSON. */
  readonly reason: string
  /** Where in the body, in bytes; -1 where a JSON reader cannot tell. */
  readonly position: number
  /** Service of the first of them; empty where it was not told. */
  readonly service: string
}
