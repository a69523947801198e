import type { EvidenceSpan, TraceEvidence } from '../contract/anomaly.ts'

/** OTLP's status code of a span that failed. */
const STATUS_ERROR = 2
/** Kind of a line of a log among spans; none of OTLP's. */
const KIND_LOG = 6

/** How a call of the anomaly differs from its counterpart in the normal trace. */
export type Difference =
  | 'same'
  | 'missing'
  | 'extra'
  | 'slower'
  | 'faster'
  | 'status'
  | 'attributes'

/** One line of the two aligned waterfalls: the same call in both traces, or in one of them. */
export interface AlignedCall {
  /** 0 = entry. */
  readonly depth: number
  readonly service: string
  readonly operation: string
  /** Operation of the calling span, '' for the entry. */
  readonly parentOperation: string
  readonly normal: EvidenceSpan | null
  readonly anomaly: EvidenceSpan | null
  /** Further calls of the same kind in one trace only, folded into this line (their own children too). */
  readonly folded: number
  /** Time of the folded calls together, ms. */
  readonly foldedMs: number
  readonly difference: Difference
  /** Whether it, or a call below it, differs. */
  readonly leads: boolean
  /** Attributes whose values differ: key, normal value, anomaly's value. */
  readonly attributes: readonly AttributeDifference[]
}

export interface AttributeDifference {
  readonly key: string
  readonly normal: string | null
  readonly anomaly: string | null
}

export interface AlignedTraces {
  readonly calls: readonly AlignedCall[]
  /** Lines that found no room under the limit; the ones without a difference go first. */
  readonly hidden: number
  /** End of the later of the two traces, ms from their start: one axis for both. */
  readonly spanMs: number
}

/** More unmatched calls of one kind under one parent than this are folded into one line. */
const FOLD_ABOVE = 2
/** A self time counts as different from this factor on ... */
const TIME_FACTOR = 1.5
/** ... and from this share of the longer trace on, so that microseconds are not blamed. */
export const MATERIAL_SHARE = 0.05

/**
 * Aligns an anomaly with its normal counterpart by call path: the i-th call of one service and
 * operation (and callee) under a parent stands beside the i-th such call under the same parent of the other trace.
 * Either trace may be absent. At most `maxCalls` lines come back.
 */
export function alignTraces(
  normal: TraceEvidence | null,
  anomaly: TraceEvidence | null,
  maxCalls = 400,
): AlignedTraces {
  const normalTree = new CallTree(normal)
  const anomalyTree = new CallTree(anomaly)
  const spanMs = Math.max(normalTree.endMs, anomalyTree.endMs, 0.001)
  const calls: AlignedCall[] = []
  // Depth first with a stack of our own: a hostile trace may be thousands of calls deep.
  const stack: Pair[] = pairChildren(normalTree, -1, anomalyTree, -1, 0, '').reverse()
  for (let pair = stack.pop(); pair; pair = stack.pop()) {
    const call = alignedCall(pair, normalTree, anomalyTree, spanMs)
    calls.push(call)
    if (pair.folded > 0) continue
    const below = pairChildren(
      normalTree,
      pair.normal,
      anomalyTree,
      pair.anomaly,
      pair.depth + 1,
      call.operation,
    )
    for (let i = below.length - 1; i >= 0; i--) stack.push(below[i] as Pair)
  }
  return withinLimit(markLeading(calls), maxCalls, spanMs)
}

/** Walking backwards, a call is an ancestor of one that differs if it is less deep than the last such. */
function markLeading(calls: readonly AlignedCall[]): AlignedCall[] {
  let ancestorsBelow = 0
  const marked = [...calls].reverse().map((call): AlignedCall => {
    const leads = call.difference !== 'same' || call.depth < ancestorsBelow
    if (leads) ancestorsBelow = call.depth
    return { ...call, leads }
  })
  return marked.reverse()
}

/** A line to be: indices into the two traces, -1 = not there. */
interface Pair {
  readonly depth: number
  readonly normal: number
  readonly anomaly: number
  readonly parentOperation: string
  readonly folded: number
  readonly foldedMs: number
  /** Start from the parent's start, ms: the order of lines. */
  readonly orderMs: number
}

/** A trace with the children of every span at hand, in order of their start. */
class CallTree {
  readonly spans: readonly EvidenceSpan[]
  readonly endMs: number
  readonly #children: number[][]
  readonly #tops: number[] = []

