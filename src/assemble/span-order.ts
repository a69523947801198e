const RUN = 16

/**
 * Sorts `order[0, count)`, indices of spans, by (start, span id words); `scratch` is as long. A merge
 * sort on flat arrays: the built-in sort with a comparator would allocate and call back per pair.
 * Span ids differ within a trace, so the result does not depend on the order before.
 */
export function sortByStart(
  order: Int32Array<ArrayBuffer>,
  scratch: Int32Array<ArrayBuffer>,
  count: number,
  start: Float64Array,
  idHi: Uint32Array,
  idLo: Uint32Array,
): void {
  for (let from = 0; from < count; from += RUN) {
    const to = Math.min(count, from + RUN)
    for (let i = from + 1; i < to; i++) {
      const span = order[i]!
      const spanStart = start[span]!
      let j = i
      for (; j > from; j--) {
        const before = order[j - 1]!
        const beforeStart = start[before]!
        if (beforeStart < spanStart) break
        if (beforeStart === spanStart && !startsBefore(span, before, start, idHi, idLo)) break
        order[j] = before
      }
      order[j] = span
    }
  }
  for (let width = RUN; width < count; width *= 2) {
    for (let from = 0; from + width < count; from += width * 2) {
      const middle = from + width
      const to = Math.min(count, middle + width)
      for (let i = from; i < middle; i++) scratch[i] = order[i]!
      let left = from
      let right = middle
      // Never overtakes `right`: at most `width` are still to come from the left.
      for (let out = from; left < middle; out++) {
        const a = scratch[left]!
        if (right < to && startsBefore(order[right]!, a, start, idHi, idLo)) {
          order[out] = order[right++]!
        } else {
          order[out] = a
          left++
        }
      }
    }
  }
}

/** Whether span `a` comes before span `b` by (start, span id words). */
export function startsBefore(
  a: number,
  b: number,
  start: Float64Array,
  idHi: Uint32Array,
  idLo: Uint32Array,
): boolean {
  const x = start[a]!
  const y = start[b]!
  if (x !== y) return x < y
  const hi = idHi[a]!
  if (hi !== idHi[b]!) return hi < idHi[b]!
  return idLo[a]! < idLo[b]!
}
