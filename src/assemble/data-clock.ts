import type { SpanColumns } from '../otlp/span-columns.ts'
import type { AssemblerCounts } from './assembler-counts.ts'
import { JumpVote, type JumpVoteState } from './jump-vote.ts'
import { isPlausibleHi, isPlausibleMs } from './span-times.ts'

/** Records in which a clock that started too far ahead may still be set back. */
const PROBATION_RECORDS = 16
/** Records after which a vote that most spans speak against is dropped. */
const VOTE_RECORDS = 64

/** What a record did to the clock: went on (or not), jumped ahead, or was set: started or set back. */
export type ClockMove = 'on' | 'jump' | 'set'

export interface DataClockState {
  readonly watermarkMs: number
  readonly records: number
  readonly ahead: JumpVoteState
  readonly behind: JumpVoteState
}

/**
 * Data time: the largest end of a span seen, kept sane. No span moves it ahead by more than
 * `maxJumpMs` unless three traces (and most spans) agree, see `JumpVote`. It never goes back, except
 * in the first few records: if the very first came from a host whose clock is ahead, everything
 * after it would wait for that time to come.
 */
export class DataClock {
  /** ms since 1970; 0 before the first plausible time. */
  watermarkMs = 0
  readonly #maxJumpMs: number
  #records = 0
  readonly #ahead = new JumpVote()
  readonly #behind = new JumpVote()

  constructor(maxJumpMs: number) {
    this.#maxJumpMs = maxJumpMs
  }

  /** Moves on by the spans of one record. */
  observe(columns: SpanColumns, counts: AssemblerCounts): ClockMove {
    counts.absurdTimes += countAbsurd(columns)
    const isStart = this.watermarkMs === 0
    if (isStart) this.watermarkMs = medianEndMs(columns)
    const before = this.watermarkMs
    if (before === 0) return 'on'
    const { count } = columns
    const { endMs, traceId } = columns.of
    const limit = before + this.#maxJumpMs
    const floor = this.#records < PROBATION_RECORDS ? before - this.#maxJumpMs : 0
    let latest = before
    let ahead = 0
    let behind = 0
    let near = 0
    for (let row = 0; row < count; row++) {
      const end = endMs[row]!
      if (!isPlausibleMs(end)) continue
      if (end > limit) {
        ahead++
        this.#ahead.add(traceId, row * 4, end)
      } else if (end < floor) {
        behind++
        this.#behind.add(traceId, row * 4, end)
      } else {
        near++
        if (end > latest) latest = end
      }
    }
    this.watermarkMs = latest
    if (ahead + behind + near > 0) this.#records++
    const move = this.#decide(columns, ahead, behind, near, counts)
    return isStart ? 'set' : move
  }

  #decide(
    columns: SpanColumns,
    ahead: number,
    behind: number,
    near: number,
    counts: AssemblerCounts,
  ): ClockMove {
    const reach = this.#maxJumpMs
    if (this.#ahead.voters > 0) {
      this.#ahead.count(near + behind, this.watermarkMs + reach, Number.POSITIVE_INFINITY)
    }
    if (this.#behind.voters > 0) {
      this.#behind.count(near + ahead, 0, this.watermarkMs - reach)
      if (this.#records > PROBATION_RECORDS) this.#behind.clear()
    }
    const back = this.#behind.verdict()
    const to = back > 0 ? back : this.#ahead.verdict()
    if (to === 0) {
      if (this.#ahead.isStale(VOTE_RECORDS)) this.#ahead.clear()
      counts.rejectedJumps += ahead
      return 'on'
    }
    this.watermarkMs = latestWithin(columns, to, to + reach)
    this.#ahead.count(0, this.watermarkMs + reach, Number.POSITIVE_INFINITY)
    this.#ahead.recount()
    this.#behind.clear()
    if (back > 0) counts.clockRestarts++
    else counts.acceptedJumps++
    return back > 0 ? 'set' : 'jump'
  }

  state(): DataClockState {
    return {
      watermarkMs: this.watermarkMs,
      records: this.#records,
      ahead: this.#ahead.state(),
      behind: this.#behind.state(),
    }
  }

  restore(state: DataClockState): void {
    this.watermarkMs = state.watermarkMs
    this.#records = state.records
    this.#ahead.restore(state.ahead)
    this.#behind.restore(state.behind)
  }
}

/** Latest end in [fromMs, toMs], at least `fromMs`. */
function latestWithin(columns: SpanColumns, fromMs: number, toMs: number): number {
  let latest = fromMs
  for (let row = 0; row < columns.count; row++) {
    const end = columns.of.endMs[row]!
    if (end > latest && end <= toMs) latest = end
  }
  return latest
}

/** Lower median of the plausible ends: one clock that is ahead does not decide. 0 if there are none. */
function medianEndMs(columns: SpanColumns): number {
  const ends = columns.of.endMs.slice(0, columns.count).filter(isPlausibleMs).sort()
  return ends[(ends.length - 1) >> 1] ?? 0
}

function countAbsurd(columns: SpanColumns): number {
  const { count } = columns
  const { endMs, startHi } = columns.of
  let absurd = 0
  for (let row = 0; row < count; row++) {
    if (!isPlausibleMs(endMs[row]!) || !isPlausibleHi(startHi[row]!)) absurd++
  }
  return absurd
}
