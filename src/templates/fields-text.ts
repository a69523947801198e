/** Names under which structured records hold their message, the first that is there counts. */
const MESSAGES = ['message', 'msg', 'event', 'log', 'body', 'text', '@message', 'MESSAGE']
/** Names of times. */
const TIMES = ['@timestamp', 'timestamp', 'time', 'ts', 'datetime', 'date']
/** Fields whose values are words of a small set, which tell records apart. */
const KEPT = new Set(['level', 'severity', 'lvl', 'logger', 'error.type', 'exception.type'])

const MOST_NAMES = 64
const DEEPEST = 4
const LONGEST_KEPT = 40

type Fields = Readonly<Record<string, unknown>>

/**
 * A structured record as a line: its message, and the names of its fields in order, `card declined {amount} {user.id}`.
 * Values are left out but for those that say of which kind a record is: `{level=error}`.
 */
export function textOfFields(fields: Fields): string {
  const message = MESSAGES.find((name) => typeof fields[name] === 'string')
  const names = new Set<string>()
  collect(fields, '', 0, names)
  if (message !== undefined) names.delete(message)
  for (const name of TIMES) names.delete(name)
  const shown = Array.from(names, (name) => {
    const value = KEPT.has(name) ? fields[name] : null
    const isKept = typeof value === 'string' && value.length <= LONGEST_KEPT
    return isKept ? `{${name}=${value}}` : `{${name}}`
  })
  const said = message === undefined ? [] : [String(fields[message])]
  return [...said, ...shown.sort()].join(' ')
}

/** What a structured record gives as its time. */
export function timeOfFields(fields: Fields): unknown {
  const name = TIMES.find((each) => fields[each] !== undefined)
  return name === undefined ? undefined : fields[name]
}

/** Names of all fields, those of nested ones with a point between; at most `MOST_NAMES`. */
function collect(value: unknown, path: string, depth: number, names: Set<string>): void {
  if (names.size === MOST_NAMES) return
  if (typeof value !== 'object' || value === null || depth === DEEPEST) {
    names.add(path)
    return
  }
  if (Array.isArray(value)) {
    const [first] = value
    const holdsFields = typeof first === 'object' && first !== null
    if (holdsFields) collect(first, `${path}[]`, depth + 1, names)
    else names.add(`${path}[]`)
    return
  }
  for (const name in value) {
    if (names.size === MOST_NAMES) return
    collect((value as Fields)[name], path === '' ? name : `${path}.${name}`, depth + 1, names)
  }
}
