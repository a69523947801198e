import { Columns, type SavedColumns } from '../columns/columns.ts'

/** Services that are asked for the time; those heard longest ago make room. */
const MOST_SENDERS = 256
/** Records after which a service that says nothing has no say in the time any more. */
export const HEARD_RECORDS = 8

const NONE = -1

/** What a service said of the time. */
const SENDER = {
  service: 'i32',
  record: 'f64', // number of the record in which it was heard last
  endMs: 'f64', // when that says it is
  // Its spans in that record: believable, ahead of that, long past; and the nearest end of each kind.
  near: 'u32',
  ahead: 'u32',
  behind: 'u32',
  nearMs: 'f64',
  aheadMs: 'f64',
  behindMs: 'f64',
  // Ever: spans that were ahead, and how far the last of them was.
  aheadEver: 'f64',
  offsetMs: 'f64',
} as const

export interface ClockSendersState {
  readonly senders: SavedColumns<typeof SENDER>
}

/** How the services divide: of those asked, how many, how many ahead and behind, and the time that most have reached. */
export interface SendersView {
  asked: number
  ahead: number
  behind: number
  agreedMs: number
}

/** A service whose spans were ahead of data time. */
export interface ClockDisagreement {
  /** Vocabulary id of the service's name. */
  readonly service: number
  readonly spans: number
  /** How far the last of them was ahead of data time, ms. */
  readonly offsetMs: number
}

/**
 * What each service says of the time: one voice a service, however many spans it sends, so that no single
 * one moves data time, be it a phone or the whole of a tenant. In a record a service says what most of its
 * spans there say. Order within a record does not matter.
 */
export class ClockSenders {
  #count = 0
  #record = 0
  #last = NONE
  readonly #rows = new Columns(SENDER, 16)
  readonly #slots = new Map<number, number>()
  readonly #ends = new Float64Array(MOST_SENDERS)

  /** A record of its own begins. */
  begin(): void {
    this.#record++
    this.#last = NONE
  }

  /** A span that ended at a believable time. */
  near(service: number, endMs: number): void {
    const { of } = this.#rows
    const slot = this.#slotOf(service)
    if (slot === NONE) return
    if (of.near[slot]!++ === 0 || endMs > of.nearMs[slot]!) of.nearMs[slot] = endMs
  }

  /** A span that ended after what can be believed, `offsetMs` after data time. */
  ahead(service: number, endMs: number, offsetMs: number): void {
    const { of } = this.#rows
    const slot = this.#slotOf(service)
    if (slot === NONE) return
    if (of.ahead[slot]!++ === 0 || endMs < of.aheadMs[slot]!) {
      of.aheadMs[slot] = endMs
      of.offsetMs[slot] = offsetMs
    }
    of.aheadEver[slot]!++
  }

  /** A span that ended long ago. */
  behind(service: number, endMs: number): void {
    const { of } = this.#rows
    const slot = this.#slotOf(service)
    if (slot === NONE) return
    if (of.behind[slot]!++ === 0 || endMs > of.behindMs[slot]!) of.behindMs[slot] = endMs
  }

  /** The record is at its end: of those heard in it, or of all that have a say. */
  view(only: 'record' | 'all', into: SendersView): void {
    const { record, endMs, ahead, near, behind } = this.#rows.of
    const since = this.#record - (only === 'all' ? HEARD_RECORDS - 1 : 0)
    const ends = this.#ends
    into.asked = into.ahead = into.behind = 0
    for (let slot = 0; slot < this.#count; slot++) {
      if (record[slot]! < since) continue
      if (record[slot] === this.#record) endMs[slot] = this.#said(slot)
      ends[into.asked++] = endMs[slot]!
      if (ahead[slot]! > near[slot]! + behind[slot]!) into.ahead++
      else if (behind[slot]! > near[slot]!) into.behind++
    }
    const ascending = ends.subarray(0, into.asked).sort()
    into.agreedMs = ascending[(into.asked - 1) >> 1] ?? 0
  }

  /** Data time moved by more than a step: what was ahead or behind may not be any more. */
  judgeAnew(limitMs: number, floorMs: number): void {
    const { endMs, near, ahead, behind, nearMs, aheadMs, behindMs, aheadEver } = this.#rows.of
    for (let slot = 0; slot < this.#count; slot++) {
      const end = endMs[slot]!
      // Time came to where it was: it was right.
      if (end <= limitMs) aheadEver[slot] = Math.max(0, aheadEver[slot]! - ahead[slot]!)
      near[slot] = ahead[slot] = behind[slot] = 0
      nearMs[slot] = aheadMs[slot] = behindMs[slot] = end
      if (end > limitMs) ahead[slot] = 1
      else if (end < floorMs) behind[slot] = 1
      else near[slot] = 1
    }
  }

  /** Services whose spans were ahead, those with the most such spans first. */
  disagreeing(): ClockDisagreement[] {
    const { service, aheadEver, offsetMs } = this.#rows.of
    const found: ClockDisagreement[] = []
    for (let slot = 0; slot < this.#count; slot++) {
      const spans = aheadEver[slot]!
      if (spans > 0) found.push({ service: service[slot]!, spans, offsetMs: offsetMs[slot]! })
    }
    return found.sort((a, b) => b.spans - a.spans || a.service - b.service)
  }

  /** All services that are known here. */
  services(): Int32Array {
    return this.#rows.of.service.subarray(0, this.#count)
  }

  state(): ClockSendersState & { readonly record: number } {
    return { record: this.#record, senders: this.#rows.save(this.#count) }
  }

  restore(state: ClockSendersState & { readonly record: number }): void {
    this.#record = state.record
    this.#rows.restore(state.senders)
    this.#count = this.#rows.rows
    this.#slots.clear()
    this.#rows.of.service.forEach((service, slot) => {
      this.#slots.set(service, slot)
    })
  }

  /** What most of its spans in the running record say; of as many, the earlier. */
  #said(slot: number): number {
    const { near, ahead, behind, nearMs, aheadMs, behindMs } = this.#rows.of
    if (ahead[slot]! > near[slot]! + behind[slot]!) return aheadMs[slot]!
    if (near[slot]! >= behind[slot]! && near[slot]! > 0) return nearMs[slot]!
    return behind[slot]! > 0 ? behindMs[slot]! : aheadMs[slot]!
  }

  /** The service's slot, its counts those of the running record; -1 where there is no room. */
  #slotOf(service: number): number {
    const { of } = this.#rows
    const last = this.#last
    if (last !== NONE && of.service[last] === service) return last
    let slot = this.#slots.get(service) ?? NONE
    if (slot === NONE) {
      slot = this.#count < MOST_SENDERS ? this.#count++ : this.#forgotten()
      if (slot === NONE) return NONE
      this.#rows.grow(this.#count)
      this.#rows.clear(slot)
      of.service[slot] = service
      this.#slots.set(service, slot)
    }
    if (of.record[slot] !== this.#record) {
      of.record[slot] = this.#record
      of.near[slot] = of.ahead[slot] = of.behind[slot] = 0
    }
    this.#last = slot
    return slot
  }

  /** The slot of the service heard longest ago, if it has no say any more. */
  #forgotten(): number {
    const { record, service } = this.#rows.of
    let oldest = 0
    for (let slot = 1; slot < this.#count; slot++)
      if (record[slot]! < record[oldest]!) oldest = slot
    if (record[oldest]! > this.#record - HEARD_RECORDS) return NONE
    this.#slots.delete(service[oldest]!)
    return oldest
  }
}
