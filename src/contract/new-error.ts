/**
 * A log line of severity ERROR or above that came again and again before there was any model to say what is
 * normal: new, without a baseline. Told once a line. Times: data time, ms.
 */
export interface NewError {
  /** Of what is told: service and line. */
  readonly id: string
  readonly service: string
  /** The line's template, masked, in quotes. */
  readonly line: string
  /** How often it came until it was told. */
  readonly times: number
  readonly firstMs: number
  readonly lastMs: number
  /** The one sentence a person reads. */
  readonly sentence: string
}
