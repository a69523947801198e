import { createReadStream } from 'node:fs'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { messageOf } from '../telemetry/log.ts'
import { type CsvDialect, csvDialect } from './csv-dialect.ts'
import { type Database, sqlText } from './database.ts'
import type { TableFiles } from './find-input.ts'
import { InputError } from './input-error.ts'

/** The name of the loaded table in the database; its `rowid` counts its rows from 0. */
export const ROWS = 'input_rows'

export interface LoadedTable {
  /** How messages call it. */
  readonly name: string
  readonly count: number
  readonly columns: readonly LoadedColumn[]
  /** Columns of a text format hold text whose type is still to be found. */
  readonly isText: boolean
}

export interface LoadedColumn {
  readonly name: string
  /** DuckDB's, such as BIGINT, VARCHAR or VARCHAR[]. */
  readonly sqlType: string
}

const HEAD_BYTES = 1 << 18

/** Copies the files into the database as one table. @throws InputError with file and line */
export async function loadFiles(database: Database, files: TableFiles): Promise<LoadedTable> {
  const [first = ''] = files.paths
  const list = `[${files.paths.map(sqlText).join(', ')}]`
  if (files.format === 'csv') {
    const { delimiter, names, hasHeader } = await commonDialect(files.paths)
    const types = names.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(', ')
    await load(
      database,
      files.name,
      `FROM read_csv(${list}, auto_detect=false, delim=${sqlText(delimiter)}, header=${hasHeader},
        quote='"', escape='"', nullstr='', strict_mode=true, compression='${compressionOf(first)}',
        columns={${types}})`,
    )
  } else if (files.format === 'jsonl') {
    await load(database, files.name, `FROM read_json(${list}, sample_size=-1)`)
  } else {
    await load(database, files.name, `FROM read_parquet(${list}, union_by_name=true)`)
  }
  return describe(database, files.name, files.format === 'csv')
}

/** Makes a table of what a query returns. */
export async function loadQuery(database: Database, query: string): Promise<LoadedTable> {
  const name = 'the query'
  await load(database, name, `FROM (${query.trim().replace(/;+$/, '')}\n)`)
  return describe(database, name, false)
}

async function load(database: Database, name: string, from: string): Promise<void> {
  try {
    await database.run(`CREATE TABLE ${ROWS} AS SELECT * ${from}`)
  } catch (error) {
    throw new InputError(`${name}: ${readableFault(messageOf(error))}`)
  }
}

async function describe(database: Database, name: string, isText: boolean): Promise<LoadedTable> {
  const columns = await database.rows(`DESCRIBE ${ROWS}`)
  const [row] = await database.rows(`SELECT count(*)::INTEGER AS n FROM ${ROWS}`)
  return {
    name,
    count: Number(row?.['n'] ?? 0),
    columns: columns.map((one) => ({
      name: String(one['column_name']),
      sqlType: String(one['column_type']),
    })),
    isText,
  }
}

/** The dialect of the first file. @throws InputError where another has other columns */
async function commonDialect(paths: readonly string[]): Promise<CsvDialect> {
  const [first = '', ...others] = paths
  const dialect = csvDialect(await headOf(first), first)
  const told = ({ names, hasHeader }: CsvDialect): string =>
    hasHeader ? names.join(', ') : `${names.length} without names`
  for (const path of others) {
    // Its first line would be taken for a header, or its header for a row.
    const own = csvDialect(await headOf(path), path)
    if (told(own) === told(dialect) && own.delimiter === dialect.delimiter) continue
    throw new InputError(
      `${path}: found the columns ${told(own)}, parted by ${JSON.stringify(own.delimiter)}; allowed are those of ${first}: ${told(dialect)}, parted by ${JSON.stringify(dialect.delimiter)}`,
    )
  }
  return dialect
}

/** DuckDB's message without its list of settings and the statement: file, line and what is wrong. */
function readableFault(message: string): string {
  const lines = message.split('\n').map((line) => line.trim())
  const kept: string[] = []
  let file = ''
  for (const line of lines) {
    if (line.startsWith('file = ')) file = line.slice('file = '.length)
    if (/^(LINE \d|Possible|file =|delimiter =)/.test(line)) break
    if (line !== '')
      kept.push(line.replace(/^(Invalid Input|IO|Parser|Binder|Catalog) Error: /, ''))
  }
  const named = /^\s*file = (.*)$/m.exec(message)?.[1] ?? file
  const text = kept.join('; ').replace('CSV Error on Line:', 'line')
  return named === '' ? text : `${named}, ${text}`
}

/** The first bytes of a file as text, unpacked where it is packed. */
async function headOf(path: string): Promise<string> {
  const file = createReadStream(path)
  const compression = compressionOf(path)
  const stream =
    compression === 'gzip'
      ? file.pipe(createGunzip())
      : compression === 'zstd'
        ? file.pipe(createZstdDecompress())
        : file
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      parts.push(part)
      bytes += part.length
      if (bytes >= HEAD_BYTES) break
    }
  } catch (error) {
    throw new InputError(`${path}: ${messageOf(error)}`)
  } finally {
    file.destroy()
  }
  return Buffer.concat(parts).toString('utf8')
}

function compressionOf(path: string): 'gzip' | 'zstd' | 'none' {
  if (/\.gz$/i.test(path)) return 'gzip'
  return /\.zst$/i.test(path) ? 'zstd' : 'none'
}
