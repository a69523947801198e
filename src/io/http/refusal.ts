import { RPC_CODES } from './otlp-http-response.ts'

/** An answer other than 200, thrown by whatever finds the reason for it. */
export class Refusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function tooLarge(maxBodyBytes: number): Refusal {
  const message = `the body is larger than ${maxBodyBytes} bytes (input.otlp_http.max_body_size)`
  return new Refusal(413, RPC_CODES.invalidArgument, message)
}

export function busy(why: string): Refusal {
  return new Refusal(429, RPC_CODES.resourceExhausted, `${why}: send it again later`)
}
