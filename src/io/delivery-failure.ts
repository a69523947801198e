/** Why something was not delivered, and what may be done about it. */
export class DeliveryFailure extends Error {
  /** The other side will never take this: trying again is of no use. */
  readonly isFinal: boolean
  /** How long the other side wants to be left alone, ms; 0: it did not say. */
  readonly retryAfterMs: number

  constructor(message: string, { isFinal = false, retryAfterMs = 0 } = {}) {
    super(message)
    this.name = 'DeliveryFailure'
    this.isFinal = isFinal
    this.retryAfterMs = retryAfterMs
  }
}
