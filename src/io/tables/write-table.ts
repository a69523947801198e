import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../telemetry/log.ts'
import { type Database, sqlText } from './database.ts'
import { InputError } from './input-error.ts'
import { ROWS } from './load-table.ts'

/** One number a row of the loaded table; NaN is written as nothing. */
export interface NewColumn {
  readonly name: string
  readonly sqlType: 'INTEGER' | 'DOUBLE' | 'BIGINT'
  readonly values: ArrayLike<number>
}

/** The table of new columns, row by row beside the loaded one. */
export const RESULT = 'result_rows'

/** Puts columns beside the loaded table, as a table of their own of the same order. */
export async function addResult(
  database: Database,
  columns: readonly NewColumn[],
  rows: number,
): Promise<void> {
  const declared = columns.map(({ name, sqlType }) => `"${name}" ${sqlType}`).join(', ')
  await database.run(`CREATE OR REPLACE TABLE ${RESULT} (${declared})`)
  await database.append(RESULT, columns, rows)
}

/**
 * Writes what a query over the loaded table and the result gives, as CSV or Parquet by the file's
 * ending. The file is there whole or not at all.
 */
export async function writeTable(database: Database, select: string, path: string): Promise<void> {
  const format = /\.parquet$/i.test(path)
    ? 'FORMAT parquet, COMPRESSION zstd'
    : 'FORMAT csv, HEADER'
  await writeWhole(path, (partial) =>
    database.run(
      `COPY (SELECT ${select} FROM ${ROWS} POSITIONAL JOIN ${RESULT}) TO ${sqlText(partial)} (${format})`,
    ),
  )
}

/** Writes a text file, whole or not at all. */
export function writeText(path: string, text: string): void {
  const partial = partialOf(path)
  try {
    writeFileSync(partial, text)
    renameSync(partial, path)
  } catch (error) {
    throw unwritable(path, partial, error)
  }
}

/** Lets `write` make a file of another name and gives it its own when it is complete. */
export async function writeWhole(
  path: string,
  write: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = partialOf(path)
  try {
    await write(partial)
    renameSync(partial, path)
  } catch (error) {
    throw unwritable(path, partial, error)
  }
}

function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
}

function unwritable(path: string, partial: string, error: unknown): InputError {
  rmSync(partial, { force: true })
  return new InputError(`${path}: it cannot be written: ${messageOf(error)}`)
}
