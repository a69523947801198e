import { Columns, type SavedColumns } from '../columns/columns.ts'

/** Hashes kept of one series. */
export const SKETCH_SIZE = 24

/** Hashes, ascending, and how many there are. */
const SKETCH = { hash: { type: 'u32', width: SKETCH_SIZE }, size: 'u8' } as const

export type SketchesState = SavedColumns<typeof SKETCH>

/**
 * Which observations deviate, by series: the least `SKETCH_SIZE` hashes of their trace ids (a
 * bottom-k sketch; Cohen, Kaplan 2007). All series use the same hash, so two sketches tell how many
 * observations two series share.
 */
export class ObservationSketches {
  /** By series. */
  readonly rows: Columns<typeof SKETCH>

  constructor(series: number) {
    this.rows = new Columns(SKETCH, series)
  }

  /** Adds an observation; adding it twice changes nothing. */
  add(series: number, hash: number): void {
    const { hash: hashes, size: sizes } = this.rows.of
    const from = series * SKETCH_SIZE
    const size = sizes[series]!
    if (size === SKETCH_SIZE && hash >= hashes[from + size - 1]!) return
    let at = size
    while (at > 0 && hashes[from + at - 1]! > hash) at--
    if (at > 0 && hashes[from + at - 1] === hash) return
    const last = size === SKETCH_SIZE ? size - 1 : size
    for (let i = last; i > at; i--) hashes[from + i] = hashes[from + i - 1]!
    hashes[from + at] = hash
    if (size < SKETCH_SIZE) sizes[series] = size + 1
  }

  clear(series: number): void {
    this.rows.of.size[series] = 0
  }

  /**
   * Estimated share of common observations in the series that has fewer of them (overlap
   * coefficient), from the hashes below the point up to which both sketches are complete. 0 where
   * fewer than `least` hashes are comparable.
   */
  overlap(a: number, b: number, least: number): number {
    const { hash: hashes, size: sizes } = this.rows.of
    const endA = this.#horizon(a)
    const endB = this.#horizon(b)
    const horizon = Math.min(endA, endB)
    let i = a * SKETCH_SIZE
    let j = b * SKETCH_SIZE
    const stopA = i + sizes[a]!
    const stopB = j + sizes[b]!
    let common = 0
    let ofA = 0
    let ofB = 0
    for (; i < stopA && hashes[i]! <= horizon; i++) {
      ofA++
      while (j < stopB && hashes[j]! < hashes[i]!) j++
      if (j < stopB && hashes[j] === hashes[i]) common++
    }
    for (let k = b * SKETCH_SIZE; k < stopB && hashes[k]! <= horizon; k++) ofB++
    const fewer = Math.min(ofA, ofB)
    return fewer < least ? 0 : common / fewer
  }

  /** Up to this hash the sketch knows every observation. */
  #horizon(series: number): number {
    const { hash, size: sizes } = this.rows.of
    const size = sizes[series]!
    return size < SKETCH_SIZE ? 0xffffffff : hash[series * SKETCH_SIZE + size - 1]!
  }
}
