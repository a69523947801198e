import {
  closeSync,
  createWriteStream,
  existsSync,
  globSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InputError } from './input-error.ts'

export const TABLE_FORMATS = ['csv', 'jsonl', 'parquet'] as const
export type TableFormat = (typeof TABLE_FORMATS)[number]

/** Files of one format that are one table, in this order. */
export interface TableFiles {
  readonly paths: readonly string[]
  readonly format: TableFormat
  /** How messages call it. */
  readonly name: string
}

const ENDINGS: Readonly<Record<TableFormat, RegExp>> = {
  csv: /\.(csv|tsv|txt)(\.gz|\.zst)?$/i,
  jsonl: /\.(jsonl|ndjson|json)(\.gz|\.zst)?$/i,
  parquet: /\.(parquet|pq)$/i,
}

/** The files that paths and globs name, each glob in the order of the names. */
export function findTableFiles(
  patterns: readonly string[],
  format: TableFormat | undefined,
): TableFiles {
  const paths = patterns.flatMap((pattern) => {
    if (existsSync(pattern)) return [pattern]
    const found = /[*?[{]/.test(pattern) ? globSync(pattern).sort() : []
    if (found.length === 0) throw new InputError(`${pattern}: there is no such file`)
    return found
  })
  for (const path of paths) {
    if (statSync(path).isDirectory()) {
      throw new InputError(`${path}: it is a folder; name its files, such as ${path}/*.parquet`)
    }
  }
  const formats = new Set(paths.map((path) => format ?? formatOf(path)))
  const [only, ...others] = formats
  if (only === undefined) throw new InputError('no file is named')
  if (others.length > 0) {
    throw new InputError(`the files are of several formats (${[...formats].join(', ')})`)
  }
  return { paths, format: only, name: patterns.join(' ') }
}

/** Standard input, kept in a file of `folder`, because a table is read more than once. */
export async function spoolInput(
  stdin: Readable,
  folder: string,
  format: TableFormat | undefined,
  signal: AbortSignal,
): Promise<TableFiles> {
  const path = join(folder, 'standard-input')
  await pipeline(stdin, createWriteStream(path), { signal })
  return { paths: [path], format: format ?? formatOf(path), name: 'standard input' }
}

function formatOf(path: string): TableFormat {
  for (const format of TABLE_FORMATS) if (ENDINGS[format].test(path)) return format
  const head = Buffer.alloc(64)
  const file = openSync(path, 'r')
  const read = readSync(file, head, 0, head.length, 0)
  closeSync(file)
  const text = head.toString('latin1', 0, read).trimStart()
  if (text.startsWith('PAR1')) return 'parquet'
  return text.startsWith('{') || text.startsWith('[') ? 'jsonl' : 'csv'
}
