import type { Database } from './database.ts'
import type { TableColumn } from './infer-columns.ts'
import { firstFault } from './infer-columns.ts'
import { inputFault } from './input-error.ts'
import { type LoadedTable, ROWS } from './load-table.ts'

/** A column in memory, one entry a row. */
export type FeatureColumn =
  | {
      readonly name: string
      readonly kind: 'number' | 'time'
      /** NaN where there is no value. */
      readonly values: Float64Array
    }
  | {
      readonly name: string
      readonly kind: 'category' | 'boolean'
      /** Index into `levels`, -1 where there is no value. */
      readonly codes: Int32Array
      /** In the order of their first row. */
      readonly levels: readonly string[]
    }
  | {
      readonly name: string
      readonly kind: 'set'
      /** Row i holds `items[starts[i]]` up to `items[starts[i + 1]]`, each once, ascending. */
      readonly starts: Int32Array
      readonly items: Int32Array
      readonly levels: readonly string[]
    }

/** Reads the columns in one pass. @throws InputError on an infinite number */
export async function readFeatures(
  database: Database,
  table: LoadedTable,
  columns: readonly TableColumn[],
  masked: ReadonlySet<string>,
): Promise<FeatureColumn[]> {
  const readers = columns.map((column) => readerOf(column, table.count))
  const sql = columns.map(({ sql: value, kind }) =>
    kind === 'number' || kind === 'time' ? `coalesce(${value}, 'nan'::DOUBLE)` : value,
  )
  if (columns.length > 0) {
    for await (const chunk of database.chunks(`SELECT ${sql.join(', ')} FROM ${ROWS}`)) {
      for (const [c, reader] of readers.entries()) {
        const vector = chunk.getColumnVector(c)
        for (let i = 0; i < chunk.rowCount; i++) reader.add(vector.getItem(i))
      }
    }
  }
  for (const [c, reader] of readers.entries()) {
    const column = columns[c]
    if (column === undefined || !reader.isInfinite) continue
    const fault = await firstFault(database, table, column.name, `isinf(${column.sql})`, masked)
    if (fault !== null) throw inputFault({ ...fault, allowed: 'a finite number or nothing' })
  }
  return readers.map((reader) => reader.end())
}

interface ColumnReader {
  readonly isInfinite: boolean
  add(value: unknown): void
  end(): FeatureColumn
}

function readerOf(column: TableColumn, rows: number): ColumnReader {
  const { name, kind } = column
  if (kind === 'number' || kind === 'time') return new NumberReader(name, kind, rows)
  return kind === 'set' ? new SetReader(name, rows) : new CategoryReader(name, kind, rows)
}

class NumberReader implements ColumnReader {
  isInfinite = false
  readonly #name: string
  readonly #kind: 'number' | 'time'
  readonly #values: Float64Array
  #next = 0

  constructor(name: string, kind: 'number' | 'time', rows: number) {
    this.#name = name
    this.#kind = kind
    this.#values = new Float64Array(rows)
  }

  add(value: unknown): void {
    const number = value as number
    if (number === Infinity || number === -Infinity) this.isInfinite = true
    this.#values[this.#next++] = number
  }

  end(): FeatureColumn {
    return { name: this.#name, kind: this.#kind, values: this.#values }
  }
}

/** Numbers texts in the order they come. */
class Levels {
  readonly names: string[] = []
  readonly #codes = new Map<string, number>()

  codeOf(text: string): number {
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    const code = this.names.length
    this.#codes.set(text, code)
    this.names.push(text)
    return code
  }
}

class CategoryReader implements ColumnReader {
  readonly isInfinite = false
  readonly #name: string
  readonly #kind: 'category' | 'boolean'
  readonly #codes: Int32Array
  readonly #levels = new Levels()
  #next = 0

  constructor(name: string, kind: 'category' | 'boolean', rows: number) {
    this.#name = name
    this.#kind = kind
    this.#codes = new Int32Array(rows)
  }

  add(value: unknown): void {
    this.#codes[this.#next++] = value === null ? -1 : this.#levels.codeOf(value as string)
  }

  end(): FeatureColumn {
    const { names: levels } = this.#levels
    return { name: this.#name, kind: this.#kind, codes: this.#codes, levels }
  }
}

class SetReader implements ColumnReader {
  readonly isInfinite = false
  readonly #name: string
  readonly #starts: Int32Array
  readonly #items: number[] = []
  readonly #levels = new Levels()
  #next = 0

  constructor(name: string, rows: number) {
    this.#name = name
    this.#starts = new Int32Array(rows + 1)
  }

  add(value: unknown): void {
    const list = value === null ? [] : (value as { items: readonly (string | null)[] }).items
    const codes = new Set<number>()
    for (const item of list) if (item !== null) codes.add(this.#levels.codeOf(item))
    for (const code of [...codes].sort((a, b) => a - b)) this.#items.push(code)
    this.#starts[++this.#next] = this.#items.length
  }

  end(): FeatureColumn {
    const items = Int32Array.from(this.#items)
    const { names: levels } = this.#levels
    return { name: this.#name, kind: 'set', starts: this.#starts, items, levels }
  }
}
