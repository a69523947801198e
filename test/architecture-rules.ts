import { stripTypeScriptTypes } from 'node:module'
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'

/** Folders of the pure core, each with the folders it may import values from (types: from any of them). */
export const PURE: Readonly<Record<string, readonly string[]>> = {
  otlp: [],
  assemble: ['otlp'],
  features: ['otlp', 'assemble'],
  sample: ['otlp', 'assemble', 'features'],
  cluster: ['otlp', 'assemble', 'features'],
  model: ['otlp', 'assemble', 'features', 'sample', 'cluster'],
  drift: ['otlp', 'assemble', 'features', 'sample', 'cluster', 'model'],
  detect: ['otlp', 'assemble', 'features', 'sample', 'cluster', 'model', 'drift'],
  simulate: ['otlp'],
}

/** Files that wire one fixed source or sink and choose nothing, with why. */
export const FIXED_WIRING: Readonly<Record<string, string>> = {
  'cli/replay.ts': 'a replay reads files, whatever the configuration says',
  'cli/demo.ts': 'the demo sends itself OTLP over HTTP',
}

const MAX_LINES = 350
const BANNED_NAMES = /^(utils?|helpers?|common|misc|types?|index|shared)\.ts$/
/** Globals that tell time, chance or the machine. TextEncoder and TextDecoder are fine. */
const IMPURE_GLOBALS = new Set(
  (
    'process console performance setTimeout setInterval setImmediate queueMicrotask fetch crypto ' +
    'Buffer require globalThis global Intl navigator WebSocket XMLHttpRequest Atomics SharedArrayBuffer'
  ).split(' '),
)
const LOCALE_METHODS = new Set(
  'localeCompare toLocaleString toLocaleUpperCase toLocaleLowerCase'.split(' '),
)

interface Node {
  readonly type: string
  readonly [field: string]: unknown
}

/** What a file imports to run, that is without types. */
interface ValueImport {
  readonly from: string
  readonly names: readonly string[]
}

interface Parsed {
  readonly imports: readonly ValueImport[]
  readonly reexports: number
  readonly impure: readonly string[]
}

/**
 * What a source file of `src/` does against the rules of the design, in words; nothing if it keeps them.
 * @param path relative to src, e.g. `otlp/frames.ts`
 * @param implementations classes that implement a source or a sink: only app.ts may choose one
 */
export function violations(
  path: string,
  source: string,
  implementations: ReadonlySet<string>,
): string[] {
  const { imports, reexports, impure } = parse(source)
  const found: string[] = []
  const lines = source.split('\n').length - 1
  if (lines > MAX_LINES) found.push(`${lines} lines; about 300 are the limit`)
  const name = posix.basename(path)
  if (BANNED_NAMES.test(name)) found.push(`${name} says nothing of what it holds`)
  if (reexports > 0) found.push('hands on what others export (a barrel)')
  const folder = folderOf(path)
  if (folder in PURE) {
    found.push(...impure.map((what) => `pure code uses ${what}`))
    if (/\bttl\s*:/.test(source) && imports.some(({ from }) => from === 'lru-cache')) {
      found.push('lru-cache with ttl: its clock is not data time')
    }
  }
  for (const each of imports) found.push(...importFaults(path, folder, each))
  if (path !== 'app.ts' && !Object.hasOwn(FIXED_WIRING, path)) {
    const chosen = imports.flatMap(({ names }) => names).filter((each) => implementations.has(each))
    found.push(...chosen.map((each) => `chooses ${each}; only app.ts does`))
  }
  return found
}

/** Names of the classes in a file that implement a source or a sink. */
export function implementationsIn(source: string): string[] {
  return [...source.matchAll(/class (\w+) implements (?:Source|Sink)\b/g)].map(
    ([, name]) => name ?? '',
  )
}

function importFaults(path: string, folder: string, { from }: ValueImport): string[] {
  if (!from.startsWith('.')) {
    if (!(folder in PURE)) return []
    return from === 'lru-cache' ? [] : [`pure code imports ${from}`]
  }
  const target = posix.normalize(posix.join(posix.dirname(path), from))
  const to = folderOf(target)
  if (to === folder) return []
  const allowed = PURE[folder]
  if (allowed !== undefined) return allowed.includes(to) ? [] : [`${folder} imports ${target}`]
  if (folder === 'ui') return to in PURE ? [] : [`ui imports ${target}`]
  if (folder === 'io') return to in PURE || to === 'ui' ? [] : [`io imports ${target}`]
  if (to === 'cli' && path !== 'main.ts') return [`${path} imports ${target}; only main.ts does`]
  if (folder === 'cli' && target === 'main.ts') return ['a command imports main.ts']
  return []
}

/** `otlp` of `otlp/frames.ts`; empty for what lies in src itself. */
function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : ''
}

function parse(source: string): Parsed {
  const program = parseAst(stripTypeScriptTypes(source)) as unknown as Node
  const imports: ValueImport[] = []
  const impure: string[] = []
  let reexports = 0
  walk(program, null, '', (node, parent, field) => {
    const from = (node['source'] as Node | null | undefined)?.['value']
    if (typeof from === 'string') {
      if (node.type !== 'ImportDeclaration' && node.type !== 'ImportExpression') reexports++
      imports.push({ from, names: importedNames(node) })
    }
    const what = impurity(node, parent, field)
    if (what !== null) impure.push(what)
  })
  return { imports, reexports, impure }
}

function importedNames(node: Node): string[] {
  const specifiers = (node['specifiers'] as Node[] | undefined) ?? []
  return specifiers.map((each) => String((each['imported'] as Node | undefined)?.['name'] ?? '*'))
}

/** What a node does that pure code may not; null if nothing. */
function impurity(node: Node, parent: Node | null, field: string): string | null {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node['await']))
    return 'await'
  if (node['async'] === true) return 'async'
  if (node.type === 'ImportExpression') return 'import()'
  if (node.type === 'MemberExpression') return memberImpurity(node)
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const callee = node['callee'] as Node
    const now = callee['name'] === 'Date' && (node['arguments'] as Node[]).length === 0
    return now ? 'the clock (new Date())' : null
  }
  if (node.type !== 'Identifier') return null
  const isName =
    (field === 'property' && parent?.type === 'MemberExpression' && parent['computed'] !== true) ||
    (field === 'key' && parent?.['computed'] !== true)
  return !isName && IMPURE_GLOBALS.has(String(node['name'])) ? String(node['name']) : null
}

function memberImpurity(node: Node): string | null {
  const object = (node['object'] as Node)['name']
  const property = String((node['property'] as Node)['name'])
  if (object === 'Date' && property === 'now') return 'the clock (Date.now)'
  if (object === 'Math' && property === 'random') return 'Math.random'
  return LOCALE_METHODS.has(property) ? `the locale (${property})` : null
}

function walk(
  node: Node,
  parent: Node | null,
  field: string,
  visit: (node: Node, parent: Node | null, field: string) => void,
): void {
  visit(node, parent, field)
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) {
        walk(child as Node, node, name, visit)
      }
    }
  }
}
