import type { SpanColumns } from '../otlp/span-columns.ts'
import type { AssemblerCounts } from './assembler-counts.ts'
import {
  type ClockDisagreement,
  ClockSenders,
  type ClockSendersState,
  HEARD_RECORDS,
  type SendersView,
} from './clock-senders.ts'
import { isPlausibleHi, isPlausibleMs } from './span-times.ts'

/** How far after the time that most services have reached a span is believed by itself, ms. */
const GRACE_MS = 20_000
/** In its first records a clock that started too far ahead is set back after this many, later after more. */
const PROBATION_RECORDS = 16
const BACK_RECORDS_FIRST = 3
const BACK_RECORDS = 8
/** Traces that must agree before data time moves further than `maxJumpMs`. */
const VOTERS = 3
/** Records after a set-back in which the services of one record alone are not believed. */
const MISTRUST_RECORDS = 1024

/** What a record did to the clock: went on (or not), jumped ahead, or was set: started or set back. */
export type ClockMove = 'on' | 'jump' | 'set'

export interface DataClockState {
  readonly watermarkMs: number
  readonly believedMs: number
  readonly records: number
  readonly mistrustedUntil: number
  readonly behindRecords: number
  readonly isWaited: boolean
  readonly senders: ClockSendersState & { readonly record: number }
  /** Of the last records, the latest last: how far each moved the clock, its spans in reach and ahead. */
  readonly recent: readonly RecordView[]
  readonly voters: readonly Voter[]
}

interface RecordView {
  readonly movedMs: number
  readonly near: number
  readonly ahead: number
  /** The earliest end that was ahead. */
  readonly aheadMs: number
}

/** A trace with a span that is ahead: its id as text, and the earliest such end. */
interface Voter {
  readonly id: string
  readonly endMs: number
}

/**
 * Data time: the latest end of a span that can be believed. A span is believed if it ends no later than
 * `GRACE_MS` after the time that most services have reached (more in a slow stream, whose records are
 * further apart by themselves). What is further ahead moves the clock only where several agree: most
 * services heard lately, or most of those in one record (two at least), and beyond `maxJumpMs` three
 * traces as well; where only one or two services send at all, three traces and most of the latest spans.
 *
 * The clock goes back where most services have been behind it for eight records in a row (three in its
 * first ones): then it was wrong, or the log was.
 */
export class DataClock {
  /** ms since 1970; 0 before the first plausible time. */
  watermarkMs = 0
  /** A span that ends later than this is not believed. */
  believedMs = 0
  readonly #maxJumpMs: number
  readonly #senders = new ClockSenders()
  readonly #all: SendersView = { asked: 0, ahead: 0, behind: 0, agreedMs: 0 }
  readonly #inRecord: SendersView = { asked: 0, ahead: 0, behind: 0, agreedMs: 0 }
  #records = 0
  #mistrustedUntil = 0
  #behindRecords = 0
  /** Spans that were not believed wait for what comes. */
  #isWaited = false
  #recent: RecordView[] = []
  #voters: Voter[] = []

  constructor(maxJumpMs: number) {
    this.#maxJumpMs = maxJumpMs
  }

  /** Moves on by the spans of one record. */
  observe(columns: SpanColumns, counts: AssemblerCounts): ClockMove {
    counts.absurdTimes += countAbsurd(columns)
    const isStart = this.watermarkMs === 0
    if (isStart) {
      this.watermarkMs = medianEndMs(columns)
      if (this.watermarkMs === 0) return 'on'
      this.believedMs = this.watermarkMs + this.#graceMs()
    }
    const before = this.watermarkMs
    const { near, ahead, behind, latestMs, aheadMs } = this.#hear(columns)
    if (near + ahead + behind === 0) return 'on'
    this.#records++
    if (latestMs > before) this.watermarkMs = latestMs
    this.#senders.view('all', this.#all)
    this.#senders.view('record', this.#inRecord)
    const move = this.#decide(columns, ahead, counts)
    this.#recent.push(
      this.#seenFrom({ movedMs: Math.max(0, this.watermarkMs - before), near, ahead, aheadMs }),
    )
    if (this.#recent.length > HEARD_RECORDS) this.#recent.shift()
    this.believedMs = this.#limitMs()
    return isStart ? 'set' : move
  }

