import { SEVERITY_ERROR } from '../assemble/session-assembler.ts'
import type { IdSets } from '../columns/marks.ts'
import type { NewError } from '../contract/new-error.ts'
import { timeText } from '../profile/time-text.ts'
import { ContentHash } from '../stats/content-hash.ts'

/** How often a line must come from its service, and within which time, to be told. */
const TIMES = 3
const WITHIN_MS = 300_000
/** Lines that are watched, and lines that are told, before the first model. */
const MOST_WATCHED = 1024
const MOST_TOLD = 20
/** Services and names are ids below this: two of them fit a double. */
const STRIDE = 2 ** 26
const SEVERITY_FATAL = 21

/** A log record as far as it matters here; ids of the vocabularies. */
interface LoggedError {
  readonly service: number
  readonly name: number
  readonly severity: number
  readonly timeMs: number
}

interface WatchedLine {
  /** Its latest times, at most `TIMES`. */
  readonly timesMs: number[]
  isOver: boolean
}

export interface NewErrorsState {
  readonly lines: readonly (readonly [line: number, timesMs: readonly number[], isOver: boolean])[]
  readonly told: number
  readonly untold: number
}

/**
 * Watches for lines of severity ERROR or above as long as there is no model: until then nothing else would
 * tell of a failing start. What was learned from history counts as known.
 */
export class NewErrors {
  /** Lines that were told, and lines that were not for want of room. Numbers only rise. */
  told = 0
  untold = 0
  readonly #lines = new Map<number, WatchedLine>()
  readonly #serviceText: (service: number) => string
  readonly #nameText: (name: number) => string

  constructor(serviceText: (service: number) => string, nameText: (name: number) => string) {
    this.#serviceText = serviceText
    this.#nameText = nameText
  }

  /** @returns what is to be told, or null. `isHistory`: it is learned from and not told. */
  note({ service, name, severity, timeMs }: LoggedError, isHistory: boolean): NewError | null {
    if (severity < SEVERITY_ERROR) return null
    const line = this.#lineOf(service * STRIDE + name)
    if (line === null || line.isOver) return null
    line.isOver = isHistory
    const { timesMs } = line
    timesMs.push(timeMs)
    if (timesMs.length > TIMES) timesMs.shift()
    const firstMs = Math.round(Math.min(...timesMs))
    const lastMs = Math.round(Math.max(...timesMs))
    if (isHistory || timesMs.length < TIMES || lastMs - firstMs > WITHIN_MS) return null
    line.isOver = true
    if (this.told >= MOST_TOLD) {
      this.untold++
      return null
    }
    this.told++
    return this.#newError(service, name, severity, firstMs, lastMs)
  }

  /** There is a model: what is not normal is told by that from here on. */
  stop(): void {
    this.#lines.clear()
  }

  /** Ids will be those of other texts. */
  forget({ values, names }: IdSets): void {
    for (const line of this.#lines.keys()) {
      const isGone = values.has(Math.floor(line / STRIDE)) || names.has(line % STRIDE)
      if (isGone) this.#lines.delete(line)
    }
  }

  state(): NewErrorsState {
    return {
      lines: Array.from(this.#lines, ([line, { timesMs, isOver }]) => [line, [...timesMs], isOver]),
      told: this.told,
      untold: this.untold,
    }
  }

  restore({ lines, told, untold }: NewErrorsState): void {
    for (const [line, timesMs, isOver] of lines) {
      this.#lines.set(line, { timesMs: [...timesMs], isOver })
    }
    this.told = told
    this.untold = untold
  }

  #newError(
    service: number,
    name: number,
    severity: number,
    firstMs: number,
    lastMs: number,
  ): NewError {
    const from = this.#serviceText(service) || '(no service)'
    const line = this.#nameText(name)
    const level = severity >= SEVERITY_FATAL ? 'FATAL' : 'ERROR'
    const within = timeText(lastMs - firstMs)
    return {
      id: `error-${new ContentHash().text(from).text(line).hex()}`,
      ...{ service: from, line, times: TIMES, firstMs, lastMs },
      sentence: `${from} logs ${line} as ${level}: ${TIMES} times within ${within}. New, no baseline yet.`,
    }
  }

  #lineOf(key: number): WatchedLine | null {
    const known = this.#lines.get(key)
    if (known) return known
    if (this.#lines.size >= MOST_WATCHED) return null
    const line = { timesMs: [], isOver: false }
    this.#lines.set(key, line)
    return line
  }
}
