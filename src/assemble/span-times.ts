/** 2000-01-01 and 2100-01-01, ms since 1970: times outside are a broken clock or a missing field. */
const EARLIEST_MS = 946_684_800_000
const LATEST_MS = 4_102_444_800_000

// The same in upper words of nanoseconds (4.3 s each).
const EARLIEST_HI = Math.floor((EARLIEST_MS * 1e6) / 2 ** 32)
const LATEST_HI = Math.floor((LATEST_MS * 1e6) / 2 ** 32)

/** Whether a time in ms since 1970 can be believed; false for NaN. */
export function isPlausibleMs(timeMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs < LATEST_MS
}

/** Whether a time can be believed of which this is the upper word of ns since 1970. */
export function isPlausibleHi(hi: number): boolean {
  return hi >= EARLIEST_HI && hi < LATEST_HI
}
