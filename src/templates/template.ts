/** A template as it stands: what its lines have in common, and what is known of them. */
export interface Template {
  /** Hash of the text: the same wherever and in whatever order the lines came. */
  readonly id: string
  /** The words that all its lines have, `<*>` for each part that varies. */
  readonly text: string
  readonly count: number
  /** Times of its first and last line, ms since 1970; `NaN` where no line had one. */
  readonly firstMs: number
  readonly lastMs: number
  /** One of its lines, masked. */
  readonly example: string
}
