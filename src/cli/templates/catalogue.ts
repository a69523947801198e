import { type PlainLine, templatedBytes } from '../../lines/plain-lines.ts'
import type { Template } from '../../templates/template.ts'
import { TemplateMiner } from '../../templates/template-miner.ts'
import { type TemplateQuality, templateQuality } from '../../templates/template-quality.ts'

/** Services with templates of their own; what comes from more shares the last. */
const MOST_SERVICES = 64
const NO_SERVICE = ''
const OTHER_SERVICES = '(other services)'

/** The templates of one service. */
export interface ServiceTemplates {
  /** Empty where the lines do not name one. */
  readonly service: string
  readonly quality: TemplateQuality
  readonly templates: readonly Template[]
}

/** Templates by service, of all the lines of all files. */
export class Catalogue {
  /** Whether lines have times; else their first and last are told by number. */
  hasTimes = true
  lines = 0
  readonly #miners = new Map<string, TemplateMiner>()
  #firstMs = Number.NaN
  #lastMs = Number.NaN
  /** The latest time that a plain line said. */
  #saidMs = Number.NaN

  /** A line without a time has that of the one before; where there are none at all, its number stands for it. */
  addPlain(line: PlainLine): void {
    const { bytes, start, end } = templatedBytes(line)
    if (!Number.isNaN(line.ms)) this.#saidMs = line.ms
    this.add(NO_SERVICE, bytes, start, end, this.hasTimes ? this.#saidMs : this.lines + 1)
  }

  /** @param atMs time of the line, or its number */
  add(service: string, bytes: Uint8Array, start: number, end: number, atMs: number): void {
    this.lines++
    if (!(atMs >= this.#firstMs)) this.#firstMs = Number.isNaN(atMs) ? this.#firstMs : atMs
    if (!(atMs <= this.#lastMs)) this.#lastMs = Number.isNaN(atMs) ? this.#lastMs : atMs
    this.#minerOf(service).add(bytes, start, end, atMs)
  }

  get templates(): number {
    let templates = 0
    for (const miner of this.#miners.values()) templates += miner.size
    return templates
  }

  services(): ServiceTemplates[] {
    // What came in no line of the second half is called dead.
    const middleMs = (this.#firstMs + this.#lastMs) / 2
    const services = Array.from(this.#miners, ([service, miner]) => ({
      service,
      quality: templateQuality(miner, middleMs),
      templates: miner.templates(),
    }))
    return services.sort((a, b) => b.quality.lines - a.quality.lines)
  }

  #minerOf(service: string): TemplateMiner {
    const known = this.#miners.get(service)
    if (known) return known
    if (this.#miners.size >= MOST_SERVICES && service !== OTHER_SERVICES) {
      return this.#minerOf(OTHER_SERVICES)
    }
    const miner = new TemplateMiner()
    this.#miners.set(service, miner)
    return miner
  }
}
