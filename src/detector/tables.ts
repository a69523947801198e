import { IdSets } from '../columns/marks.ts'
import { maskName } from '../masking/mask-name.ts'
import { maskSecrets } from '../masking/mask-secrets.ts'
import { type SlotTable, slotTable } from '../otlp/attribute-slots.ts'
import type { DecodeTarget } from '../otlp/decode-target.ts'
import { LogColumns } from '../otlp/log-columns.ts'
import type { LogTarget } from '../otlp/log-target.ts'
import { printable } from '../otlp/printable-text.ts'
import { RejectedSpans } from '../otlp/rejected-spans.ts'
import { ServiceIdentities, type ServiceIdentitiesState } from '../otlp/service-identities.ts'
import { SpanColumns } from '../otlp/span-columns.ts'
import { Vocabulary, type VocabularyState } from '../otlp/vocabulary.ts'
import { ElementTable, type ElementTableState, PAIR_TABLES } from '../profile/element-table.ts'
import { addMadeOf, addParts } from '../profile/ids-in-use.ts'
import { EvidenceReader } from '../profile/kept-trace.ts'
import { NameRules, type NameRulesState } from '../profile/name-rules.ts'
import type { PairTable } from '../profile/pair-table.ts'
import type { FeatureSettings } from './settings.ts'
import {
  isTemplateName,
  operationName,
  TemplateNames,
  type TemplateNamesState,
} from './template-names.ts'

/** New names from which they are looked at for ids. */
const NEW_NAMES = 64

const ALL_TABLES = ['names', 'values', ...PAIR_TABLES] as const

/** Everything that turns texts into small integers and back: one set for a detector. */
export class Tables {
  readonly names: Vocabulary
  readonly values: Vocabulary
  readonly slots: SlotTable
  readonly elements: ElementTable
  readonly evidence: EvidenceReader
  readonly categories: readonly string[]
  readonly categorySlots: Int32Array<ArrayBuffer>
  readonly #rules = new NameRules()
  /** Names that there had been when they were last looked at. */
  #reviewed = 0
  readonly #identities: ServiceIdentities
  /** Where decoders put what they read; cleared for each record. */
  readonly target: DecodeTarget
  readonly logTarget: LogTarget
  readonly templates: TemplateNames

