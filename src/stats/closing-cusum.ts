/**
 * One step of the test that a series has returned to normal: a CUSUM of ln(null / alternative), where
 * the alternative is the rate seen while it was open (Page 1954; Lorden 1971). `logRatio` is
 * ln(alternative / null) of one bucket, or of a bucket so far: as with opening, the prefix may be
 * looked at any time.
 */
export function closingStep(sum: number, logRatio: number): number {
  return Math.max(0, sum - logRatio)
}
