import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import {
  endMsOf,
  endOf,
  hundredths,
  type SpanDraft,
  startOf,
  type TraceCopy,
} from './span-drafts.ts'

interface OpenTrace {
  readonly trace: number
  readonly spans: SpanDraft[]
  readonly firstSeen: number
  readonly firstRecord: number
  lastSeen: number
  rootSeen: boolean
  rootEnd: number
  latestEnd: number
  dropped: boolean
  /** What comes after the trace was handed out: when that was; long = it went on all the time. */
  readonly late: Closed | null
}

interface Closed {
  readonly at: number
  readonly long: boolean
  /** When the last message was sent that is known of it, ns since 1970. */
  readonly sent: bigint
}

/** A span where it hangs, at its time, with all below it. */
interface Placed {
  readonly draft: SpanDraft
  readonly at: bigint
  readonly duration: bigint
  /** Whether its parent is there. */
  readonly isChild: boolean
  readonly children: Placed[]
}

/**
 * The rules of assembling written down slowly: arrays, maps, recursion, everything recomputed at every
 * record. Knows nothing of jumps of data time: the largest end is believed.
 */
export class NaiveAssembler {
  readonly out: TraceCopy[] = []
  late = 0
  duplicates = 0
  overlong = 0
  consumers = 0
  lateParts = 0
  invalid = 0
  skewShifts = 0
  cycles = 0
  evicted = 0
  #open: OpenTrace[] = [] // the oldest first
  #closed = new Map<number, Closed>()
  #now = 0
  #records = 0
  /** Earliest spans of cycles in the trace at hand. */
  readonly #cut = new Set<SpanDraft>()
  readonly #settings: AssembleSettings

  constructor(settings: AssembleSettings) {
    this.#settings = settings
  }

  add(drafts: readonly SpanDraft[]): void {
    const ends = drafts.map(endMsOf).filter(isPlausible)
    this.#now = Math.max(this.#now, ...ends)
    for (const draft of drafts) this.#put(draft)
    this.#records++
    for (;;) {
      const due = this.#ordered().filter((open) => this.#deadline(open).at <= this.#now)
      if (due.length === 0) break
      this.#close(due[0]!, this.#deadline(due[0]!).cause)
    }
  }

