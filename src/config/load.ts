import { LineCounter, parse, parseDocument } from 'yaml'
import { crossChecks } from './checks.ts'
import { configKeys, type KeyNode, keyAt, nearestKey } from './keys.ts'
import type { LeafKind } from './leaf.ts'
import { lineOfKey } from './lines.ts'
import { type Config, configSchema } from './schema.ts'

/** One thing wrong with a configuration. */
export interface ConfigFault {
  /** Dotted key, e.g. `traces.quiet`; empty for the whole file. */
  readonly key: string
  /** Line in the file, from 1; null for what did not come from a line of it. */
  readonly line: number | null
  readonly found: string
  readonly allowed: string
  /** A likely intention; empty if there is none. */
  readonly hint: string
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[]

  constructor(name: string, faults: readonly ConfigFault[]) {
    super(faults.map((fault) => formatFault(name, fault)).join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** `medoscope.yaml:12: traces.quiet: found "5x"; allowed: a duration …` */
function formatFault(name: string, fault: ConfigFault): string {
  const place = fault.line === null ? name : `${name}:${fault.line}`
  const key = fault.key === '' ? '' : `${fault.key}: `
  const hint = fault.hint === '' ? '' : ` (${fault.hint})`
  return `${place}: ${key}found ${fault.found}; allowed: ${fault.allowed}${hint}`
}

export interface ConfigSource {
  /** Shown in faults, e.g. the file's name. */
  readonly name: string
  /** YAML; empty for the defaults. */
  readonly text: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** `a.b=c`, applied over the file in this order. */
  readonly set: readonly string[]
}

type Path = readonly PropertyKey[]
type Tree = Record<string, unknown>

/**
 * Reads, completes and checks a configuration: the file, then `--set`, then `${env:NAME}`,
 * `${env:NAME:-default}` and `$$` in every text.
 * @throws ConfigError naming every fault at once
 */
export function loadConfig(source: ConfigSource): Config {
  const lines = new LineCounter()
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false })
  const faults: ConfigFault[] = document.errors.map((error) =>
    yamlFault(error.message, lines.linePos(error.pos[0]).line),
  )
  let given: unknown = null
  try {
    given = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    // An alias without its anchor, or aliases that multiply without end.
    faults.push(yamlFault(error instanceof Error ? error.message : String(error), null))
  }
  if (faults.length > 0) throw new ConfigError(source.name, faults)
  const overridden = new Set<string>()
  const add = (path: Path, found: string, allowed: string, hint = ''): void => {
    const key = path.map(String).join('.')
    const line = overridden.has(key) ? null : lineOfKey(document, lines, path)
    faults.push({ key, line, found, allowed, hint })
  }
  if (!isTree(given)) {
    add([], shown(given), 'keys with values')
    throw new ConfigError(source.name, faults)
  }
  for (const setting of source.set) override(given, setting, overridden, add)
  const tree = substitute(configKeys, given, [], source.env, add) as Tree
  const config = check(tree, add)
  if (faults.length > 0) throw new ConfigError(source.name, inFileOrder(faults))
  return config
}

function yamlFault(found: string, line: number | null): ConfigFault {
  return { key: '', line, found, allowed: 'YAML with every key once', hint: '' }
}

function inFileOrder(faults: readonly ConfigFault[]): ConfigFault[] {
  const line = (fault: ConfigFault): number => fault.line ?? Number.MAX_SAFE_INTEGER
  return faults.toSorted((a, b) => line(a) - line(b))
}

type AddFault = (path: Path, found: string, allowed: string, hint?: string) => void

/** Parses, then parses again without what is wrong, so that the checks across keys still run. */
function check(tree: Tree, add: AddFault): Config {
  const faulty = new Set<string>()
  const first = configSchema.safeParse(tree)
  for (const issue of first.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        addUnknown(issue.path, key, add)
        remove(tree, [...issue.path, key])
      }
      continue
    }
    const node = keyAt(issue.path)
    const found = at(tree, issue.path)
    const depth = leafDepth(issue.path)
    faulty.add(issue.path.slice(0, depth).join('.'))
    // An address that is none may still hold credentials, or be one of a hook without its scheme.
    const isSecret = node?.meta.secret !== undefined
    add(issue.path, isSecret ? '********' : shown(found), node?.meta.allowed ?? 'a group of keys')
  }
  for (const key of faulty) remove(tree, key.split('.'))
  const config = configSchema.parse(tree)
  for (const { keys, holds, allowed } of crossChecks) {
    if (keys.some((key) => faulty.has(key)) || holds(config)) continue
    const path = keys[0].split('.')
    const written = at(tree, path) ?? keyAt(path)?.meta.default
    add(path, shown(written), allowed)
  }
  return config
}

