const EXPORT = /export (type )?\{([^}]*)\} from '([^']+)'/g

/**
 * The reference of `medoscope/kmedoids`, from the comments that stand in the code before what it exports.
 * @param entry the text of the package's entry
 * @param read a file that the entry passes on
 */
export function kmedoidsReference(entry: string, read: (path: string) => string): string {
  const functions: string[] = []
  const types: string[] = []
  for (const [, typeOnly, list = '', path = ''] of entry.matchAll(EXPORT)) {
    const source = read(path)
    for (const part of list.split(',').map((one) => one.trim())) {
      if (part === '') continue
      const name = part.replace(/^type /, '')
      const isType = typeOnly !== undefined || part !== name
      const found = declarationOf(source, name)
      if (found === null) throw new Error(`${path}: ${name} is exported but not declared there`)
      if (found.comment === '' && !isType) throw new Error(`${path}: ${name} has no comment`)
      const comment = found.comment === '' ? '' : `${found.comment}\n\n`
      const text = `### ${name}\n\n${comment}\`\`\`ts\n${found.declaration}\n\`\`\`\n`
      ;(isType ? types : functions).push(text)
    }
  }
  return `# medoscope/kmedoids: reference

Made from the comments in the code by \`npm run docs:kmedoids\`; do not edit. The guide is [kmedoids.md](kmedoids.md).

## Functions and values

${functions.join('\n')}
## Types

${types.join('\n')}`
}

interface Declaration {
  readonly comment: string
  readonly declaration: string
}

function declarationOf(source: string, name: string): Declaration | null {
  const start = new RegExp(`^export (?:function|const|class|interface|type) ${name}\\b`, 'm').exec(
    source,
  )
  if (start === null) return null
  const before = source.slice(0, start.index)
  const [comment = ''] = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(before) ?? []
  return { comment: plain(comment), declaration: signature(source.slice(start.index)) }
}

/** A comment's text without its stars. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

/** What a caller needs of a declaration: a function's head, a type's members, a constant's first line. */
function signature(text: string): string {
  if (text.startsWith('export interface')) return upTo(text, /^\}/m)
  if (text.startsWith('export function')) {
    // The body begins at the first brace that ends a line.
    return upTo(text, / \{$/m).replace(/ \{$/, '')
  }
  if (text.startsWith('export class')) return upTo(text, /$/m).replace(/ \{$/, '')
  return upTo(text, /$/m).replace(/ [={[]+$/, '')
}

function upTo(text: string, end: RegExp): string {
  const found = end.exec(text)
  return found === null ? text : text.slice(0, found.index + found[0].length)
}
