import type { StepOutput } from '../contract/step-output.ts'
import type { FileSource } from '../io/files/file-source.ts'

/** What a replay did not read of its files, the warm-up included. */
export interface UnreadSummary {
  readonly undecodable: number
  readonly rejected_spans: number
  readonly oversized: number
  /** Messages of logs that nothing says to read, of metrics and of profiles. */
  readonly other_signals: number
  /** The first of them, with where they are and why. */
  readonly unread: readonly string[]
  readonly damaged: readonly { readonly path: string; readonly damage: string }[]
}

const SHOWN = 20
const LOGS = 'it holds logs, which logs.session.keys or logs.traces.join lets judge'
const OTHERS = 'it holds metrics or profiles, and only traces and logs are read'

/** Collects what was not read, with where it is. */
export class UnreadInput {
  #undecodable = 0
  #rejectedSpans = 0
  #oversized = 0
  #otherSignals = 0
  readonly #first: string[] = []
  readonly #damaged: { path: string; damage: string }[] = []

  get summary(): UnreadSummary {
    return {
      undecodable: this.#undecodable,
      rejected_spans: this.#rejectedSpans,
      oversized: this.#oversized,
      other_signals: this.#otherSignals,
      unread: this.#first,
      damaged: this.#damaged,
    }
  }

  /** What one turn of the loop brought of records that `source` gave. */
  take({ deadLetters, rejected }: StepOutput, source: FileSource): void {
    for (const { offset, reason, position } of deadLetters) {
      this.#undecodable++
      this.#show(source, offset, position, reason)
    }
    for (const { offset, reason, position, spans, service } of rejected) {
      this.#rejectedSpans += spans
      const what = `${spans} ${spans === 1 ? 'span' : 'spans'} left out`
      this.#show(
        source,
        offset,
        position,
        `${what}${service === '' ? '' : ` of ${service}`}: ${reason}`,
      )
    }
  }

  /** What the source itself passed over; once it is at its end. */
  takeSource(source: FileSource): void {
    this.#damaged.push(...source.damaged)
    this.#oversized += source.oversized
    this.#otherSignals += source.skippedSignals
    if (source.firstSkipped === null) return
    const { offset, holds } = source.firstSkipped
    this.#show(source, offset, -1, holds === 'logs' ? LOGS : OTHERS)
  }

  #show(source: FileSource, offset: bigint, position: number, why: string): void {
    if (this.#first.length === SHOWN) return
    const { path, message } = source.placeOf(offset)
    const byte = position < 0 ? '' : `, byte ${position}`
    this.#first.push(`${path}: message ${message}${byte}: ${why}`)
  }
}
