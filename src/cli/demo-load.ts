import type { SimulatedRecord } from '../simulate/simulated-record.ts'
import { toOtlpProto } from '../simulate/simulated-record.ts'

/** Answers that ask the sender to come again. */
const BUSY = new Set([429, 503])
const MOST_WAIT_MS = 5_000

/**
 * Sends simulated records to an OTLP/HTTP receiver as an exporter does: one after the other, and
 * again when the receiver says that it is busy.
 * @throws Error where the receiver refuses a body, or is not there
 */
export async function sendRecords(
  records: Iterable<SimulatedRecord>,
  endpoint: string,
  signal: AbortSignal,
): Promise<void> {
  for (const record of records) {
    const body = toOtlpProto(record)
    const path = record.logs ? '/v1/logs' : '/v1/traces'
    while (!(await sent(`${endpoint}${path}`, body, signal))) {
      if (signal.aborted) return
    }
  }
}

/** False: the receiver was busy, and the time that it asked for is over. */
async function sent(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' }
  const response = await fetch(url, { method: 'POST', headers, body, signal })
  const text = await response.text()
  if (response.ok) return true
  if (!BUSY.has(response.status)) throw new Error(`${url} answered ${response.status}: ${text}`)
  const seconds = Number(response.headers.get('retry-after') ?? 1)
  const waitMs = Math.min(MOST_WAIT_MS, Math.max(50, seconds * 100))
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  return false
}
