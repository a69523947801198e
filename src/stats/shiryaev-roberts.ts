/** M never exceeds e^this, so that its exponential stays finite. */
export const MOST_LOG_EVIDENCE = 690

/** Evidence of a series that has none: ln 0. */
export const NO_EVIDENCE = -Infinity

/**
 * One step of the Shiryaev-Roberts e-detector, M <- (M + 1) e, in logarithms. If e has mean 1 under
 * the null whatever came before, M - t is a martingale there: the expected time until M first
 * reaches C is at least C (Shin, Ramdas, Rinaldo, "E-detectors", 2022/23, theorem 2.4).
 */
export function srStep(logM: number, logE: number): number {
  return Math.min(MOST_LOG_EVIDENCE, logPlusOne(logM) + logE)
}

/**
 * The same where a change may also begin within the step: M <- (M + s) e + l. `atStart`: s, the share
 * of changes that begin with the step; `logLater`: ln of the mean evidence of those that begin later,
 * times 1 - s. Both together have mean M + 1 under the null, as before.
 */
export function srStepWithin(
  logM: number,
  logE: number,
  atStart: number,
  logLater: number,
): number {
  const since = logSum(logM, Math.log(atStart)) + logE
  return Math.min(MOST_LOG_EVIDENCE, logSum(since, logLater))
}

/** ln(e^x + e^y), for any of them including -Infinity. */
export function logSum(x: number, y: number): number {
  const most = Math.max(x, y)
  return most === NO_EVIDENCE ? NO_EVIDENCE : most + Math.log1p(Math.exp(Math.min(x, y) - most))
}

/** ln(e^x + 1), for any x including -Infinity. */
export function logPlusOne(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}

/** ln of the mean of e^values[from … from + count - 1]. The mean of e-detectors is an e-detector. */
export function logMeanExp(values: Float64Array, from: number, count: number): number {
  let most = NO_EVIDENCE
  for (let i = from; i < from + count; i++) if (values[i]! > most) most = values[i]!
  if (most === NO_EVIDENCE) return NO_EVIDENCE
  let sum = 0
  for (let i = from; i < from + count; i++) sum += Math.exp(values[i]! - most)
  return most + Math.log(sum / count)
}
