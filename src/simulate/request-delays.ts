import type { SelfTime } from './latency.ts'
import { logNormal } from './random.ts'

/** Times of a request that are nobody's own time, ms. */
export const DELAYS = {
  /** Half of the time between a client span and its server span. */
  network: { median: 0.22, sigma: 0.45 },
  /** Between a message sent and taken. */
  queue: { median: 35, sigma: 0.7 },
  /** To hand a message over. */
  sending: { median: 1.2, sigma: 0.4 },
  /** Between a failed call and the next try. */
  backOff: { median: 12, sigma: 0.4 },
  /** Of a call that is refused before any work. */
  refusal: { median: 0.25, sigma: 0.4 },
} as const satisfies Record<string, SelfTime>

/** A delay in whole ns. */
export function drawNs(seed: number, purpose: number, time: SelfTime): number {
  return Math.round(logNormal(seed, purpose, time.median, time.sigma) * 1e6)
}