  /** How late a span may end to be believed: a grace after what most services have reached, not before data time. */
  #limitMs(): number {
    const now = this.watermarkMs
    const { asked, agreedMs } = this.#all
    const reached = asked < 2 ? now : Math.min(agreedMs, now)
    return Math.max(now, reached + this.#graceMs())
  }

  /** Services whose spans were ahead of what can be believed. */
  disagreeing(): ClockDisagreement[] {
    return this.#senders.disagreeing()
  }

  /** Services that are asked for the time, as vocabulary ids. */
  services(): Int32Array {
    return this.#senders.services()
  }

  state(): DataClockState {
    return {
      watermarkMs: this.watermarkMs,
      believedMs: this.believedMs,
      records: this.#records,
      mistrustedUntil: this.#mistrustedUntil,
      behindRecords: this.#behindRecords,
      isWaited: this.#isWaited,
      senders: this.#senders.state(),
      recent: [...this.#recent],
      voters: [...this.#voters],
    }
  }

  restore(state: DataClockState): void {
    this.watermarkMs = state.watermarkMs
    this.believedMs = state.believedMs
    this.#records = state.records
    this.#mistrustedUntil = state.mistrustedUntil
    this.#behindRecords = state.behindRecords
    this.#isWaited = state.isWaited
    this.#senders.restore(state.senders)
    this.#recent = [...state.recent]
    this.#voters = [...state.voters]
  }

  /** Spans by what they say of the time, and the latest end that is believed. */
  #hear(columns: SpanColumns): {
    near: number
    ahead: number
    behind: number
    latestMs: number
    aheadMs: number
  } {
    const { endMs, service, traceId } = columns.of
    const senders = this.#senders
    const limit = this.believedMs
    const floor = this.watermarkMs - 2 * this.#graceMs()
    const heard = { near: 0, ahead: 0, behind: 0, latestMs: 0, aheadMs: Number.POSITIVE_INFINITY }
    senders.begin()
    for (let row = 0; row < columns.count; row++) {
      const end = endMs[row]!
      if (!isPlausibleMs(end)) continue
      if (end > limit) {
        heard.ahead++
        if (end < heard.aheadMs) heard.aheadMs = end
        senders.ahead(service[row]!, end, end - this.watermarkMs)
        this.#vote(traceId, row * 4, end)
      } else if (end < floor) {
        heard.behind++
        senders.behind(service[row]!, end)
      } else {
        heard.near++
        senders.near(service[row]!, end)
        if (end > heard.latestMs) heard.latestMs = end
      }
    }
    return heard
  }

  #decide(columns: SpanColumns, ahead: number, counts: AssemblerCounts): ClockMove {
    if (this.#isBehind()) return this.#goBack(columns, counts)
    if (ahead === 0) {
      if (this.#recent.every((record) => record.ahead === 0)) this.#voters = []
      return 'on'
    }
    const to = this.#agreedAhead(ahead)
    const limit = to + this.#graceMs()
    if (limit <= this.believedMs) {
      counts.rejectedJumps += ahead
      this.#isWaited = true
      return 'on'
    }
    const before = this.believedMs
    const left = this.#moveTo(columns, Math.max(to, this.watermarkMs), limit)
    counts.rejectedJumps += left
    if (this.watermarkMs <= before) return 'on'
    counts.acceptedJumps++
    const isWaited = this.#isWaited
    this.#isWaited = left > 0
    return isWaited ? 'jump' : 'on'
  }

  #goBack(columns: SpanColumns, counts: AssemblerCounts): ClockMove {
    const to = this.#all.agreedMs
    this.#moveTo(columns, to, to + this.#graceMs())
    this.#behindRecords = 0
    this.#isWaited = false
    counts.clockRestarts++
    if (this.#records > PROBATION_RECORDS) this.#mistrustedUntil = this.#records + MISTRUST_RECORDS
    return 'set'
  }

  /** Sets data time to the latest end in [`fromMs`, `limitMs`], at least `fromMs`; returns how many spans are later. */
  #moveTo(columns: SpanColumns, fromMs: number, limitMs: number): number {
    let latest = fromMs
    let later = 0
    for (let row = 0; row < columns.count; row++) {
      const end = columns.of.endMs[row]!
      if (end > limitMs && isPlausibleMs(end)) later++
      else if (end > latest) latest = end
    }
    this.watermarkMs = latest
    this.believedMs = limitMs
    this.#senders.judgeAnew(limitMs, latest - 2 * this.#graceMs())
    this.#senders.view('all', this.#all)
    this.#voters = this.#voters.filter(({ endMs }) => endMs > limitMs)
    this.#recent = this.#recent.map((record) => this.#seenFrom(record))
    return later
  }

  /** What was ahead is in reach where data time has come to it. */
  #seenFrom(record: RecordView): RecordView {
    if (record.aheadMs > this.believedMs) return record
    return { ...record, near: record.near + record.ahead, ahead: 0, aheadMs: Infinity }
  }

