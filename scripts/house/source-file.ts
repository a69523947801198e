import { parseAst } from 'vitest/node'

/** What one file takes from another, or from a package. */
export interface Import {
  /** As written: `./floors.ts`, `zod`, `node:fs`. */
  readonly from: string
  /** Names there of the values among them; `*` for all, for a default, and for an import for its effect. */
  readonly values: readonly string[]
}

/** A source file as far as the rules of the house look at it. */
export interface SourceFile {
  /** Types count like values. */
  readonly imports: readonly Import[]
  /** Statements that hand on what another file exports. */
  readonly reexports: number
  /** What pure code may not use, in words, in the order of the text. */
  readonly impure: readonly string[]
  /** Whether anything is left of it at run time. */
  readonly hasValues: boolean
}

interface Node {
  readonly type: string
  readonly [field: string]: unknown
}

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

/** @throws SyntaxError where the text is no TypeScript */
export function parseSource(text: string): SourceFile {
  const program = parseAst(text, { lang: 'ts' }) as unknown as Node
  const imports: Import[] = []
  const impure: string[] = []
  let reexports = 0
  walk(program, null, '', (node, parent, field) => {
    const from = (node['source'] as Node | null | undefined)?.['value']
    if (typeof from === 'string') {
      if (node.type.startsWith('Export')) reexports++
      imports.push({ from, values: importedValues(node) })
    }
    const what = impurity(node, parent, field)
    if (what !== null) impure.push(what)
  })
  const hasValues = (program['body'] as Node[]).some((statement) => !isType(statement))
  return { imports, reexports, impure, hasValues }
}

/** Whether a statement only declares types, or imports or exports them. */
function isType(statement: Node): boolean {
  const { type } = statement
  if (type === 'TSInterfaceDeclaration' || type === 'TSTypeAliasDeclaration') return true
  if (type === 'ImportDeclaration') return statement['importKind'] === 'type'
  return type === 'ExportNamedDeclaration' && statement['exportKind'] === 'type'
}

function importedValues(node: Node): string[] {
  if (node.type === 'TSImportType' || node['importKind'] === 'type') return []
  const specifiers = (node['specifiers'] as Node[] | undefined) ?? []
  if (specifiers.length === 0) return ['*']
  return specifiers
    .filter((each) => each['importKind'] !== 'type')
    .map((each) => String((each['imported'] as Node | undefined)?.['name'] ?? '*'))
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
