import { Columns } from '../columns/columns.ts'
import { grownTo } from '../columns/grown-array.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'

export const MINUTE_MS = 60_000
/** Minutes that are remembered of each place: half an hour before a change, and the time to see it. */
export const MINUTES = 40
/** Places that are remembered at the same time; those of which nothing is left give their room back. */
const MOST_PLACES = 8192

/**
 * Bins of self times: four for each power of two from 2^SHIFT ns (a microsecond) on, by the first bits
 * of the number as a float, so that a bin costs no logarithm. A quantile is right within a quarter.
 */
const BINS = 128
const LOWEST_POWER = 10
const FIRST_BIN = (127 + LOWEST_POWER) * 4

/** Of a bin, which then is halved with the others of its place. */
const MOST_IN_BIN = 0xffff

const NO_SLOT = -1
const NO_MINUTE = -1

/** The running minute of a place. */
const RUNNING = {
  place: 'i32',
  n: 'u32',
  errors: 'u32',
  bins: { type: 'u16', width: BINS },
} as const

/** A ring of ended minutes by slot: minute m lies at m % MINUTES. */
const ENDED = {
  minute: { type: 'i32', width: MINUTES, fill: NO_MINUTE },
  n: { type: 'u32', width: MINUTES },
  errors: { type: 'u32', width: MINUTES },
  p50: { type: 'f32', width: MINUTES },
  p99: { type: 'f32', width: MINUTES },
} as const

/** What happened in one place in one minute of data time. */
export interface PlaceMinute {
  /** Its start over its length. */
  readonly minute: number
  readonly n: number
  readonly errors: number
  /** Quantiles of the self times, ns. */
  readonly p50: number
  readonly p99: number
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** What each place did in the last minutes, for people to look at: nothing is decided by it. */
export class PlaceHistory {
  /** The running minute; -1 before the first observation. */
  minute = NO_MINUTE
  /** Occurrences in places for which there was no room. */
  dropped = 0
  readonly #running = new Columns(RUNNING, 64)
  readonly #ended = new Columns(ENDED, 64)
  /** By place. */
  #slots = new Int32Array(256).fill(NO_SLOT)
  /** Slots given out so far, and those among them that are free again, the next one last. */
  #used = 0
  #free: number[] = []

  /** Ends the running minute if an observation lies beyond it; whether it did. */
  begin(timeMs: number): boolean {
    const minute = Math.floor(timeMs / MINUTE_MS)
    if (minute <= this.minute) return false
    const isFirst = this.minute === NO_MINUTE
    if (!isFirst) this.#end(minute)
    this.minute = minute
    return !isFirst
  }