  /** The latest time that enough agree on, or 0 where there is none. */
  #agreedAhead(ahead: number): number {
    const { asked, agreedMs } = this.#all
    const isVoted = this.#voters.length >= VOTERS
    let agreed = 0
    if (asked >= 2 && (isVoted || this.#isInReach(agreedMs))) agreed = agreedMs
    if (isMost(this.#inRecord) && this.#records > this.#mistrustedUntil) {
      const inRecord = this.#inRecord.agreedMs
      if (inRecord > agreed && this.#isInReach(inRecord)) agreed = inRecord
    }
    if (!isVoted || asked > 2) return agreed
    const spans = { ahead, near: 0 }
    for (const record of this.#recent) {
      spans.ahead += record.ahead
      spans.near += record.near
    }
    return spans.ahead > spans.near ? Math.max(agreed, this.#voters[0]!.endMs) : agreed
  }

  #isInReach(timeMs: number): boolean {
    return timeMs - this.watermarkMs <= this.#maxJumpMs
  }

  /** Whether most services have been behind for long enough. */
  #isBehind(): boolean {
    const { asked, behind } = this.#inRecord
    if (behind * 2 > asked) this.#behindRecords++
    else this.#behindRecords = 0
    const isYoung = this.#records <= PROBATION_RECORDS
    const enough = this.#behindRecords >= (isYoung ? BACK_RECORDS_FIRST : BACK_RECORDS)
    return enough && this.#all.behind * 2 > this.#all.asked
  }

  /** Keeps the traces whose spans are ahead the least, the least first. */
  #vote(words: Uint32Array, at: number, endMs: number): void {
    const last = this.#voters.at(-1)
    if (this.#voters.length === VOTERS && last && endMs > last.endMs) return
    const id = words.subarray(at, at + 4).join('.')
    const known = this.#voters.find((voter) => voter.id === id)
    if (known && known.endMs <= endMs) return
    const voters = this.#voters.filter((voter) => voter !== known)
    voters.push({ id, endMs })
    voters.sort((a, b) => a.endMs - b.endMs || (a.id < b.id ? -1 : 1))
    this.#voters = voters.slice(0, VOTERS)
  }

  /** Twice what the last records moved the clock, without the longest step: a slow stream has long ones. */
  #graceMs(): number {
    let sum = 0
    let longest = 0
    for (const { movedMs } of this.#recent) {
      sum += movedMs
      longest = Math.max(longest, movedMs)
    }
    return Math.min(Math.max(GRACE_MS, 2 * (sum - longest)), this.#maxJumpMs)
  }
}

/** Whether two services or more, and most of those heard, are ahead. */
function isMost({ asked, ahead }: SendersView): boolean {
  return ahead >= 2 && ahead * 2 > asked
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
