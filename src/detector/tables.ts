import { type SlotTable, slotTable } from '../otlp/attribute-slots.ts'
import type { DecodeTarget } from '../otlp/decode-target.ts'
import { printable } from '../otlp/printable-text.ts'
import { RejectedSpans } from '../otlp/rejected-spans.ts'
import { SpanColumns } from '../otlp/span-columns.ts'
import { Vocabulary } from '../otlp/vocabulary.ts'
import { ElementTable, type ElementTableState } from '../profile/element-table.ts'
import { EvidenceReader } from '../profile/kept-trace.ts'
import { maskName } from '../profile/mask-name.ts'
import { maskSecrets } from '../profile/mask-secrets.ts'
import type { FeatureSettings } from './settings.ts'

/** Everything that turns texts into small integers and back: one set for a detector. */
export class Tables {
  readonly names: Vocabulary
  readonly values: Vocabulary
  readonly slots: SlotTable
  readonly elements: ElementTable
  readonly evidence: EvidenceReader
  readonly categories: readonly string[]
  readonly categorySlots: Int32Array<ArrayBuffer>
  /** Where decoders put what they read; cleared for each record. */
  readonly target: DecodeTarget

  constructor(settings: FeatureSettings) {
    // What is interned will be shown, on terminals and pages, too.
    this.names = new Vocabulary(settings.maxTexts, (text) => maskName(printable(text)))
    this.values = new Vocabulary(settings.maxTexts, (text) => maskSecrets(printable(text)))
    this.slots = slotTable(settings.categories)
    this.elements = new ElementTable(settings, this.names, this.values)
    this.categories = settings.categories
    this.categorySlots = Int32Array.from(settings.categories, (key) => this.slots.index.get(key)!)
    this.evidence = new EvidenceReader(this.elements, this.names, this.values, settings.categories)
    this.target = {
      columns: new SpanColumns(this.slots.stride),
      names: this.names,
      values: this.values,
      slots: this.slots,
      ignoreServices: new Set(settings.ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
  }

  /** Spans of medoscope itself that were left out. */
  get ownSpans(): number {
    return this.target.droppedOwn
  }

  state(): TablesState {
    return {
      names: [...this.names.texts()],
      values: [...this.values.texts()],
      elements: this.elements.state(),
    }
  }

  restore(state: TablesState): void {
    this.names.restore(state.names)
    this.values.restore(state.values)
    this.elements.restore(state.elements)
  }
}

export interface TablesState {
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly elements: ElementTableState
}
