import { beta, derive, logNormal, normalCdf, unit } from './random.ts'

/** Time that a call spends on itself: a log-normal body. Times in ms. */
export interface SelfTime {
  readonly median: number
  /** Standard deviation of the logarithm. */
  readonly sigma: number
}

/**
 * Slow episodes: in each slot of `slotMs` a share p of the calls is slow, p ~ Beta with mean `share`
 * and intra-slot correlation `rho`, so counts of slow calls are beta-binomial.
 */
export interface Burst {
  readonly share: number
  readonly rho: number
  readonly slotMs: number
  /** What a slow call's self time is multiplied by. */
  readonly factor: number
}

/** How the calls of one service behave beside their own body: each null where it has none. */
export interface ServiceLatency {
  readonly burst: Burst | null
  /** Share of calls that the CPU quota stops for one, two or three periods of 100 ms; 0 = none. */
  readonly throttled: number
}

/** Share of calls with a heavy tail, and the exponent of its Pareto factor: P(factor > x) = x^-2. */
const TAIL_SHARE = 0.004
const TAIL_EXPONENT = 2
/** Throttling pauses last a whole number of CPU quota periods. */
const PERIOD_MS = 100

const BODY = 1
const TAIL = 2
const TAIL_SIZE = 3
const PAUSE = 4
const PAUSE_STEPS = 5
const SLOW = 6
const STALL = 7
const STALL_SIZE = 8
/** Stalls of arbitrary operations of recorded systems last so long. */
const STALL_MS = [100, 460] as const

/** Self time of one call, ms, without pauses; `slowShare` as `slowShareAt` gives it. */
export function drawSelf(
  seed: number,
  self: SelfTime,
  burst: Burst | null,
  slowShare: number,
): number {
  let ms = logNormal(seed, BODY, self.median, self.sigma)
  if (burst && unit(seed, SLOW) < slowShare) ms *= burst.factor
  if (unit(seed, TAIL) < TAIL_SHARE) ms *= unit(seed, TAIL_SIZE) ** (-1 / TAIL_EXPONENT)
  return ms
}

/** Throttling pause of one call, ms: 0 in most, else 100, 200 or 300 (six, three and one in ten). */
export function drawPause(seed: number, share: number): number {
  if (share <= 0 || unit(seed, PAUSE) >= share) return 0
  return pauseSteps(unit(seed, PAUSE_STEPS), 0.6, 0.9)
}

/** How long one call stands still, ms: 0 in most, else 100 to 460, as where memory is collected. */
export function drawStall(seed: number, share: number): number {
  if (share <= 0 || unit(seed, STALL) >= share) return 0
  const [least, most] = STALL_MS
  return least * (most / least) ** unit(seed, STALL_SIZE)
}

/** One, two or three periods for u below `one`, below `two` and above. */
export function pauseSteps(u: number, one: number, two: number): number {
  return u < one ? PERIOD_MS : u < two ? 2 * PERIOD_MS : 3 * PERIOD_MS
}

/** Share of slow calls of a service in the slot of `timeMs` (ms since the start of the run). */
export function slowShareAt(seed: number, burst: Burst, timeMs: number): number {
  const phase = unit(seed, SLOW) * burst.slotMs
  const slot = Math.floor((timeMs + phase) / burst.slotMs)
  const size = (1 - burst.rho) / burst.rho
  return beta(derive(derive(seed, SLOW), slot), burst.share * size, (1 - burst.share) * size)
}

/** Quantile of the self time as drawn above (the Pareto tail aside: it matters beyond p99 only). */
export function selfQuantile(q: number, self: SelfTime, latency: ServiceLatency): number {
  const burst = latency.burst
  let low = 0
  let high = self.median * 1000 + 1000
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    const fast = below(middle, self)
    const body = burst
      ? (1 - burst.share) * fast + burst.share * below(middle / burst.factor, self)
      : fast
    const share =
      (1 - latency.throttled) * body + latency.throttled * (middle > PERIOD_MS ? body : 0)
    if (share < q) low = middle
    else high = middle
  }
  return high
}

/** P(log-normal <= x). */
function below(x: number, self: SelfTime): number {
  return x <= 0 ? 0 : normalCdf(Math.log(x / self.median) / self.sigma)
}
