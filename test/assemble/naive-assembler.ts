import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import {
  endMsOf,
  endOf,
  type SpanCopy,
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
  dropped: boolean
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
  invalid = 0
  skewShifts = 0
  cycles = 0
  evicted = 0
  #open: OpenTrace[] = [] // the oldest first
  #closed = new Set<number>()
  #now = 0
  #records = 0
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
    if (this.#closed.has(draft.trace)) {
      this.late++
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
        dropped: false,
      }
      this.#open.push(open)
    }
    if (open.spans.length === this.#settings.maxSpansPerTrace) {
      this.overlong++
      open.dropped = true
    } else {
      if (this.openSpans === this.#settings.maxOpenSpans) this.#evict()
      if (this.#closed.has(draft.trace)) {
        this.late++
        return
      }
      open.spans.push(draft)
    }
    open.lastSeen = this.#now
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
    if (open.rootSeen && quiet < latest) return { at: quiet, cause: 'quiet' }
    return { at: latest, cause: 'max_wait' }
  }

  #ordered(): OpenTrace[] {
    const key = (open: OpenTrace) => this.#deadline(open).at
    return [...this.#open].sort((a, b) => key(a) - key(b) || a.trace - b.trace)
  }

  #close(open: OpenTrace, cause: string): void {
    this.#open = this.#open.filter((one) => one !== open)
    this.#closed.add(open.trace)
    const unique = new Map<number, SpanDraft>()
    for (const draft of open.spans) {
      if (unique.has(draft.span)) this.duplicates++
      else unique.set(draft.span, draft)
    }
    const spans = [...unique.values()].sort(byStart)
    const tree = this.#tree(spans)
    const ends = spans.map(endMsOf).filter(isPlausible)
    this.out.push({
      trace: open.trace,
      cause,
      truncated: open.dropped,
      endMs: ends.length > 0 ? Math.max(...ends) : this.#now,
      ...tree,
    })
  }

  /** `spans` in order of start. */
  #tree(spans: readonly SpanDraft[]) {
    const byId = new Map(spans.map((draft) => [draft.span, draft]))
    const parents = new Map<SpanDraft, SpanDraft>()
    for (const draft of spans) {
      const parent = byId.get(draft.parent ?? 0)
      if (parent) parents.set(draft, parent)
    }
    // In order of start, so the first of a cycle to be asked is its earliest.
    for (const draft of spans) {
      let up = parents.get(draft)
      for (let i = 0; i < spans.length && up && up !== draft; i++) up = parents.get(up)
      if (up !== draft) continue
      parents.delete(draft)
      this.cycles++
    }
    const tops = spans.filter((draft) => !parents.has(draft))
    const roots = tops.filter((draft) => (draft.parent ?? 0) === 0)
    const entry = roots[0] ?? tops[0]!
    const orphans = tops.filter(
      (draft) => draft !== entry && (draft.parent ?? 0) !== 0 && !byId.has(draft.parent!),
    )
    const children = (of: SpanDraft) =>
      spans.filter((draft) => draft !== entry && (parents.get(draft) ?? entry) === of)

    const placed: (SpanCopy & { at: bigint })[] = []
    const place = (draft: SpanDraft, up: number, parent: SpanDraft | undefined, moved: bigint) => {
      const above = placed[up]
      let at = startOf(draft) + moved
      let duration = endOf(draft) - startOf(draft)
      const hasStart = isPlausible(Number(startOf(draft) / 1_000_000n))
      if (duration < 0n || !hasStart || !isPlausible(endMsOf(draft))) duration = 0n
      let shift = moved
      if (!hasStart) {
        at = above ? above.at : (earliestStart(spans) ?? BigInt(this.#now * 1e6))
      } else if (above && parent && (parent.service ?? 2) !== (draft.service ?? 2)) {
        const fix = skew(draft, at, duration, parent, above.at, BigInt(above.duration))
        if (fix !== 0n) this.skewShifts++
        shift += fix
        at += fix
      }
      const position = placed.length
      placed.push({ span: draft.span, up, start: 0, duration: Number(duration), at })
      for (const child of children(draft)) place(child, position, parents.get(child), shift)
    }
    place(entry, -1, undefined, 0n)
    const startNs = placed.reduce((least, { at }) => (at < least ? at : least), placed[0]!.at)
    return {
      rooted: roots.length > 0,
      orphans: orphans.length,
      startNs,
      spans: placed.map(({ at, ...span }) => ({ ...span, start: Number(at - startNs) })),
    }
  }
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
