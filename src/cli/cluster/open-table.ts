import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../../io/tables/database.ts'
import { findTableFiles, spoolInput } from '../../io/tables/find-input.ts'
import { InputError } from '../../io/tables/input-error.ts'
import { type LoadedTable, loadFiles, loadQuery } from '../../io/tables/load-table.ts'
import type { CommandWorld } from '../command.ts'
import type { TableOptions } from './options.ts'

/** A table in a database, and the folder that both may spill to. */
export interface OpenTable {
  readonly database: Database
  readonly table: LoadedTable
  /** The files it came from; none for a query. */
  readonly paths: readonly string[]
  /** For files that last as long as the table is open. */
  readonly folder: string
  close(): void
}

/** Of the memory that is allowed, what the database may hold; the rest is for features and distances. */
const DATABASE_SHARE = 0.25
const LEAST_DATABASE_BYTES = 48e6

/** Reads the table that the options name. @throws InputError */
export async function openTable(options: TableOptions, world: CommandWorld): Promise<OpenTable> {
  const folder = mkdtempSync(join(tmpdir(), 'medoscope-table-'))
  const spillFolder = join(folder, 'spill')
  mkdirSync(spillFolder)
  let database: Database | null = null
  const close = (): void => {
    database?.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    database = await Database.open({
      memoryBytes: Math.max(LEAST_DATABASE_BYTES, options.maxMemoryBytes * DATABASE_SHARE),
      spillFolder,
      // SQL promises no order. With one thread a query answers in the same one each time.
      threads: options.sql === null ? availableParallelism() : 1,
    })
    const interrupt = (): void => database?.interrupt()
    world.signal.addEventListener('abort', interrupt)
    try {
      if (options.sql !== null) {
        const table = await loadQuery(database, options.sql)
        return { database, table: checked(table), paths: [], folder, close }
      }
      const isPiped = options.files[0] === '-'
      const files = isPiped
        ? await spoolInput(world.stdin, folder, options.format, world.signal)
        : findTableFiles(options.files, options.format)
      const table = await loadFiles(database, files)
      return { database, table: checked(table), paths: isPiped ? [] : files.paths, folder, close }
    } finally {
      world.signal.removeEventListener('abort', interrupt)
    }
  } catch (error) {
    close()
    throw error
  }
}

function checked(table: LoadedTable): LoadedTable {
  if (table.count > 0) return table
  throw new InputError(`${table.name}: it has no rows`)
}

/** A value of a feature, and the same as a point. */
const BYTES_A_VALUE = 8 + 4

/** Rows are compared in memory. @throws InputError where they do not fit */
export function checkFits(
  table: LoadedTable,
  columns: number,
  { maxMemoryBytes }: TableOptions,
): void {
  const bytes = table.count * columns * BYTES_A_VALUE
  if (bytes <= maxMemoryBytes) return
  const megabytes = (of: number): string => `${Math.ceil(of / 1e6)} MB`
  throw new InputError(
    `${table.name}: found ${table.count} rows of ${columns} columns, which take ${megabytes(bytes)}; allowed are ${megabytes(maxMemoryBytes)}: raise --max-memory, or take fewer rows with --sql "… USING SAMPLE reservoir(1000000 ROWS) REPEATABLE (1)"`,
  )
}

/** Names that flags give must be columns. @throws InputError that lists them */
export function checkColumns(table: LoadedTable, flag: string, names: Iterable<string>): void {
  const known = table.columns.map(({ name }) => name)
  for (const name of names) {
    if (known.includes(name)) continue
    throw new InputError(`${flag} ${name}: there is no such column; there are ${known.join(', ')}`)
  }
}
