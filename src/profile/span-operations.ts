import { grownTo } from '../columns/grown-array.ts'
import type { SpanColumns } from '../otlp/span-columns.ts'
import type { ElementTable } from './element-table.ts'
import { NO_PAIR, OTHER_PAIR } from './pair-table.ts'

/**
 * The operation of each span of the trace that is read, looked up when it is first asked for. One that found no
 * room is looked up again each time, as each time is counted.
 */
export class SpanOperations {
  readonly #table: ElementTable
  /** By span; `NO_PAIR`: not asked for yet. */
  #operation = new Int32Array(256)

  constructor(table: ElementTable) {
    this.#table = table
  }

  /** A trace of so many spans begins. */
  begin(count: number): void {
    this.#operation = grownTo(this.#operation, count)
    this.#operation.fill(NO_PAIR, 0, count)
  }

  of({ of }: SpanColumns, span: number): number {
    const known = this.#operation[span]!
    if (known > OTHER_PAIR) return known
    const operation = this.#table.operations.intern(of.service[span]!, of.name[span]!)
    this.#operation[span] = operation
    return operation
  }
}