  flush(): void {
    for (const open of this.#ordered()) this.#close(open, 'end_of_input')
  }

  lowWatermark(): number {
    return Math.min(this.#records, ...this.#open.map((open) => open.firstRecord))
  }

  get openTraces(): number {
    return this.#open.length
  }

  get openSpans(): number {
    return this.#open.reduce((sum, open) => sum + open.spans.length, 0)
  }

  #put(draft: SpanDraft): void {
    if (draft.trace === 0 || draft.span === 0) {
      this.invalid++
      return
    }
    let open = this.#open.find((one) => one.trace === draft.trace)
    if (!open) {
      if (this.#open.length === this.#settings.maxOpenTraces) this.#evict()
      open = {
        trace: draft.trace,
        spans: [],
        firstSeen: this.#now,
        firstRecord: this.#records,
        lastSeen: 0,
        rootSeen: false,
        rootEnd: 0,
        latestEnd: 0,
        dropped: false,
        late: this.#closed.get(draft.trace) ?? null,
      }
      this.#open.push(open)
    }
    if (open.spans.length === this.#settings.maxSpansPerTrace) {
      this.overlong++
      open.dropped = true
    } else {
      if (this.openSpans === this.#settings.maxOpenSpans) this.#evict()
      if (!this.#open.includes(open)) {
        this.late++
        return
      }
      open.spans.push(draft)
    }
    open.lastSeen = this.#now
    if (isPlausible(endMsOf(draft))) open.latestEnd = Math.max(open.latestEnd, endMsOf(draft))
    if ((draft.parent ?? 0) === 0) {
      open.rootSeen = true
      const end = endMsOf(draft)
      if (isPlausible(end)) open.rootEnd = Math.max(open.rootEnd, end)
    }
  }

  #evict(): void {
    this.evicted++
    this.#close(this.#open[0]!, 'evicted')
  }

  #deadline(open: OpenTrace): { at: number; cause: string } {
    const latest = open.firstSeen + this.#settings.maxWaitMs
    const quiet = Math.max(open.rootEnd, open.lastSeen) + this.#settings.quietMs
    if ((open.rootSeen || open.late) && quiet < latest) return { at: quiet, cause: 'quiet' }
    return { at: latest, cause: 'max_wait' }
  }

  #ordered(): OpenTrace[] {
    const key = (open: OpenTrace) => this.#deadline(open).at
    return [...this.#open].sort((a, b) => key(a) - key(b) || a.trace - b.trace)
  }

  #close(open: OpenTrace, cause: string): void {
    this.#open = this.#open.filter((one) => one !== open)
    const unique: SpanDraft[] = []
    for (const draft of open.spans) {
      const same = unique.filter(({ span }) => span === draft.span)
      const isOther = same.length === 1 && PAIRS.has(`${kindOf(same[0]!)}${kindOf(draft)}`)
      if (same.length === 0 || isOther) unique.push(draft)
      else this.duplicates++
    }
    const spans = unique.sort(byStart)
    const half = this.#now - this.#settings.maxWaitMs / 2
    const goesOn = cause === 'max_wait' && (open.late !== null || open.latestEnd > half)
    const long = open.late?.long === true || goesOn
    const apart = open.late !== null || (long && !open.rootSeen)
    const { entry, rooted } = this.#tree(spans)
    const sentBefore = this.#closed.get(open.trace)?.sent ?? null
    const sent = this.#lastSent(entry, open.late === null ? spans : [], sentBefore)
    this.#closed.set(open.trace, { at: this.#now, long, sent })
    const tops = [entry, ...below(entry).filter((one) => this.#begins(one, entry, apart))]
    tops.sort((x, y) => below(entry).indexOf(x) - below(entry).indexOf(y))
    const kept: SpanDraft[] = []
    for (const top of tops) {
      const own = below(top, (one) => one === top || !tops.includes(one))
      const ends = own.map(({ draft }) => endMsOf(draft)).filter(isPlausible)
      const latest = Math.max(0, ...ends.filter((end) => end <= this.#now))
      if (apart && long && cause === 'max_wait' && latest > this.#now - this.#settings.quietMs) {
        kept.push(...own.map(({ draft }) => draft))
        continue
      }
      const isOver = open.late !== null && !open.late.long
      if (isOver && !own.some(({ draft }) => endMsOf(draft) > open.late!.at)) {
        this.late += own.length
        continue
      }
      if (apart) this.lateParts++
      else if (top !== entry) this.consumers++
      const startNs = own.reduce((least, { at }) => (at < least ? at : least), own[0]!.at)
      this.out.push({
        trace: open.trace,
        part: apart ? 'late' : top === entry ? 'trace' : 'consumer',
        cause,
        truncated: open.dropped,
        endMs: latest > 0 ? latest : this.#now,
        rooted: apart || top !== entry || rooted,
        orphans: own.filter((one) => one !== top && this.#isOrphan(one)).length,
        startNs,
        ...this.#waitOf(top, entry, apart && open.late ? sentBefore : null),
        spans: own.map((one) => ({
          span: one.draft.span,
          up: one === top ? -1 : own.findIndex((other) => other.children.includes(one)),
          start: Number(one.at - startNs),
          duration: Number(one.duration),
        })),
      })
    }
    if (kept.length === 0) return
    this.#open.push({
      trace: open.trace,
      spans: kept,
      firstSeen: this.#now,
      firstRecord: this.#records - 1,
      lastSeen: this.#now,
      rootSeen: false,
      rootEnd: 0,
      latestEnd: 0,
      dropped: open.dropped,
      late: { at: this.#now, long: true, sent },
    })
  }

  /** When the last message of a trace was sent; by its end where it sends none, as far as that is asked. */
  #lastSent(entry: Placed, spans: readonly SpanDraft[], before: bigint | null): bigint {
    const producers = below(entry).filter(({ draft }) => draft.kind === 4)
    const ends = producers.map(({ at, duration }) => at + duration)
    if (before !== null) ends.push(before)
    const latest = spans.map(endMsOf).filter((end) => isPlausible(end) && end <= this.#now)
    const byItsEnd = latest.length > 0 ? Math.max(...latest) : this.#now
    if (ends.length === 0) return BigInt(Math.round(byItsEnd * 1e6))
    return ends.reduce((last, end) => (end > last ? end : last))
  }

  /** How long the message waited that a segment begins with, and who sent it. */
  #waitOf(
    top: Placed,
    entry: Placed,
    sentBefore: bigint | null,
  ): { waitMs: number; sender: number } {
    const { draft, at, isChild } = top
    const nobody = { waitMs: -1, sender: 0 }
    const isDated = ({ draft: one }: Placed): boolean =>
      isPlausible(Number(startOf(one) / 1_000_000n))
    if (draft.kind !== 5 || !isDated(top)) return nobody
    const since = (from: bigint): number => Math.max(0, hundredths(Number(at - from) / 1e6))
    if (isChild) {
      const up = below(entry).find((other) => other.children.includes(top))
      if (!up || !isDated(up)) return nobody
      return { waitMs: since(up.at + up.duration), sender: up.draft.service ?? 2 }
    }
    if (sentBefore === null || !this.#isOrphan(top)) return nobody
    return { waitMs: since(sentBefore), sender: 0 }
  }

  /** Whether a span begins a segment. */
  #begins(one: Placed, entry: Placed, apart: boolean): boolean {
    if (one === entry) return false
    const takes = one.draft.kind === 5
    if (!one.isChild) return apart || takes
    const parent = below(entry).find((other) => other.children.includes(one))!.draft
    return takes && (parent.kind === 4 || (parent.service ?? 2) !== (one.draft.service ?? 2))
  }

  #isOrphan({ draft, isChild }: Placed): boolean {
    return !isChild && (draft.parent ?? 0) !== 0 && !this.#cut.has(draft)
  }

  /** `spans` in order of start. */
  #tree(spans: readonly SpanDraft[]): { entry: Placed; rooted: boolean } {
    const parents = new Map<SpanDraft, SpanDraft>()
    const service = (draft: SpanDraft) => draft.service ?? 2
    for (const draft of spans) {
      const asking = kindOf(draft) === 2 ? 3 : kindOf(draft) === 5 ? 4 : -1
      const twin = spans.find((one) => one.span === draft.span && kindOf(one) === asking)
      const above = spans.filter(({ span }) => span === (draft.parent ?? 0))
      const answers = above.find((one) => [2, 5].includes(kindOf(one))) ?? above[0]
      const asks = above.find((one) => one !== answers)
      const isOwn = asks && service(asks) === service(draft) && service(answers!) !== service(draft)
      const parent = twin ?? (isOwn ? asks : answers)
      if (parent) parents.set(draft, parent)
    }
    this.#cut.clear()
    // In order of start, so the first of a cycle to be asked is its earliest.
    for (const draft of spans) {
      let up = parents.get(draft)
      for (let i = 0; i < spans.length && up && up !== draft; i++) up = parents.get(up)
      if (up !== draft) continue
      parents.delete(draft)
      this.#cut.add(draft)
      this.cycles++
    }
    const tops = spans.filter((draft) => !parents.has(draft))
    const roots = tops.filter((draft) => (draft.parent ?? 0) === 0 && !this.#cut.has(draft))
    const entry = roots[0] ?? tops[0]!
    const children = (of: SpanDraft) =>
      spans.filter((draft) => draft !== entry && (parents.get(draft) ?? entry) === of)

    const place = (draft: SpanDraft, above: Placed | null, moved: bigint): Placed => {
      const parent = parents.get(draft)
      let at = startOf(draft) + moved
      let duration = endOf(draft) - startOf(draft)
      const hasStart = isPlausible(Number(startOf(draft) / 1_000_000n))
      if (duration < 0n || !hasStart || !isPlausible(endMsOf(draft))) duration = 0n
      let shift = moved
      if (!hasStart) {
        at = above ? above.at : (earliestStart(spans) ?? BigInt(this.#now * 1e6))
      } else if (above && parent && (parent.service ?? 2) !== (draft.service ?? 2)) {
        const fix = skew(draft, at, duration, parent, above.at, above.duration)
        if (fix !== 0n) this.skewShifts++
        shift += fix
        at += fix
      }
      const placed: Placed = { draft, at, duration, isChild: parent !== undefined, children: [] }
      for (const child of children(draft)) placed.children.push(place(child, placed, shift))
      return placed
    }
    return { entry: place(entry, null, 0n), rooted: roots.length > 0 }
  }
}

/** A span and what is below it, parents first, as far as `into` lets. */
function below(top: Placed, into: (one: Placed) => boolean = () => true): Placed[] {
  return into(top) ? [top, ...top.children.flatMap((child) => below(child, into))] : []
}

/** Kinds that may share a span id. */
const PAIRS = new Set(['32', '23', '45', '54'])

function kindOf(draft: SpanDraft): number {
  return draft.kind ?? 1
}

function skew(
  draft: SpanDraft,
  start: bigint,
  duration: bigint,
  parent: SpanDraft,
  parentStart: bigint,
  parentDuration: bigint,
): bigint {
  const early = start < parentStart
  if (!early && start + duration <= parentStart + parentDuration) return 0n
  const isMessage = (draft.kind ?? 1) > 3 || (parent.kind ?? 1) > 3
  if (!isMessage && duration <= parentDuration) {
    return parentStart + (parentDuration - duration) / 2n - start
  }
  return early ? parentStart - start : 0n
}

function isPlausible(ms: number): boolean {
  return ms >= Date.UTC(2000, 0, 1) && ms < Date.UTC(2100, 0, 1)
}

function earliestStart(spans: readonly SpanDraft[]): bigint | undefined {
  const starts = spans.map(startOf).filter((at) => isPlausible(Number(at / 1_000_000n)))
  return starts.sort((a, b) => (a < b ? -1 : 1))[0]
}

function byStart(a: SpanDraft, b: SpanDraft): number {
  const key = (draft: SpanDraft) => {
    const start = startOf(draft)
    return isPlausible(Number(start / 1_000_000n)) ? start : 2n ** 64n
  }
  if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1
  return a.span - b.span
}
