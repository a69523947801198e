/** A time in ms as people say it: `0.42 ms`, `240 ms`, `1.24 s`, `3.1 min`, `2.5 h`. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 10) return `${trimmed(ms, 2)} ms`
  if (size < 1000) return `${trimmed(ms, 0)} ms`
  if (size < 60_000) return `${trimmed(ms / 1000, 2)} s`
  if (size < 7_200_000) return `${trimmed(ms / 60_000, 1)} min`
  return `${trimmed(ms / 3_600_000, 1)} h`
}

/** A share in [0, 1] as a percentage with two useful digits: `97 %`, `5 %`, `0.12 %`. */
export function share(ratio: number): string {
  const percent = ratio * 100
  return `${trimmed(percent, percent !== 0 && Math.abs(percent) < 10 ? 2 : 0)} %`
}

/** `2022-08-22 05:28:10 UTC`; a dash where there is no such time. */
export function instant(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '–'
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `08-22 05:28:10`; a dash where there is no such time. */
export function dayClock(ms: number): string {
  return instant(ms).slice(5, 19) || '–'
}

/** `05:28:10`, UTC; a dash where there is no such time. */
export function clock(ms: number): string {
  return instant(ms).slice(11, 19) || '–'
}

/** So many a second, with three useful digits. */
export function rate(perSecond: number): string {
  return String(Number(perSecond.toPrecision(3)))
}

/** Rounded, without trailing zeros. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
