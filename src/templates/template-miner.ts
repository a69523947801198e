import { maskText } from '../masking/mask-name.ts'
import { cutText, printable } from '../otlp/printable-text.ts'
import { LineScanner, MOST_LINE_BYTES } from './line-scanner.ts'
import { shapeOf, shapeOfTokens } from './line-shape.ts'
import { OutlineTable } from './outline-table.ts'
import { type KeptShape, type ShapeLimits, ShapeStore } from './shape-store.ts'
import type { Template } from './template.ts'
import { TemplateIds } from './template-ids.ts'

/** So much of a line is shown as an example. */
const LONGEST_EXAMPLE = 240

const LIMITS: ShapeLimits = { shapes: 8192, shapesOfLength: 512 }

/** What is known of a shape, as plain data. */
interface ShapeState {
  readonly tokens: readonly string[]
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
  readonly example: string
  readonly label: number
}

export interface TemplateMinerState {
  readonly lines: number
  readonly unkept: number
  readonly shapes: readonly ShapeState[]
  readonly aliases: readonly (readonly [id: string, now: string])[]
}

/**
 * Lines of one source as templates. A line whose outline is known costs one pass over its bytes and one look-up; any
 * other is masked, cut into tokens and compared with the shapes that are kept. The templates are the
 * connected components of likeness among the shapes: they are the same in whatever order the lines
 * came, and the union of the shapes of several miners has the templates of all their lines.
 *
 * The method is ours; what it is measured by is Drain's (He et al., ICWS 2017).
 */
export class TemplateMiner {
  /** Lines seen. */
  lines = 0
  /** Of these the ones whose shape found no room. */
  #refused = 0
  readonly #scanner = new LineScanner()
  readonly #known = new OutlineTable<KeptShape>()
  readonly #ids = new TemplateIds()
  readonly #shapes: ShapeStore
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

  constructor(limits: ShapeLimits = LIMITS) {
    this.#shapes = new ShapeStore(limits, this.#ids)
  }

  /** Shapes that are kept. */
  get size(): number {
    return this.#shapes.size
  }

  /** Lines whose shape found no room, or has lost it. */
  get unkept(): number {
    return this.#refused + this.#shapes.lostLines
  }

  /** Shapes that were dropped, or not taken, for want of room. */
  get evicted(): number {
    return this.#shapes.evicted
  }

  /**
   * Counts the line in `bytes[start, end)` (UTF-8; bounds are the caller's).
   * @param timeMs when it was written, ms since 1970; `NaN` where it does not say
   * @returns its shape, whose family is its template; null where there is no room for it
   */
  add(bytes: Uint8Array, start: number, end: number, timeMs: number): KeptShape | null {
    const scanner = this.#scanner
    scanner.scan(bytes, start, end)
    this.lines++
    const known = this.#known.find(scanner.hashA, scanner.hashB)
    const isKnown = known !== undefined && !known?.isGone
    const shape = isKnown ? known : this.#unknown(bytes, start, end, timeMs)
    if (shape === null) {
      this.#refused++
      return null
    }
    shape.count++
    if (timeMs > shape.lastMs || Number.isNaN(shape.lastMs)) shape.lastMs = timeMs
    if (timeMs < shape.firstMs || Number.isNaN(shape.firstMs)) shape.firstMs = timeMs
    return shape
  }

  /** All templates, the most frequent first. */
  templates(): Template[] {
    const byId = new Map<string, KeptShape[]>()
    for (const shape of this.#shapes.all()) {
      const { id } = shape.family
      const shapes = byId.get(id)
      if (shapes) shapes.push(shape)
      else byId.set(id, [shape])
    }
    return [...byId.values()]
      .map(templateOf)
      .sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1))
  }

  /** A masked line of the shapes with this label, the same in whatever order they came; null where there is none. */
  exampleOf(label: number): string | null {
    let first: KeptShape | null = null
    for (const shape of this.#shapes.all()) {
      if (shape.label === label && (first === null || shape.hash < first.hash)) first = shape
    }
    return first?.example ?? null
  }

  /** The id by which a template goes now. */
  resolve(id: string): string {
    return this.#ids.resolve(id)
  }

  /** Makes room: drops the templates of which no line came since. Returns how many. */
  forget(beforeMs: number): number {
    const forgotten = this.#shapes.forget(beforeMs)
    // Shapes that found no room may find it now.
    if (forgotten > 0) this.#known.clear()
    return forgotten
  }

  /** What its shapes are labelled with. */
  *labels(): Generator<number> {
    for (const { label } of this.#shapes.all()) yield label
  }

  state(): TemplateMinerState {
    const shapes = Array.from(
      this.#shapes.all(),
      ({ tokens, count, firstMs, lastMs, example, label }) => ({
        tokens,
        count,
        firstMs,
        lastMs,
        example,
        label,
      }),
    )
    return { lines: this.lines, unkept: this.unkept, shapes, aliases: [...this.#ids.aliases] }
  }

  /** Adds what another miner has seen, or this one in an earlier life. */
  merge({ lines, unkept, shapes, aliases }: TemplateMinerState): void {
    this.lines += lines
    this.#refused += unkept
    for (const [id, now] of aliases) this.#ids.alias(id, now)
    for (const { tokens, ...seen } of shapes) this.#mergeShape(tokens, seen)
    this.#known.clear()
  }

  #mergeShape(tokens: readonly string[], seen: Omit<ShapeState, 'tokens'>): void {
    const shape = shapeOfTokens(tokens)
    const kept = this.#shapes.find(shape.hash)
    if (kept) {
      kept.count += seen.count
      kept.firstMs = least(kept.firstMs, seen.firstMs)
      kept.lastMs = -least(-kept.lastMs, -seen.lastMs)
    } else if (this.#shapes.makeRoom(shape)) this.#shapes.add(shape, seen)
    else this.#refused += seen.count
  }

  /** The shape of an outline that was never seen, or not lately. */
  #unknown(bytes: Uint8Array, start: number, end: number, timeMs: number): KeptShape | null {
    const { outline, length, hashA, hashB } = this.#scanner
    const shape = shapeOf(this.#utf8.decode(outline.subarray(0, length)))
    let kept = this.#shapes.find(shape.hash) ?? null
    if (kept === null && this.#shapes.makeRoom(shape)) {
      const example = exampleOf(
        this.#utf8.decode(bytes.subarray(start, Math.min(end, start + MOST_LINE_BYTES))),
      )
      kept = this.#shapes.add(shape, {
        count: 0,
        firstMs: timeMs,
        lastMs: timeMs,
        example,
        label: 0,
      })
    }
    this.#known.set(hashA, hashB, kept)
    return kept
  }
}

function least(a: number, b: number): number {
  return Number.isNaN(a) || b < a ? b : a
}

/** A line as it may be shown: masked, and not too long. */
export function exampleOf(line: string): string {
  return cutText(maskText(printable(line)), LONGEST_EXAMPLE)
}

/** What several shapes with one template come to. */
function templateOf(shapes: readonly KeptShape[]): Template {
  let count = 0
  let firstMs = Number.NaN
  let lastMs = Number.NaN
  let shown = shapes[0]!
  for (const shape of shapes) {
    count += shape.count
    firstMs = least(firstMs, shape.firstMs)
    lastMs = -least(-lastMs, -shape.lastMs)
    if (shape.hash < shown.hash) shown = shape
  }
  const { id, text } = shown.family
  return { id, text, count, firstMs, lastMs, example: shown.example }
}
