import { InputError } from './input-error.ts'

export interface CsvDialect {
  readonly delimiter: string
  readonly names: readonly string[]
  /** Whether the first line holds the names; if not, they are made up. */
  readonly hasHeader: boolean
}

const DELIMITERS = [',', ';', '\t', '|'] as const

/**
 * What the first record of a CSV file says of its dialect: the delimiter is the one that cuts it into
 * the most cells outside quotes. A first record of numbers only is data, and the columns are called
 * column1, column2, … DuckDB could guess all that, too, but to make a ragged file fit it guesses that
 * the ragged lines are a preamble, and drops them without a word.
 * @param head the first bytes of the file, as text
 */
export function csvDialect(head: string, file: string): CsvDialect {
  const text = head.startsWith('\ufeff') ? head.slice(1) : head
  let best = cells(text, ',')
  let delimiter: string = ','
  for (const other of DELIMITERS) {
    const found = cells(text, other)
    if (found.length <= best.length) continue
    best = found
    delimiter = other
  }
  if (best.every((cell) => cell === '')) throw new InputError(`${file}: it holds no column names`)
  const hasHeader = !best.every((cell) => cell !== '' && Number.isFinite(Number(cell)))
  return { delimiter, names: hasHeader ? distinct(best) : distinct(best.map(() => '')), hasHeader }
}

/** The cells of the first record; quotes as in RFC 4180. */
function cells(text: string, delimiter: string): string[] {
  const found: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (quoted) {
      if (char !== '"') cell += char
      else if (text.charAt(i + 1) === '"') {
        cell += '"'
        i++
      } else quoted = false
    } else if (char === '"' && cell === '') quoted = true
    else if (char === delimiter) {
      found.push(cell.trim())
      cell = ''
    } else if (char === '\n' || char === '\r') break
    else cell += char
  }
  found.push(cell.trim())
  return found
}

/** Names that are empty or stand twice get one of their own. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, i) => {
    const plain = name === '' ? `column${i + 1}` : name
    let own = plain
    // SQL does not tell upper from lower case.
    for (let n = 2; taken.has(own.toLowerCase()); n++) own = `${plain}_${n}`
    taken.add(own.toLowerCase())
    return own
  })
}
