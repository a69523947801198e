import type { IdSets } from '../columns/marks.ts'
import type { LogColumns } from '../otlp/log-columns.ts'
import { cutText } from '../otlp/printable-text.ts'
import type { Vocabulary } from '../otlp/vocabulary.ts'
import { type RecordLine, RecordText } from '../templates/record-text.ts'
import type { KeptShape } from '../templates/shape-store.ts'
import { TemplateMiner, type TemplateMinerState } from '../templates/template-miner.ts'
import { type TemplateQuality, templateQuality } from '../templates/template-quality.ts'

/** How the names of templates begin, and no name of an operation does: see `operationName`. */
const QUOTE = '“'
const LONGEST = 300
/** Services with templates of their own; those of more share one miner. */
const MOST_MINERS = 256
const SHARED = -1
/** How many times as many lines there must be until they are looked at again. */
const LOOK_AGAIN = 1.2
/** Lines that found no room in their miner. */
const OTHER_LINES = `${QUOTE}(other lines)”`

export type TemplateNamesState = readonly (readonly [service: number, miner: TemplateMinerState])[]

/** Whether a name is that of a template: it is masked already, and holds no ids. */
export function isTemplateName(text: string): boolean {
  return text.startsWith(QUOTE)
}

/** A name of an operation, whoever chose it: never one that would be taken for that of a template. */
export function operationName(text: string): string {
  return isTemplateName(text) ? `"${text.slice(QUOTE.length)}` : text
}

/**
 * Names of templates as elements. A shape is named when it is first seen: as the template that it belongs to is named,
 * or by its text. The name stays when the template generalises, so that what was learned of it stays.
 */
export class TemplateNames {
  /** Templates that were forgotten. */
  forgotten = 0
  readonly #names: Vocabulary
  readonly #text: RecordText
  readonly #line: RecordLine = { bytes: new Uint8Array(), start: 0, end: 0 }
  readonly #decoder = new TextDecoder()
  readonly #miners = new Map<number, TemplateMiner>()
  /** As they were looked at last; not kept, and of no consequence for what is judged. */
  readonly #qualities = new Map<number, TemplateQuality>()

  constructor(names: Vocabulary, values: Vocabulary) {
    this.#names = names
    this.#text = new RecordText(values)
  }

  /** Vocabulary id (names) of the template of record `row`; `service` as a vocabulary id. */
  read(columns: LogColumns, row: number, service: number, timeMs: number): number {
    const line = this.#line
    this.#text.read(columns, row, line)
    const shape = this.#minerOf(service).add(line.bytes, line.start, line.end, timeMs)
    if (shape === null) return this.otherLines()
    if (shape.label === 0) shape.label = this.#nameOf(shape)
    return shape.label
  }

  /** Vocabulary id of the name of lines that have none of their own. */
  otherLines(): number {
    return this.#names.internOwn(OTHER_LINES)
  }

  /** The line of the record read last: for session keys within bodies. */
  lineText(): string {
    const { bytes, start, end } = this.#line
    return this.#decoder.decode(bytes.subarray(start, end))
  }

  /** Services whose lines do not template well, by vocabulary id, with what to tell of them; each is looked at now and then. */
  poor(): { readonly service: number; readonly quality: TemplateQuality }[] {
    const found: { service: number; quality: TemplateQuality }[] = []
    for (const [service, miner] of this.#miners) {
      let quality = this.#qualities.get(service)
      if (quality === undefined || miner.lines >= LOOK_AGAIN * quality.lines) {
        quality = templateQuality(miner, Number.NaN)
        this.#qualities.set(service, quality)
      }
      if (quality.warning !== '') found.push({ service, quality })
    }
    return found
  }

  /**
   * Forgets templates of which no line came since `beforeMs`, and the services that are not used any more;
   * takes note of the texts of what is left.
   */
  use(used: IdSets, isIdle: (service: number) => boolean, beforeMs: number): void {
    for (const [service, miner] of this.#miners) {
      if (service !== SHARED && !used.values.has(service) && isIdle(service)) {
        this.#miners.delete(service)
        this.#qualities.delete(service)
        this.forgotten += miner.size
        continue
      }
      this.forgotten += miner.forget(beforeMs)
      if (service !== SHARED) used.values.add(service)
      used.names.addAll(miner.labels())
    }
  }

  /** A masked line of what goes by this name in a service; empty where none is kept any more. */
  example(service: number, name: number): string {
    const miner = this.#miners.get(service) ?? this.#miners.get(SHARED)
    return miner?.exampleOf(name) ?? ''
  }

  state(): TemplateNamesState {
    return Array.from(this.#miners, ([service, miner]) => [service, miner.state()])
  }

  /** Takes over a state; only valid on fresh names. */
  restore(state: TemplateNamesState): void {
    for (const [service, saved] of state) this.#minerOf(service).merge(saved)
  }

  #nameOf({ family }: KeptShape): number {
    let first = 0
    for (const { label } of family.members)
      if (label > 0 && (first === 0 || label < first)) first = label
    if (first > 0) return first
    return this.#names.internOwn(`${QUOTE}${cutText(family.text, LONGEST) || '(nothing)'}”`)
  }

  #minerOf(service: number): TemplateMiner {
    const known = this.#miners.get(service)
    if (known) return known
    if (this.#miners.size >= MOST_MINERS && service !== SHARED) return this.#minerOf(SHARED)
    const miner = new TemplateMiner()
    this.#miners.set(service, miner)
    return miner
  }
}