  constructor(trace: TraceEvidence | null) {
    this.spans = trace?.spans ?? []
    this.#children = this.spans.map(() => [])
    let endMs = 0
    this.spans.forEach((span, index) => {
      // Parents come before their children; anything else is treated as a top, so no cycle can form.
      const siblings = span.parent < index ? this.#children[span.parent] : undefined
      ;(siblings ?? this.#tops).push(index)
      endMs = Math.max(endMs, span.startMs + span.durationMs)
    })
    this.endMs = endMs
    for (const list of [this.#tops, ...this.#children]) {
      list.sort((a, b) => this.startMs(a) - this.startMs(b) || a - b)
    }
  }

  children(index: number): readonly number[] {
    return index < 0 ? this.#tops : (this.#children[index] ?? [])
  }

  startMs(index: number): number {
    return this.spans[index]?.startMs ?? 0
  }

  /** Whom a call reaches in another service: `HTTP POST` alone does not say which call it is. */
  callee(index: number): string {
    const first = this.children(index).find((at) => this.spans[at]?.kind !== KIND_LOG)
    const child = this.spans[first ?? -1]
    if (!child || child.service === this.spans[index]?.service) return ''
    return `${child.service} ${child.operation}`
  }
}

function pairChildren(
  normal: CallTree,
  normalParent: number,
  anomaly: CallTree,
  anomalyParent: number,
  depth: number,
  parentOperation: string,
): Pair[] {
  // -1 at depth 0 means the tops; below it means that the parent is not there.
  const left = depth > 0 && normalParent < 0 ? [] : normal.children(normalParent)
  const right = depth > 0 && anomalyParent < 0 ? [] : anomaly.children(anomalyParent)
  const groups = new Map<string, { left: number[]; right: number[] }>()
  const add = (tree: CallTree, indices: readonly number[], side: 'left' | 'right'): void => {
    for (const index of indices) {
      const span = tree.spans[index]
      const key = JSON.stringify([span?.service, span?.operation, span?.kind, tree.callee(index)])
      const group = groups.get(key) ?? { left: [], right: [] }
      group[side].push(index)
      groups.set(key, group)
    }
  }
  add(normal, left, 'left')
  add(anomaly, right, 'right')
  const normalStart = normal.startMs(normalParent)
  const anomalyStart = anomaly.startMs(anomalyParent)
  const pairs: Pair[] = []
  const push = (n: number, a: number, rest: readonly EvidenceSpan[]): void => {
    const foldedMs = rest.reduce((sum, span) => sum + span.durationMs, 0)
    const orderMs = a >= 0 ? anomaly.startMs(a) - anomalyStart : normal.startMs(n) - normalStart
    pairs.push({
      depth,
      normal: n,
      anomaly: a,
      parentOperation,
      folded: rest.length,
      foldedMs,
      orderMs,
    })
  }
  for (const group of groups.values()) {
    const both = Math.min(group.left.length, group.right.length)
    for (let i = 0; i < both; i++) push(group.left[i] ?? -1, group.right[i] ?? -1, [])
    pushUnmatched(group.left.slice(both), normal, (first, rest) => push(first, -1, rest))
    pushUnmatched(group.right.slice(both), anomaly, (first, rest) => push(-1, first, rest))
  }
  return pairs.sort((a, b) => a.orderMs - b.orderMs)
}

function pushUnmatched(
  indices: readonly number[],
  tree: CallTree,
  push: (first: number, rest: readonly EvidenceSpan[]) => void,
): void {
  if (indices.length <= FOLD_ABOVE) {
    for (const index of indices) push(index, [])
    return
  }
  const rest = indices.slice(1).flatMap((index) => tree.spans[index] ?? [])
  push(indices[0] ?? -1, rest)
}

function alignedCall(
  pair: Pair,
  normalTree: CallTree,
  anomalyTree: CallTree,
  spanMs: number,
): AlignedCall {
  const normal = normalTree.spans[pair.normal] ?? null
  const anomaly = anomalyTree.spans[pair.anomaly] ?? null
  const attributes = attributeDifferences(normal, anomaly)
  return {
    depth: pair.depth,
    service: (anomaly ?? normal)?.service ?? '',
    operation: (anomaly ?? normal)?.operation ?? '',
    parentOperation: pair.parentOperation,
    normal,
    anomaly,
    folded: pair.folded,
    foldedMs: pair.foldedMs,
    difference: differenceOf(normal, anomaly, attributes, spanMs),
    leads: false,
    attributes,
  }
}

/** Whether its own status is an error. */
export function hasFailed(span: EvidenceSpan | null): boolean {
  return span?.status === STATUS_ERROR
}

function differenceOf(
  normal: EvidenceSpan | null,
  anomaly: EvidenceSpan | null,
  attributes: readonly AttributeDifference[],
  spanMs: number,
): Difference {
  if (!anomaly) return 'missing'
  if (!normal) return 'extra'
  // Unset and ok are the same to a reader; only an error differs.
  if (hasFailed(normal) !== hasFailed(anomaly)) return 'status'
  const material = Math.abs(anomaly.selfMs - normal.selfMs) >= spanMs * MATERIAL_SHARE
  if (material && anomaly.selfMs >= normal.selfMs * TIME_FACTOR) return 'slower'
  if (material && normal.selfMs >= anomaly.selfMs * TIME_FACTOR) return 'faster'
  return attributes.length > 0 ? 'attributes' : 'same'
}

function attributeDifferences(
  normal: EvidenceSpan | null,
  anomaly: EvidenceSpan | null,
): AttributeDifference[] {
  if (!normal || !anomaly) return []
  const keys = new Set([...Object.keys(normal.attributes), ...Object.keys(anomaly.attributes)])
  return [...keys].sort().flatMap((key) => {
    const difference = {
      key,
      normal: normal.attributes[key] ?? null,
      anomaly: anomaly.attributes[key] ?? null,
    }
    return difference.normal === difference.anomaly ? [] : [difference]
  })
}

/** Cuts to the limit: calls without a difference that lead to none go first, from the end. */
function withinLimit(
  calls: readonly AlignedCall[],
  maxCalls: number,
  spanMs: number,
): AlignedTraces {
  if (calls.length <= maxCalls) return { calls, hidden: 0, spanMs }
  // What room is left goes to the first of the others; in this order no line loses its parent.
  let room = maxCalls - calls.filter(({ leads }) => leads).length
  const kept = calls.filter((call) => call.leads || room-- > 0).slice(0, maxCalls)
  return { calls: kept, hidden: calls.length - kept.length, spanMs }
}