function addUnknown(section: Path, key: string, add: AddFault): void {
  const near = nearestKey(section, key)
  const keys = [...(keyAt(section)?.keys?.keys() ?? [])].join(', ')
  add([...section, key], 'an unknown key', `the keys ${keys}`, near ? `did you mean ${near}?` : '')
}

/** Steps of a path down to its leaf; further ones lead into the leaf's value. */
function leafDepth(path: Path): number {
  let node: KeyNode | undefined = configKeys
  for (let depth = 0; depth < path.length; depth++) {
    if (!node?.keys) return depth
    node = node.keys.get(String(path[depth]))
  }
  return path.length
}

function override(tree: Tree, setting: string, overridden: Set<string>, add: AddFault): void {
  const equals = setting.indexOf('=')
  if (equals < 1) {
    add(['--set'], shown(setting), 'key=value, e.g. --set traces.quiet=10s')
    return
  }
  const path = setting.slice(0, equals).split('.')
  overridden.add(path.join('.'))
  let node = tree
  for (const step of path.slice(0, -1)) {
    const next = Object.hasOwn(node, step) ? node[step] : undefined
    const child: Tree = isTree(next) ? next : {}
    define(node, step, child)
    node = child
  }
  const value = setting.slice(equals + 1)
  const kind = keyAt(path)?.meta.kind ?? 'text'
  // A path into a map (one header) sets a text whatever the map's own kind is.
  const whole = leafDepth(path) === path.length
  define(node, path.at(-1) ?? '', whole ? ofKind(value, kind) : value)
}

/** A copy of the tree with variables in its texts replaced and empty sections (`traces:`) as `{}`. */
function substitute(
  node: KeyNode | undefined,
  value: unknown,
  path: Path,
  env: ConfigSource['env'],
  add: AddFault,
): unknown {
  if (value === null && node?.keys) return {}
  if (typeof value === 'string') {
    if (!value.includes('$')) return value
    const replaced = replaceVariables(value, env, (found, allowed) => add(path, found, allowed))
    return replaced === null ? undefined : ofKind(replaced, node?.meta.kind ?? 'text')
  }
  if (Array.isArray(value)) {
    const element: KeyNode = { meta: { doc: '', kind: 'text' }, keys: null }
    return value.map((each, index) => substitute(element, each, [...path, index], env, add))
  }
  if (!isTree(value)) return value
  const copy: Tree = {}
  for (const [key, each] of Object.entries(value)) {
    const replaced = substitute(node?.keys?.get(key), each, [...path, key], env, add)
    if (replaced !== undefined) define(copy, key, replaced)
  }
  return copy
}

/** The text with variables replaced; null, after `fault`, where one is not set or not understood. */
function replaceVariables(
  text: string,
  env: ConfigSource['env'],
  fault: (found: string, allowed: string) => void,
): string | null {
  let sound = true
  const replaced = text.replaceAll(
    /\$\$|\$\{([^}]*)(\}|$)/g,
    (match, inside: string, end: string) => {
      if (match === '$$') return '$'
      const reference = /^env:([A-Za-z_]\w*)(?::-(.*))?$/s.exec(end === '}' ? inside : '')
      const name = reference?.[1]
      const fallback = reference?.[2]
      const value = name === undefined ? undefined : env[name]
      if (value !== undefined && !(value === '' && fallback !== undefined)) return value
      if (fallback !== undefined) return fallback
      sound = false
      if (name === undefined)
        fault(shown(match), `\${env:NAME}, \${env:NAME:-default}, or $$ for a dollar`)
      else
        fault(`${match}, which is not set`, `a variable that is set, or \${env:${name}:-default}`)
      return ''
    },
  )
  return sound ? replaced : null
}

/** A text from outside the file as a value of the wanted kind; a text that is none stays and is found faulty. */
function ofKind(text: string, kind: LeafKind): unknown {
  if (kind === 'number')
    return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (kind === 'map' || (kind === 'list' && text.startsWith('['))) {
    try {
      return parse(text)
    } catch {
      return text
    }
  }
  return text
}

function at(tree: unknown, path: Path): unknown {
  let node = tree
  for (const step of path)
    node = isTree(node) || Array.isArray(node) ? Reflect.get(node, step) : undefined
  return node
}

function remove(tree: Tree, path: Path): void {
  const parent = at(tree, path.slice(0, -1))
  const last = path.at(-1)
  if (isTree(parent) && last !== undefined) Reflect.deleteProperty(parent, last)
}

/** Own property whatever the key is called, `__proto__` included. */
function define(tree: Tree, key: string, value: unknown): void {
  Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true })
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
