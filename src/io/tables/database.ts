import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, Json } from '@duckdb/node-api'

export interface DatabaseSettings {
  /** What the database may hold in memory; more goes to `spillFolder`. */
  readonly memoryBytes: number
  readonly spillFolder: string
  /** One thread where the order of a query's rows must not depend on timing. */
  readonly threads: number
}

interface AppendedColumn {
  readonly sqlType: 'INTEGER' | 'DOUBLE' | 'BIGINT'
  readonly values: ArrayLike<number>
}

/** DuckDB's own size of a vector. */
const CHUNK_ROWS = 2048

/** A DuckDB in this process: reads and writes tables of files. Nothing of it is loaded before `open`. */
export class Database {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  #isClosed = false

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(settings: DatabaseSettings): Promise<Database> {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(settings.threads),
      memory_limit: `${Math.floor(settings.memoryBytes / 1e6)}MB`,
      temp_directory: settings.spillFolder,
      // What is read is local: nothing is fetched from anywhere behind the user's back.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    return new Database(instance, await instance.connect())
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  /** All rows of a small result, as plain values. */
  async rows(sql: string): Promise<Record<string, Json>[]> {
    const reader = await this.#connection.runAndReadAll(sql)
    return reader.getRowObjectsJson()
  }

  /** A large result piece by piece, in its order. */
  async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.#connection.stream(sql)
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return
      yield chunk
    }
  }

  /** Appends numbers to a table that has just these columns; NaN becomes NULL. */
  async append(table: string, columns: readonly AppendedColumn[], rows: number): Promise<void> {
    const { BIGINT, DOUBLE, DuckDBDataChunk, INTEGER } = await import('@duckdb/node-api')
    const types = { BIGINT, DOUBLE, INTEGER }
    const appender = await this.#connection.createAppender(table)
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const size = Math.min(CHUNK_ROWS, rows - from)
      const chunk = DuckDBDataChunk.create(
        columns.map(({ sqlType }) => types[sqlType]),
        size,
      )
      for (const [c, { sqlType, values }] of columns.entries()) {
        const piece = Array.from({ length: size }, (_, i) => {
          const value = values[from + i] ?? Number.NaN
          if (Number.isNaN(value)) return null
          return sqlType === 'BIGINT' ? BigInt(value) : value
        })
        chunk.setColumnValues(c, piece)
      }
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
  }

  /** Ends the query that runs, which then throws. */
  interrupt(): void {
    if (!this.#isClosed) this.#connection.interrupt()
  }

  close(): void {
    this.#isClosed = true
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

/** A text as SQL writes it. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A column's or table's name as SQL writes it. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
