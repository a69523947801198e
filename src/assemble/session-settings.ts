export interface SessionSettings {
  /** A session ends when no record of its key came for this long, in data time, */
  readonly gapMs: number
  /** ... when its first record is this old, */
  readonly maxAgeMs: number
  /** ... or when it has so many records. */
  readonly maxRecords: number
  readonly maxOpen: number
  /** How far data time may move ahead by one record of the log; beyond it several must agree. */
  readonly maxJumpMs: number
}
