import { messageOf } from '../telemetry/log.ts'

export interface HttpPost {
  readonly url: string
  readonly body: Uint8Array | string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

const SHOWN_ANSWER = 200

/**
 * Posts and returns the body of a 2xx answer.
 * @throws Error naming the host and what went wrong; never the path, which may be a secret
 */
export async function httpPost({ url, body, headers, timeoutMs }: HttpPost): Promise<Uint8Array> {
  const { host } = new URL(url)
  let response: Response
  let answer: Uint8Array
  try {
    response = await fetch(url, {
      method: 'POST',
      body: typeof body === 'string' ? body : Buffer.from(body),
      headers,
      signal: AbortSignal.timeout(timeoutMs),
    })
    answer = new Uint8Array(await response.arrayBuffer())
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw new Error(`POST to ${host}: ${messageOf(cause)}`)
  }
  if (response.ok) return answer
  const text = new TextDecoder().decode(answer.subarray(0, SHOWN_ANSWER))
  throw new Error(`POST to ${host}: ${response.status} ${text}`.trimEnd())
}
