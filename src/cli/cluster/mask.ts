import { createHash } from 'node:crypto'
import { sqlName, sqlText } from '../../io/tables/database.ts'

/** How values of masked columns look outside. */
export interface Mask {
  /** Whether equal values stay equal, so that a model can still compare them. */
  readonly keepsEqual: boolean
  /** The value as it may be shown; missing stays missing. */
  text(value: string): string
  /** The same in SQL, of a column's name. */
  sql(column: string): string
}

const HIDDEN = '***'
const DIGITS = 16

/**
 * Without a key everything is ***. With one a value is a keyed digest, sha256(key, sha256(key, value)):
 * the nested hash of HMAC, written so that the database can compute it for a whole column, too.
 */
export function maskOf(key: string | undefined): Mask {
  if (key === undefined || key === '') {
    return {
      keepsEqual: false,
      text: () => HIDDEN,
      sql: (column) => `CASE WHEN ${sqlName(column)} IS NULL THEN NULL ELSE '${HIDDEN}' END`,
    }
  }
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const secret = digest(key)
  return {
    keepsEqual: true,
    text: (value) => `masked:${digest(secret + digest(secret + value)).slice(0, DIGITS)}`,
    sql: (column) =>
      `'masked:' || left(sha256(${sqlText(secret)} || sha256(${sqlText(secret)} || ${sqlName(column)}::VARCHAR)), ${DIGITS})`,
  }
}
