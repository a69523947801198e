import type { TraceElements } from './trace-elements.ts'

/**
 * What the evidence needs to know of a trace beyond its elements: which errors are a span's own, and
 * the *runs*: all children of one span that are in the same place, with their number. Arrays are
 * reused for the next trace.
 */
export class OccurrenceScan {
  /** 1 where span i failed although nothing below it did: errors travel up, blame should not. */
  ownError = new Uint8Array(256)
  /** 1 where that is because nobody answered its call. */
  noAnswer = new Uint8Array(256)
  /** Runs in use. */
  runs = 0
  /** Index of the span that the run hangs under, of its first span, its place, and its number of spans. */
  runParent = new Int32Array(256)
  runFirst = new Int32Array(256)
  runPlace = new Int32Array(256)
  runCount = new Int32Array(256)
  /** Nothing is known to be missing, so that an absent child says something. */
  complete = true
  #failedBelow = new Uint8Array(256)
  #slots = new Int32Array(512)
  #stamps = new Uint32Array(512)
  #now = 0
  // What tells the last trace from all others: id, start and number of spans.
  readonly #last = new Float64Array(7)

  /** Reads a trace; does nothing if it is the one that was read last. */
  read(elements: TraceElements): void {
    const { trace, count } = elements
    if (this.#isLast(elements)) return
    if (count > this.ownError.length) this.#grow(count)
    this.complete = trace.rooted && trace.orphans === 0 && !trace.truncated
    this.#findOwnErrors(elements)
    this.#countRuns(elements)
  }

  #isLast({ trace, count }: TraceElements): boolean {
    const last = this.#last
    const same =
      last[0] === count &&
      last[1] === trace.startHi &&
      last[2] === trace.startLo &&
      last[3] === trace.id[0] &&
      last[4] === trace.id[1] &&
      last[5] === trace.id[2] &&
      last[6] === trace.id[3]
    if (same) return true
    last[0] = count
    last[1] = trace.startHi
    last[2] = trace.startLo
    for (let w = 0; w < 4; w++) last[3 + w] = trace.id[w]!
    return false
  }

  /** Index of the run of `place` under span `parent`, or -1. */
  find(parent: number, place: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(parent, place) & mask
    while (this.#stamps[slot] === this.#now) {
      const run = this.#slots[slot]!
      if (this.runParent[run] === parent && this.runPlace[run] === place) return run
      slot = (slot + 1) & mask
    }
    return -1
  }

  /** Parents come before their children, so going backwards sees all of a span's descendants. */
  #findOwnErrors(elements: TraceElements): void {
    const { trace, count, failed, unanswered } = elements
    const failedBelow = this.#failedBelow
    for (let i = 0; i < count; i++) failedBelow[i] = 0
    for (let i = count - 1; i >= 0; i--) {
      const hasFailed = failed[i] === 1
      const own = hasFailed && failedBelow[i] === 0
      this.ownError[i] = own ? 1 : 0
      this.noAnswer[i] = own && unanswered[i] === 1 ? 1 : 0
      const above = trace.parent[i]!
      if (above >= 0 && (hasFailed || failedBelow[i] === 1)) failedBelow[above] = 1
    }
  }

  #countRuns(elements: TraceElements): void {
    const { trace, count, place } = elements
    const { parent } = trace
    this.runs = 0
    if (this.#now === 0xffffffff) {
      this.#stamps.fill(0)
      this.#now = 0
    }
    this.#now++
    const mask = this.#slots.length - 1
    for (let i = 1; i < count; i++) {
      const above = parent[i]!
      const own = place[i]!
      let slot = hash(above, own) & mask
      let run = -1
      while (this.#stamps[slot] === this.#now) {
        const known = this.#slots[slot]!
        if (this.runParent[known] === above && this.runPlace[known] === own) {
          run = known
          break
        }
        slot = (slot + 1) & mask
      }
      if (run >= 0) {
        this.runCount[run]!++
        continue
      }
      run = this.runs++
      this.runParent[run] = above
      this.runFirst[run] = i
      this.runPlace[run] = own
      this.runCount[run] = 1
      this.#stamps[slot] = this.#now
      this.#slots[slot] = run
    }
  }

  #grow(least: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(least))
    this.ownError = new Uint8Array(capacity)
    this.noAnswer = new Uint8Array(capacity)
    this.#failedBelow = new Uint8Array(capacity)
    this.runParent = new Int32Array(capacity)
    this.runFirst = new Int32Array(capacity)
    this.runPlace = new Int32Array(capacity)
    this.runCount = new Int32Array(capacity)
    this.#slots = new Int32Array(capacity * 2)
    this.#stamps = new Uint32Array(capacity * 2)
    this.#now = 0
  }
}

function hash(parent: number, place: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(place, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
