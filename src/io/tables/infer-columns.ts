import type { Json } from '@duckdb/node-api'
import { type Database, sqlName } from './database.ts'
import { InputError, inputFault } from './input-error.ts'
import { type LoadedColumn, type LoadedTable, ROWS } from './load-table.ts'

export const COLUMN_KINDS = ['number', 'category', 'boolean', 'time', 'set'] as const
export type ColumnKind = (typeof COLUMN_KINDS)[number]

/** What a column is taken for, and why. */
export interface TableColumn {
  readonly name: string
  readonly kind: ColumnKind
  /** Whether it counts in the distance. */
  readonly isUsed: boolean
  readonly reason: string
  readonly missing: number
  /** SQL that gives its value: a DOUBLE, a VARCHAR, or a VARCHAR[] for a set; NULL where missing. */
  readonly sql: string
}

export interface InferOptions {
  /** Kinds given by hand, by column. */
  readonly kinds: ReadonlyMap<string, ColumnKind>
  /** Columns whose values no message may show. */
  readonly masked: ReadonlySet<string>
}

/** Words that stand for "no value" where numbers are expected. */
const MISSING_WORDS = ['', 'na', 'n/a', 'nan', 'null', 'none', '-', '?']
const BOOLEAN_WORDS = ['true', 'false', 'yes', 'no', 't', 'f', 'y', 'n']
/** From this share of numbers on a text is a fault among numbers, not a number among texts. */
const MOSTLY_NUMBERS = 0.9
/** A text column with this share of different values tells rows apart, it does not group them. */
const NAME_LIKE = 0.9
/** Below so many rows nothing is concluded from how many values differ. */
const FEW_ROWS = 20

const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/
const TIMES = /^(DATE|TIMESTAMP.*)$/
const TEXTS = /^(VARCHAR|ENUM.*|UUID)$/

/** One pass over the table, then each column by itself. @throws InputError */
export async function inferColumns(
  database: Database,
  table: LoadedTable,
  options: InferOptions,
): Promise<TableColumn[]> {
  const counts = await countColumns(database, table)
  const found: TableColumn[] = []
  for (const [i, column] of table.columns.entries()) {
    const count = new ColumnCount(counts, i, table.count)
    found.push(await inferColumn(database, table, column, count, options))
  }
  return found
}

class ColumnCount {
  readonly present: number
  readonly distinct: number
  readonly numbers: number
  readonly missingWords: number
  readonly booleans: number
  readonly times: number
  readonly least: number
  readonly most: number
  readonly whole: boolean

  constructor(row: Record<string, Json>, i: number, rows: number) {
    const value = (key: string): number => Number(row[`${key}${i}`] ?? 0)
    this.present = value('present')
    this.distinct = Math.min(value('distinct'), rows)
    this.numbers = value('numbers')
    this.missingWords = value('missing')
    this.booleans = value('booleans')
    this.times = value('times')
    this.least = value('least')
    this.most = value('most')
    this.whole = value('fractions') === 0
  }
}

async function countColumns(
  database: Database,
  { columns }: LoadedTable,
): Promise<Record<string, Json>> {
  const parts = columns.flatMap(({ name, sqlType }, i) => {
    const c = sqlName(name)
    const common = [`count(${c}) AS present${i}`]
    if (isList(sqlType)) return common
    common.push(`approx_count_distinct(${c}) AS distinct${i}`)
    const number = TEXTS.test(sqlType) ? `TRY_CAST(${c} AS DOUBLE)` : c
    if (TEXTS.test(sqlType) || NUMBERS.test(sqlType)) {
      common.push(
        `min(${number})::DOUBLE AS least${i}`,
        `max(${number})::DOUBLE AS most${i}`,
        `count(*) FILTER (WHERE ${number}::DOUBLE <> floor(${number}::DOUBLE)) AS fractions${i}`,
      )
    }
    if (!TEXTS.test(sqlType)) return common
    const word = `lower(trim(${c}::VARCHAR))`
    return [
      ...common,
      `count(${number}) AS numbers${i}`,
      `count(*) FILTER (WHERE ${word} IN (${words(MISSING_WORDS)})
         AND ${number} IS NULL) AS missing${i}`,
      `count(*) FILTER (WHERE ${word} IN (${words(BOOLEAN_WORDS)})) AS booleans${i}`,
      `count(TRY_CAST(${c} AS TIMESTAMP)) AS times${i}`,
    ]
  })
  const [row] = await database.rows(`SELECT ${parts.join(', ')} FROM ${ROWS}`)
  return row ?? {}
}

async function inferColumn(
  database: Database,
  table: LoadedTable,
  column: LoadedColumn,
  count: ColumnCount,
  options: InferOptions,
): Promise<TableColumn> {
  const { name } = column
  const forced = options.kinds.get(name)
  const kind = forced ?? (await kindOf(database, table, column, count, options))
  if (kind === null) {
    const reason = `${column.sqlType} is nested; take it apart with --sql`
    return { name, kind: 'category', isUsed: false, reason, missing: 0, sql: 'NULL' }
  }
  const sql = valueSql(column, kind)
  if (forced !== undefined) await checkForced(database, table, column, kind, sql, options)
  const words = kind === 'number' && table.isText ? count.missingWords : 0
  const missing = table.count - count.present + words
  const because =
    forced !== undefined
      ? { isUsed: true, reason: 'as told by --type' }
      : await worth(database, table, column, kind, count)
  return { name, kind, missing, sql, ...because }
}

