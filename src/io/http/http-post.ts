import { DeliveryFailure } from '../delivery-failure.ts'
import { messageOf } from '../telemetry/log.ts'
import { withoutCredentials } from './url-credentials.ts'

export interface HttpPost {
  /** Credentials in it are sent as a header. */
  readonly url: string
  readonly body: Uint8Array | string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

const SHOWN_ANSWER = 200
/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 65_536
/** A wait that is asked for and longer than this is cut to it. */
const MAX_RETRY_AFTER_MS = 3_600_000
/** Refusals of the 4xx kind that are about the moment and not about what was sent. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * Posts and returns the body of a 2xx answer. Redirects are not followed: what is sent, and the
 * credentials with it, is for the host that was configured.
 * @throws DeliveryFailure naming the host and what went wrong; never the path or the credentials,
 *   which may be secrets
 */
export async function httpPost({ url, body, headers, timeoutMs }: HttpPost): Promise<Uint8Array> {
  const { address, authorization } = withoutCredentials(url)
  const { host } = address
  let response: Response
  let answer: Uint8Array
  try {
    response = await fetch(address, {
      method: 'POST',
      body: typeof body === 'string' ? body : Buffer.from(body),
      headers: { ...authorization, ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    answer = await beginning(response)
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw new DeliveryFailure(`POST to ${host}: ${messageOf(cause)}`)
  }
  if (response.ok) return answer
  const { status } = response
  if (status >= 300 && status < 400) {
    const to = hostOf(response.headers.get('location'), address)
    throw new DeliveryFailure(
      `POST to ${host}: ${status}, a redirect to ${to}, is not followed; configure the address itself`,
    )
  }
  const text = new TextDecoder().decode(answer.subarray(0, SHOWN_ANSWER))
  throw new DeliveryFailure(`POST to ${host}: ${status} ${text}`.trimEnd(), {
    isFinal: status >= 400 && status < 500 && !PASSING.has(status),
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()),
  })
}

/** As much of an answer as is looked at; the rest is not waited for. */
async function beginning(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes > MAX_ANSWER_BYTES) break
  }
  return new Uint8Array(Buffer.concat(parts).subarray(0, MAX_ANSWER_BYTES))
}

/** Of a `Retry-After`, in seconds or as a date; 0 where there is none that makes sense. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS) : 0
}

function hostOf(location: string | null, base: URL): string {
  if (location === null || !URL.canParse(location, base.href)) return 'nowhere'
  return new URL(location, base).host
}
