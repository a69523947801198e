import { SEMANTIC_SLOTS, type SlotTable, slotTable } from '../../src/otlp/attribute-slots.ts'
import type { DecodeTarget } from '../../src/otlp/decode-target.ts'
import { unansweredWords } from '../../src/otlp/error-words.ts'
import { RejectedSpans } from '../../src/otlp/rejected-spans.ts'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'

/** A decoded span as a plain object: what readers of every kind are compared by. */
export interface PlainSpan {
  traceId: string
  spanId: string
  /** '' = none. */
  parentId: string
  service: string
  name: string
  kind: number
  status: number
  startNs: bigint
  durationNs: number
  endMs: number
  events: number
  links: number
  /** Text by slot name; missing ones left out. */
  attributes: Record<string, string>
}

const CATEGORIES = ['app.tier', 'http.method', 'x']

export function newTarget(ignoreServices: readonly string[] = []): DecodeTarget {
  const slots = slotTable(CATEGORIES)
  return {
    columns: new SpanColumns(slots.stride, 4),
    names: new Vocabulary(1_000),
    values: new Vocabulary(1_000),
    slots,
    ignoreServices: new Set(ignoreServices),
    droppedOwn: 0,
    rejected: new RejectedSpans(),
  }
}

/** Rows `[from, count)` of the columns. */
export function plainSpans(target: DecodeTarget, from = 0): PlainSpan[] {
  const { columns, names, values, slots } = target
  const spans: PlainSpan[] = []
  const hex = (column: Uint32Array, at: number, words: number): string => {
    let text = ''
    for (let i = 0; i < words; i++) text += column[at + i]!.toString(16).padStart(8, '0')
    return text
  }
  for (let row = from; row < columns.count; row++) {
    const attributes: Record<string, string> = {}
    for (const [name, slot] of slotNames(slots)) {
      const id = columns.of.attributes[row * columns.stride + slot]!
      if (id !== 0) attributes[name] = values.text(id)
    }
    const parentId = hex(columns.of.parentId, row * 2, 2)
    spans.push({
      traceId: hex(columns.of.traceId, row * 4, 4),
      spanId: hex(columns.of.spanId, row * 2, 2),
      parentId: parentId === '0'.repeat(16) ? '' : parentId,
      service: values.text(columns.of.service[row]!),
      name: names.text(columns.of.name[row]!),
      kind: columns.of.kind[row]!,
      status: columns.of.status[row]!,
      startNs: (BigInt(columns.of.startHi[row]!) << 32n) | BigInt(columns.of.startLo[row]!),
      durationNs: columns.of.durationNs[row]!,
      endMs: columns.of.endMs[row]!,
      events: columns.of.events[row]!,
      links: columns.of.links[row]!,
      attributes,
    })
  }
  return spans
}

/** One name a slot: `http.method` is the category's name of the slot httpMethod. */
function slotNames(slots: SlotTable): [string, number][] {
  const names = new Map<number, string>()
  for (const [name, slot] of slots.index) if (!names.has(slot)) names.set(slot, name)
  return [...names].map(([slot, name]) => [name, slot])
}

/** Attribute keys of each slot, the preferred first; written down apart from `slotTable`. */
const KEYS_OF_SLOTS: Record<string, readonly string[]> = {
  ...SEMANTIC_SLOTS,
  'app.tier': ['app.tier'],
  x: ['x'],
}

/** An attribute as an oracle read it: the text of its scalar value, '' for any other. */
export type PlainAttribute = readonly [key: string, text: string]

/**
 * The slots of a span, slowly and plainly: its own attributes first, then its resource's; of its error
 * at last what the message of its status says.
 */
export function plainSlots(
  own: readonly PlainAttribute[],
  resource: readonly PlainAttribute[],
  statusMessage: string,
): Record<string, string> {
  const slots: Record<string, string> = {}
  for (const [slot, keys] of Object.entries(KEYS_OF_SLOTS)) {
    for (const attributes of [resource, own]) {
      for (const key of keys.toReversed()) {
        const text = attributes.find((a) => a[0] === key && a[1] !== '')?.[1]
        if (text !== undefined) slots[slot] = slot === 'serverUrl' ? hostOf(text) : text
      }
    }
  }
  const said = unansweredWords(statusMessage.slice(0, 512))
  if (said !== '') slots['errorType'] ??= said
  return slots
}

/** End and duration from exact times, as the columns have them. */
export function plainTimes(
  startNs: bigint,
  endNs: bigint,
): Pick<PlainSpan, 'startNs' | 'durationNs' | 'endMs'> {
  const hi = Number(endNs >> 32n)
  const lo = Number(endNs & 0xffffffffn)
  return { startNs, durationNs: Number(endNs - startNs), endMs: hi * 4294.967296 + lo / 1e6 }
}

export function plainDouble(value: number): string {
  return Object.is(value, -0) ? '0' : String(value)
}

/** Host and port of a URL as it is written. */
function hostOf(url: string): string {
  const [scheme, ...rest] = url.split('://')
  if (!scheme || scheme.includes(':')) return ''
  const authority = rest.join('://').split(/[/?#]/)[0] ?? ''
  return authority.slice(authority.lastIndexOf('@') + 1)
}