  /** @param sessionKeys attributes by which log records form sessions */
  constructor(settings: FeatureSettings, sessionKeys: readonly string[] = []) {
    // What is interned will be shown, on terminals and pages, too.
    this.names = new Vocabulary(settings.maxTexts, (text) =>
      this.#rules.mask(maskName(printable(operationName(text)))),
    )
    this.values = new Vocabulary(settings.maxTexts, (text) => maskSecrets(printable(text)))
    this.#identities = new ServiceIdentities(this.values)
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
      identities: this.#identities,
      ignoreServices: new Set(settings.ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
    this.logTarget = {
      columns: new LogColumns(sessionKeys.length),
      sessionKeys,
      values: this.values,
      identities: this.#identities,
      ignoreServices: this.target.ignoreServices,
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
    this.templates = new TemplateNames(this.names, this.values)
  }

  /**
   * Looks for ids among the operation names that have come up since it last did. Call it at positions of
   * the log that do not depend on batching.
   */
  reviewNames(): void {
    const { names } = this
    if (names.ids.given < this.#reviewed + NEW_NAMES) return
    this.#reviewed = names.ids.given
    const counted = names.texts().map((text, id) => ({ text, count: names.seen(id) }))
    // What was masked by an earlier rule but is known by its raw name is no news.
    const current = counted.filter(
      ({ text }) => !isTemplateName(text) && this.#rules.mask(text) === text,
    )
    if (this.#rules.review(current) > 0) names.recanonicalise()
  }

  /** A stretch of time is over: see `IdLedger`. */
  endTurn(): void {
    this.names.ids.endTurn()
    this.values.ids.endTurn()
    this.elements.endTurn()
  }

  /** Whether the room of a table is short. */
  get isShort(): boolean {
    const { names, values, elements } = this
    return names.isShort || values.isShort || PAIR_TABLES.some((of) => elements[of].isShort)
  }

  /** What was not seen for long, and may be forgotten if nothing refers to it as `used` is. `after`: turns. */
  idle(after: number, used: IdSets): IdSets {
    addParts(used, this.elements)
    const idle = new IdSets()
    for (const table of ALL_TABLES) idle[table].addAll(this.#table(table).idle(after, used[table]))
    addMadeOf(idle, this.elements)
    return idle
  }

  /**
   * Forgets what is idle and not used, and of templates those that no line was of since `beforeMs`.
   * `used`: what anything else refers to; with all that was seen of late and that they are made of, after it.
   * @returns what was forgotten: these ids will be those of other things
   */
  forget(idle: IdSets, used: IdSets, beforeMs: number): IdSets {
    for (const table of ALL_TABLES) {
      const { ids } = this.#table(table)
      for (let id = 0; id < ids.size; id++) {
        if (!ids.isFree(id) && !idle[table].has(id)) used[table].add(id)
      }
    }
    addParts(used, this.elements)
    const isIdle = (value: number): boolean => idle.values.has(value)
    this.templates.use(used, isIdle, beforeMs)
    this.#identities.use(used.values, isIdle)
    const gone = new IdSets()
    for (const table of ALL_TABLES) {
      for (const id of idle[table]) if (!used[table].has(id)) gone[table].add(id)
    }
    this.names.forget(gone.names)
    this.values.forget(gone.values)
    this.elements.forget(gone)
    return gone
  }

  /** How full the tables are. */
  room(): TableRoom[] {
    return ALL_TABLES.map((what) => {
      const { ids, limit, overflow } = this.#table(what)
      return { what, used: ids.living, limit, forgotten: ids.forgotten, overflow }
    })
  }

  /** What found no room so far. */
  overflow(): Overflow {
    const { names, values, elements } = this
    return {
      texts: names.overflow + values.overflow,
      elements: elements.operations.overflow + elements.elements.overflow,
      paths: elements.paths.overflow,
      places: elements.places.overflow,
      strata: elements.strata.overflow,
      environments: this.#identities.overflow,
      rules: this.#rules.dropped,
    }
  }

  #table(name: (typeof ALL_TABLES)[number]): Vocabulary | PairTable {
    return name === 'names' || name === 'values' ? this[name] : this.elements[name]
  }

  /** Spans of medoscope itself that were left out. */
  get ownSpans(): number {
    return this.target.droppedOwn
  }

  state(): TablesState {
    return {
      names: this.names.state(),
      values: this.values.state(),
      rules: this.#rules.state(),
      reviewed: this.#reviewed,
      elements: this.elements.state(),
      identities: this.#identities.state(),
      templates: this.templates.state(),
    }
  }

  restore(state: TablesState): void {
    this.names.restore(state.names)
    this.values.restore(state.values)
    this.#rules.restore(state.rules)
    this.#reviewed = state.reviewed
    this.elements.restore(state.elements)
    this.#identities.restore(state.identities)
    this.templates.restore(state.templates)
  }
}

/** How much of its room a table uses. */
export interface TableRoom {
  readonly what: (typeof ALL_TABLES)[number]
  readonly used: number
  readonly limit: number
  /** Things that gave their room back. */
  readonly forgotten: number
  /** How many times something found no room and was taken together with others. */
  readonly overflow: number
}

/** Things that found no room, counted each time they came. */
export interface Overflow {
  readonly texts: number
  readonly elements: number
  readonly paths: number
  readonly places: number
  readonly strata: number
  /** Resources whose environment or namespace is one too many for their service: they go by its name alone. */
  readonly environments: number
  /** Rules by which parts of names are ids; without one each such name stays a name of its own. */
  readonly rules: number
}

export interface TablesState {
  readonly names: VocabularyState
  readonly values: VocabularyState
  readonly rules: NameRulesState
  readonly reviewed: number
  readonly elements: ElementTableState
  readonly identities: ServiceIdentitiesState
  readonly templates: TemplateNamesState
}
