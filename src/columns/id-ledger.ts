import { Columns, type SavedColumns } from './columns.ts'
import { Marks } from './marks.ts'

/** Ids of nothing and of everything that found no room: they are never given out, and never free. */
const RESERVED = 2

/** Seen in so many different turns, something is of the house; other things give their room back first. */
const FAMILIAR = 4
/** Turns for which nothing is forgotten, and nothing that is of the house, though room is short. */
const RECENT = 1
const RECENT_FAMILIAR = 36

/** Share of the room from which it is short, and that is left in use when it is made. */
const SHORT = 3 / 4
const ENOUGH = 1 / 2

const AGES = {
  /** Turn in which it was seen last; 0: the id is free. */
  last: 'u32',
  /** Different turns in which it was seen, as far as they can be counted; 0: it was given up. */
  turns: 'u8',
} as const

export interface IdLedgerState {
  readonly turn: number
  readonly given: number
  readonly forgotten: number
  readonly ages: SavedColumns<typeof AGES>
}

/** Which things of a table were not seen for long, and may go if nothing refers to them. */
export interface ForgetRule {
  /** Turns after which everything may go. */
  readonly after: number
  /** Things that there is room for. */
  readonly limit: number
  /** Share of the room that is used; where it is not a matter of how many there are. */
  readonly share?: number
  /** Those that go for want of room after all others. */
  readonly essential?: Marks
  /** Those that something refers to: that they go for want of room is of no use. */
  readonly used?: Marks
}

/**
 * The ids that a table has given out: when each was seen last, and which are free again. Time is counted
 * in turns, which the owner ends. The lowest free id is given out first, so that which one it is depends
 * on nothing but what was given and released before.
 */
export class IdLedger {
  /** Above all ids in use. */
  size = RESERVED
  /** Ids in use, the reserved ones included. */
  living = RESERVED
  /** Ids given out and taken back, ever. */
  given = 0
  forgotten = 0
  #turn = 1
  #next = RESERVED
  readonly #ages = new Columns(AGES, 256)

  /** Changes whenever an id is given out or taken back. */
  get changes(): number {
    return this.given + this.forgotten
  }

  endTurn(): void {
    this.#turn++
  }

  /** The id of something new. */
  take(): number {
    const { last } = this.#ages.of
    while (this.#next < this.size && last[this.#next] !== 0) this.#next++
    const id = this.#next++
    if (id === this.size) {
      this.size++
      this.#ages.grow(this.size)
    }
    this.#ages.of.last[id] = this.#turn
    this.#ages.of.turns[id] = 1
    this.living++
    this.given++
    return id
  }

  /** Something that has an id was seen. */
  see(id: number): void {
    const { last, turns } = this.#ages.of
    if (last[id] === this.#turn && turns[id] !== 0) return
    last[id] = this.#turn
    if (turns[id]! < 255) turns[id]!++
  }

  isFree(id: number): boolean {
    return id >= RESERVED && (id >= this.size || this.#ages.of.last[id] === 0)
  }

  /** Whether it was not seen since it was given up. */
  isGivenUp(id: number): boolean {
    return id >= RESERVED && this.#ages.of.turns[id] === 0
  }

  /** Whether it was seen a short while ago. */
  isRecent(id: number): boolean {
    return this.#turn - this.#ages.of.last[id]! < RECENT
  }

  isShort(rule: ForgetRule): boolean {
    return this.#shareOf(rule) >= SHORT
  }

  #shareOf({ limit, share = this.living / limit }: ForgetRule): number {
    return share
  }

  /** What may go: what was not seen for long, and for want of room what was not seen the longest. */
  idle(rule: ForgetRule): Marks {
    const idle = new Marks(this.size)
    const candidates: number[] = []
    const { last, turns } = this.#ages.of
    for (let id = RESERVED; id < this.size; id++) {
      if (last[id] === 0) continue
      const age = this.#turn - last[id]!
      if (age >= rule.after) idle.add(id)
      else if (
        rule.used?.has(id) !== true &&
        age >= (turns[id]! >= FAMILIAR ? RECENT_FAMILIAR : RECENT)
      )
        candidates.push(id)
    }
    if (!this.isShort(rule)) return idle
    const { essential } = rule
    const worth = (id: number): number =>
      2 * Number(essential?.has(id) === true) + Number(turns[id]! >= FAMILIAR)
    candidates.sort((a, b) => worth(a) - worth(b) || last[a]! - last[b]! || a - b)
    idle.addAll(candidates.slice(0, Math.ceil(this.living * (1 - ENOUGH / this.#shareOf(rule)))))
    return idle
  }

  /** Takes note that something may go: what was learned of it is forgotten, though something refers to it. */
  giveUp(id: number): void {
    this.#ages.of.turns[id] = 0
  }

  /** The id is free. */
  release(id: number): void {
    this.#ages.clear(id)
    this.living--
    this.forgotten++
    if (id < this.#next) this.#next = id
  }

  state(): IdLedgerState {
    const { given, forgotten } = this
    return { turn: this.#turn, given, forgotten, ages: this.#ages.save(this.size) }
  }

  /** Takes over a state; only valid on a fresh ledger. */
  restore({ turn, given, forgotten, ages }: IdLedgerState): void {
    this.#turn = turn
    this.given = given
    this.forgotten = forgotten
    this.#ages.restore(ages)
    this.size = this.#ages.rows
    const { last } = ages
    for (let id = RESERVED; id < this.size; id++) if (last[id] !== 0) this.living++
  }
}