/** null where nothing can be made of the type. */
async function kindOf(
  database: Database,
  table: LoadedTable,
  { name, sqlType }: LoadedColumn,
  count: ColumnCount,
  { masked }: InferOptions,
): Promise<ColumnKind | null> {
  if (NUMBERS.test(sqlType)) return 'number'
  if (TIMES.test(sqlType)) return 'time'
  if (sqlType === 'BOOLEAN') return 'boolean'
  if (isList(sqlType)) return 'set'
  if (!TEXTS.test(sqlType)) return null
  if (!table.isText || count.present === 0) return 'category'
  const { present, numbers, missingWords } = count
  if (numbers > 0 && numbers + missingWords === present) return 'number'
  if (numbers >= MOSTLY_NUMBERS * present) {
    const c = sqlName(name)
    const where = `TRY_CAST(${c} AS DOUBLE) IS NULL AND lower(trim(${c})) NOT IN (${words(MISSING_WORDS)})`
    const fault = await firstFault(database, table, name, where, masked)
    if (fault === null) return 'number'
    throw inputFault({
      ...fault,
      allowed: `a number or nothing, as in ${numbers} of ${present} rows (or --type ${name}=category)`,
    })
  }
  if (count.booleans === present) return 'boolean'
  return count.times === present ? 'time' : 'category'
}

function valueSql({ name, sqlType }: LoadedColumn, kind: ColumnKind): string {
  const c = sqlName(name)
  const isText = TEXTS.test(sqlType)
  switch (kind) {
    case 'number':
      return isText ? `TRY_CAST(${c} AS DOUBLE)` : `${c}::DOUBLE`
    case 'time':
      return `epoch(${isText ? `TRY_CAST(${c} AS TIMESTAMP)` : `${c}::TIMESTAMP`})`
    case 'boolean':
      return isText
        ? `(lower(trim(${c})) IN ('true', 'yes', 't', 'y', '1'))::VARCHAR`
        : `${c}::BOOLEAN::VARCHAR`
    case 'category':
      return `${c}::VARCHAR`
    case 'set':
      return isList(sqlType) ? `${c}::VARCHAR[]` : `string_split(${c}::VARCHAR, ' ')`
  }
}

/** A kind that was asked for must fit every value. */
async function checkForced(
  database: Database,
  table: LoadedTable,
  { name, sqlType }: LoadedColumn,
  kind: ColumnKind,
  sql: string,
  { masked }: InferOptions,
): Promise<void> {
  if (kind === 'category' || kind === 'set') return
  if (isList(sqlType)) throw new InputError(`column ${name} holds lists; it can only be a set`)
  const c = sqlName(name)
  const word = `lower(trim(${c}::VARCHAR))`
  const bad =
    kind === 'boolean'
      ? `${word} NOT IN (${words([...BOOLEAN_WORDS, '0', '1'])})`
      : `${sql} IS NULL AND ${word} NOT IN (${words(MISSING_WORDS)})`
  const fault = await firstFault(database, table, name, `${c} IS NOT NULL AND ${bad}`, masked)
  if (fault !== null) throw inputFault({ ...fault, allowed: `a ${kind} or nothing (--type)` })
}

/** Whether a column helps to group rows. */
async function worth(
  database: Database,
  table: LoadedTable,
  { name }: LoadedColumn,
  kind: ColumnKind,
  count: ColumnCount,
): Promise<{ isUsed: boolean; reason: string }> {
  const unused = (reason: string): { isUsed: false; reason: string } => ({ isUsed: false, reason })
  if (count.present === 0) return unused('it is empty')
  if (kind === 'set') return { isUsed: true, reason: '' }
  const constant = count.distinct <= 1
  if (constant) return unused('all its values are the same')
  if (table.count < FEW_ROWS || count.distinct < NAME_LIKE * 0.9 * count.present) {
    return { isUsed: true, reason: '' }
  }
  const isCounter =
    kind === 'number' &&
    count.whole &&
    (count.least === 0 || count.least === 1) &&
    count.most - count.least === table.count - 1
  const isId = kind === 'number' && count.whole && /(^|[_\s.-])(id|key)$|[a-z]Id$/i.test(name)
  if (kind !== 'category' && !isCounter && !isId) return { isUsed: true, reason: '' }
  // The counts so far are estimates.
  const [row] = await database.rows(`SELECT count(DISTINCT ${sqlName(name)}) AS n FROM ${ROWS}`)
  const distinct = Number(row?.['n'] ?? 0)
  if (kind === 'category') {
    if (distinct < NAME_LIKE * count.present) return { isUsed: true, reason: '' }
    return unused(`${distinct} different values in ${count.present} rows: a name or free text`)
  }
  if (distinct < count.present) return { isUsed: true, reason: '' }
  return unused(isCounter ? 'it counts the rows' : 'an id: every row has its own')
}

/** The first row whose value is not allowed, or null. */
export async function firstFault(
  database: Database,
  table: LoadedTable,
  name: string,
  where: string,
  masked: ReadonlySet<string>,
): Promise<{ at: string; found: string | null } | null> {
  const sql = sqlName(name)
  const [row] = await database.rows(
    `SELECT rowid::BIGINT + 1 AS row, ${sql}::VARCHAR AS value FROM ${ROWS} WHERE ${where}
     ORDER BY rowid LIMIT 1`,
  )
  if (row === undefined) return null
  return {
    at: `${table.name}, row ${row['row']}, column ${name}`,
    found: masked.has(name) ? null : String(row['value']),
  }
}

function words(list: readonly string[]): string {
  return list.map((word) => `'${word}'`).join(', ')
}

function isList(sqlType: string): boolean {
  return sqlType.endsWith('[]')
}
