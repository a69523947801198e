/**
 * What an assembler did, in numbers that only rise. Every span is accounted for:
 * `spans = spansOut + lateSpans + duplicates + overlongSpans + invalidIds + spans still open`.
 */
export interface AssemblerCounts {
  records: number
  /** Spans taken in, whatever became of them. */
  spans: number
  /** Spans handed out in traces. */
  spansOut: number
  /** Spans that came after their trace was closed and ended before, or found no room; dropped. */
  lateSpans: number
  /** Parts handed out of traces: from a consumer on, and what came after its trace was handed out. */
  consumerSegments: number
  lateSegments: number
  /** Repetitions of a span of the same trace (delivery is at least once); dropped. */
  duplicates: number
  /** Spans beyond `maxSpansPerTrace`; dropped. */
  overlongSpans: number
  /** Spans whose trace id or span id is all zero, which OTLP calls invalid; dropped. */
  invalidIds: number
  /** Traces handed out, by cause. */
  closedQuiet: number
  closedMaxWait: number
  closedEndOfInput: number
  /** Traces closed early because `maxOpenTraces` or `maxOpenSpans` was reached. */
  evictedForTraces: number
  evictedForSpans: number
  /** Closed ids forgotten for want of room: late spans of theirs would open a trace again. */
  closedIdsForgotten: number
  /** Traces handed out without a root, with orphans, with spans known to be missing. */
  rootless: number
  orphaned: number
  truncated: number
  /** Of those without root or with orphans, how many had spans from records without a key. */
  incompleteUnkeyed: number
  /** Spans whose parent was never seen, hung under the entry. */
  orphanSpans: number
  /** Further spans without parent id, hung under the entry. */
  extraRoots: number
  /** Cycles of parents (a span that names itself included), cut at their earliest span. */
  cycles: number
  /** Spans moved, with all below them, because the clocks of two services differ. */
  skewShifts: number
  /** Spans that ended before they started; their duration counts as 0. */
  negativeDurations: number
  /** Spans with a start or end before 2000 or after 2100. */
  absurdTimes: number
  /** Spans that ended too far ahead of data time to be believed, and jumps that were believed. */
  rejectedJumps: number
  acceptedJumps: number
  /** Times the clock was set back in its first records, because it had started too far ahead. */
  clockRestarts: number
}

export function emptyCounts(): AssemblerCounts {
  return {
    records: 0,
    spans: 0,
    spansOut: 0,
    lateSpans: 0,
    consumerSegments: 0,
    lateSegments: 0,
    duplicates: 0,
    overlongSpans: 0,
    invalidIds: 0,
    closedQuiet: 0,
    closedMaxWait: 0,
    closedEndOfInput: 0,
    evictedForTraces: 0,
    evictedForSpans: 0,
    closedIdsForgotten: 0,
    rootless: 0,
    orphaned: 0,
    truncated: 0,
    incompleteUnkeyed: 0,
    orphanSpans: 0,
    extraRoots: 0,
    cycles: 0,
    skewShifts: 0,
    negativeDurations: 0,
    absurdTimes: 0,
    rejectedJumps: 0,
    acceptedJumps: 0,
    clockRestarts: 0,
  }
}