  /** Data time was wrong and was set back: what lies beyond it never was. */
  turnBack(timeMs: number): void {
    const now = Math.floor(timeMs / MINUTE_MS)
    if (now >= this.minute) return
    this.minute = now
    const { minute } = this.#ended.of
    for (let i = 0; i < this.#used * MINUTES; i++) if (minute[i]! >= now) minute[i] = NO_MINUTE
  }

  count(
    { place, selfNs, count }: Pick<TraceElements, 'place' | 'selfNs' | 'count'>,
    { ownError }: Pick<OccurrenceScan, 'ownError'>,
  ): void {
    let { n, errors, bins } = this.#running.of
    for (let i = 0; i < count; i++) {
      const at = place[i]!
      if (at <= OTHER_PAIR) continue
      let slot = this.#slots[at] ?? NO_SLOT
      if (slot === NO_SLOT) {
        slot = this.#take(at)
        if (slot === NO_SLOT) {
          this.dropped++
          continue
        }
        ;({ n, errors, bins } = this.#running.of)
      }
      n[slot]!++
      if (ownError[i] === 1) errors[slot]!++
      const bin = slot * BINS + binOf(selfNs[i]!)
      if (++bins[bin]! === MOST_IN_BIN) this.#halve(slot)
    }
  }

  /** The ended minutes from one on, in their order; one without a call is a minute too. */
  since(place: number, from: number): PlaceMinute[] {
    const slot = this.#slots[place] ?? NO_SLOT
    const found: PlaceMinute[] = []
    const { minute, n, errors, p50, p99 } = this.#ended.of
    for (let at = Math.max(from, this.minute - MINUTES); at < this.minute; at++) {
      const i = slot * MINUTES + (at % MINUTES)
      if (slot === NO_SLOT || minute[i] !== at) {
        found.push({ minute: at, n: 0, errors: 0, p50: 0, p99: 0 })
      } else found.push({ minute: at, n: n[i]!, errors: errors[i]!, p50: p50[i]!, p99: p99[i]! })
    }
    return found
  }

  /** The running minute of a place so far; null where there is nothing of it. */
  running(place: number): PlaceMinute | null {
    const slot = this.#slots[place] ?? NO_SLOT
    const { n, errors } = this.#running.of
    if (slot === NO_SLOT || n[slot] === 0) return null
    const [p50, p99] = [this.#quantile(slot, 0.5), this.#quantile(slot, 0.99)]
    return { minute: this.minute, n: n[slot]!, errors: errors[slot]!, p50, p99 }
  }

  /** Ends the running minute: `next` is the one that begins. */
  #end(next: number): void {
    const { place, n, errors } = this.#running.of
    const ended = this.#ended.of
    for (let slot = 0; slot < this.#used; slot++) {
      if (place[slot] === 0) continue
      if (n[slot]! > 0) {
        const i = slot * MINUTES + (this.minute % MINUTES)
        ended.minute[i] = this.minute
        ended.n[i] = n[slot]!
        ended.errors[i] = errors[slot]!
        ended.p50[i] = this.#quantile(slot, 0.5)
        ended.p99[i] = this.#quantile(slot, 0.99)
        const its = place[slot]!
        this.#running.clear(slot)
        place[slot] = its
      } else if (!this.#isRemembered(slot, next)) this.#release(slot)
    }
  }

  #isRemembered(slot: number, next: number): boolean {
    const { minute } = this.#ended.of
    for (let i = slot * MINUTES; i < (slot + 1) * MINUTES; i++) {
      if (minute[i]! >= next - MINUTES) return true
    }
    return false
  }

  /** A slot for a place, or NO_SLOT where there is none. */
  #take(place: number): number {
    if (this.#free.length === 0 && this.#used >= MOST_PLACES) return NO_SLOT
    const slot = this.#free.pop() ?? this.#used++
    this.#running.grow(this.#used)
    this.#ended.grow(this.#used)
    this.#running.of.place[slot] = place
    this.#index(place, slot)
    return slot
  }

  #release(slot: number): void {
    this.#slots[this.#running.of.place[slot]!] = NO_SLOT
    this.#running.clear(slot)
    this.#ended.clear(slot)
    this.#free.push(slot)
  }

  #index(place: number, slot: number): void {
    this.#slots = grownTo(this.#slots, place + 1, NO_SLOT)
    this.#slots[place] = slot
  }

  /** Of the self times of the running minute, ns. */
  #quantile(slot: number, share: number): number {
    const { bins } = this.#running.of
    const from = slot * BINS
    let total = 0
    for (let bin = 0; bin < BINS; bin++) total += bins[from + bin]!
    let left = share * total
    for (let bin = 0; bin < BINS; bin++) {
      const held = bins[from + bin]!
      if (held > 0 && held >= left) {
        return lowerEdge(bin) + (left / held) * (lowerEdge(bin + 1) - lowerEdge(bin))
      }
      left -= held
    }
    return lowerEdge(BINS)
  }

  /** A bin is full: the halves of all are as good a picture. */
  #halve(slot: number): void {
    const { bins } = this.#running.of
    for (let i = slot * BINS; i < (slot + 1) * BINS; i++) bins[i] = bins[i]! >> 1
  }

  /** These places will be other ones. */
  forget(places: Iterable<number>): void {
    for (const place of places) {
      const slot = this.#slots[place] ?? NO_SLOT
      if (slot !== NO_SLOT) this.#release(slot)
    }
  }

  /** Plain data. */
  state() {
    return {
      minute: this.minute,
      dropped: this.dropped,
      free: [...this.#free],
      running: this.#running.save(this.#used),
      ended: this.#ended.save(this.#used),
    }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore({ minute, dropped, free, running, ended }: PlaceHistoryState): void {
    this.minute = minute
    this.dropped = dropped
    this.#free = [...free]
    this.#running.restore(running)
    this.#ended.restore(ended)
    this.#used = this.#running.rows
    const { place } = this.#running.of
    for (let slot = 0; slot < this.#used; slot++)
      if (place[slot]! > 0) this.#index(place[slot]!, slot)
  }
}

export type PlaceHistoryState = ReturnType<PlaceHistory['state']>

/** The bin of a self time, ns. */
function binOf(selfNs: number): number {
  float[0] = selfNs
  const bin = (bits[0]! >>> 21) - FIRST_BIN
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin
}

/** Least self time of a bin, ns. */
function lowerEdge(bin: number): number {
  if (bin === 0) return 0
  bits[0] = (bin + FIRST_BIN) << 21
  return float[0]!
}
