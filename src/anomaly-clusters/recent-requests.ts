import { CONSTANTS } from '../baseline/constants.ts'
import type { Writable } from './writable.ts'

/** Data time that a slot covers, ms, and slots that are kept. */
const SLOT_MS = 5000
const MOST_SLOTS = 120

/** The requests of one entry operation over some time. */
export interface RequestCounts {
  readonly requests: number
  readonly failed: number
  /** Those that did not fail, but took longer than nearly all do normally. */
  readonly slow: number
  /** Those of the slow that took plainly longer than that. */
  readonly plainlySlow: number
  /** Fine ones after the last that suffered: part of it only if another one suffers. */
  readonly fineAfter: number
}

export const NO_REQUESTS: RequestCounts = {
  requests: 0,
  failed: 0,
  slow: 0,
  plainlySlow: 0,
  fineAfter: 0,
}

/** What became of one request. */
export type RequestOutcome = 'fine' | 'failed' | 'slow' | 'plainlySlow'

/** ... of one that did not fail, by its duration over the one that hardly any normal request exceeds. */
export function outcomeOf(overTail: number): RequestOutcome {
  if (overTail <= 1) return 'fine'
  return overTail <= CONSTANTS.plainly ? 'slow' : 'plainlySlow'
}

/** Written in place: a request is counted without a new object. */
interface SlotCounts extends Writable<RequestCounts> {
  /** Requests of the slot before the first that failed or was slow. */
  fineBefore: number
}

/** The counts with one more request; the last that suffered is the last that counts. */
export function withRequest<C extends RequestCounts>(counts: C, outcome: RequestOutcome): C {
  const more = { ...counts }
  addRequest(more, outcome)
  return more
}

function addRequest(counts: Writable<RequestCounts>, outcome: RequestOutcome): void {
  if (outcome === 'fine') {
    counts.fineAfter++
    return
  }
  counts.requests += counts.fineAfter + 1
  counts.fineAfter = 0
  counts[outcome]++
  if (outcome === 'plainlySlow') counts.slow++
}

/**
 * The requests of the last ten minutes by entry operation, so that a cluster that opens can say who has
 * suffered since it began. Bounded: old slots are forgotten.
 */
export class RecentRequests {
  /** By number of the slot, ascending, and by stratum. */
  readonly #slots = new Map<number, Map<number, SlotCounts>>()

  add(stratum: number, timeMs: number, outcome: RequestOutcome): void {
    const number = Math.floor(timeMs / SLOT_MS)
    let slot = this.#slots.get(number)
    if (!slot) {
      slot = new Map()
      this.#slots.set(number, slot)
      this.#forget(number)
    }
    let counts = slot.get(stratum)
    if (!counts) {
      counts = { ...NO_REQUESTS, fineBefore: 0 }
      slot.set(stratum, counts)
    }
    const isFirst = outcome !== 'fine' && counts.failed + counts.slow === 0
    if (isFirst) counts.fineBefore = counts.fineAfter
    addRequest(counts, outcome)
  }

  /** The requests since a change that began at `fromMs`: in its slot from the first that suffered on. */
  since(stratum: number, fromMs: number): RequestCounts {
    const first = Math.floor(fromMs / SLOT_MS)
    const total = { ...NO_REQUESTS }
    for (const [number, slot] of [...this.#slots].sort((a, b) => a[0] - b[0])) {
      const counts = slot.get(stratum)
      if (number < first || !counts) continue
      const { requests, failed, slow, plainlySlow, fineBefore, fineAfter } = counts
      if (failed + slow === 0) {
        if (number > first) total.fineAfter += fineAfter
        continue
      }
      total.requests += total.fineAfter + requests - (number > first ? 0 : fineBefore)
      total.failed += failed
      total.slow += slow
      total.plainlySlow += plainlySlow
      total.fineAfter = fineAfter
    }
    return total
  }

  /** Entry operations with requests among them. */
  *strata(): Generator<number> {
    for (const slot of this.#slots.values()) yield* slot.keys()
  }

  /** Forgets what is older than `MOST_SLOTS` before the newest, and what lies after a clock set back. */
  #forget(newest: number): void {
    for (const number of this.#slots.keys()) {
      if (Math.abs(newest - number) >= MOST_SLOTS) this.#slots.delete(number)
    }
  }

  state() {
    return [...this.#slots].map(([number, slot]) => [number, copyOf(slot)] as const)
  }

  restore(state: ReturnType<RecentRequests['state']>): void {
    for (const [number, slot] of state) this.#slots.set(number, new Map(copyOf(slot)))
  }
}

function copyOf(slot: Iterable<readonly [stratum: number, counts: SlotCounts]>) {
  return Array.from(slot, ([stratum, counts]) => [stratum, { ...counts }] as const)
}
