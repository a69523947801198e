import { stripTypeScriptTypes } from 'node:module'
import { parseAst } from 'vitest/node'
import { type SyntaxNode, visitNodes } from './syntax-nodes.ts'

/** One small fault that a test should notice: `replacement` in place of what stands at `start` … `end`. */
export interface Mutant {
  readonly kind: MutantKind
  readonly start: number
  readonly end: number
  /** It makes a difference only where the code at this position runs. */
  readonly runsAt: number
  /** Counted from 1. */
  readonly line: number
  readonly original: string
  readonly replacement: string
  /** The lines that it touches, on one line, before and after: this names it in the list of argued ones. */
  readonly before: string
  readonly after: string
}

export type MutantKind =
  | 'arithmetic'
  | 'array'
  | 'boolean'
  | 'call'
  | 'comparison'
  | 'condition'
  | 'logic'
  | 'number'
  | 'return'
  | 'statement'
  | 'unary'

interface Edit {
  readonly kind: MutantKind
  readonly start: number
  readonly end: number
  /** Where it does not run at `start`. */
  readonly runsAt?: number
  readonly replacement: string
}

/** Boundary and negation of each comparison. */
const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
}
const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
}
const LOGIC: Readonly<Record<string, string>> = { '&&': '||', '||': '&&', '??': '&&' }
/** Methods that are mistaken for one another. */
const METHODS: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
}
const UNARY: Readonly<Record<string, string>> = { '-': '', '!': '', '~': '', '+': '-' }

/** TypeScript without its types, each character where it was. */
export function withoutTypes(source: string): string {
  const stripped = stripTypeScriptTypes(source)
  if (stripped.length !== source.length) {
    throw new Error('stripping the types moved the text: mutants would point at the wrong place')
  }
  return stripped
}

/** All mutants of a source file, by position. The same text gives the same list. */
export function findMutants(source: string): Mutant[] {
  const text = withoutTypes(source)
  const edits: Edit[] = []
  visitNodes(parseAst(text) as unknown as SyntaxNode, (node, parent, field) => {
    edits.push(...editsOf(node, parent, field, text))
  })
  edits.sort(
    (a, b) => a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1),
  )
  return edits.map((edit) => describeEdit(edit, source))
}

/** A source file with its fault, types stripped. */
export function withMutant(source: string, { start, end, replacement }: Mutant): string {
  const text = withoutTypes(source)
  return text.slice(0, start) + replacement + text.slice(end)
}

function describeEdit(edit: Edit, source: string): Mutant {
  const { start, end, replacement } = edit
  const from = source.lastIndexOf('\n', start - 1) + 1
  const newline = source.indexOf('\n', end)
  const to = newline === -1 ? source.length : newline
  return {
    ...edit,
    runsAt: edit.runsAt ?? start,
    line: source.slice(0, start).split('\n').length,
    original: onOneLine(source.slice(start, end)),
    before: onOneLine(source.slice(from, to)),
    after: onOneLine(source.slice(from, start) + replacement + source.slice(end, to)),
  }
}

function onOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

function editsOf(
  node: SyntaxNode,
  parent: SyntaxNode | null,
  field: string,
  text: string,
): readonly Edit[] {
  const { start, end } = node
  switch (node.type) {
    case 'BinaryExpression':
      return binaryEdits(node, text)
    case 'LogicalExpression': {
      const other = LOGIC[String(node['operator'])]
      return other === undefined ? [] : [operatorEdit('logic', node, other, text)]
    }
    case 'AssignmentExpression':
      return assignmentEdits(node, text)
    case 'UpdateExpression':
      return [updateEdit(node)]
    case 'UnaryExpression': {
      const other = UNARY[String(node['operator'])]
      if (other === undefined || isSignedNumber(node)) return []
      return [{ kind: 'unary', start, end: start + 1, replacement: other }]
    }
    case 'Literal':
      return literalEdits(node, parent, field)
    case 'ArrayExpression':
      return (node['elements'] as unknown[]).length === 0
        ? []
        : [{ kind: 'array', start, end, replacement: '[]' }]
    case 'MemberExpression':
      return methodEdits(node, parent, field)
    case 'ArrowFunctionExpression':
      return arrowEdits(node)
    default:
      return statementEdits(node)
  }
}

function binaryEdits(node: SyntaxNode, text: string): Edit[] {
  const operator = String(node['operator'])
  const comparisons = COMPARISONS[operator]
  if (comparisons) return comparisons.map((other) => operatorEdit('comparison', node, other, text))
  const other = ARITHMETIC[operator]
  const joinsText = operator === '+' && [node['left'], node['right']].some(isText)
  return other === undefined || joinsText ? [] : [operatorEdit('arithmetic', node, other, text)]
}

function isText(value: unknown): boolean {
  const node = value as SyntaxNode
  if (node.type === 'TemplateLiteral') return true
  if (node.type === 'BinaryExpression') return [node['left'], node['right']].some(isText)
  return node.type === 'Literal' && typeof node['value'] === 'string'
}

/** Another operator between left and right. */
function operatorEdit(kind: MutantKind, node: SyntaxNode, other: string, text: string): Edit {
  const operator = String(node['operator'])
  const start = text.indexOf(operator, afterParentheses(node['left'] as SyntaxNode, text))
  return { kind, start, end: start + operator.length, runsAt: node.start, replacement: other }
}

/** Where an operand ends, comments and closing parentheses behind it included. */
function afterParentheses(operand: SyntaxNode, text: string): number {
  const behind = /^(?:\s|\)|\/\*[\s\S]*?\*\/|\/\/.*\n)*/.exec(text.slice(operand.end))
  return operand.end + (behind?.[0].length ?? 0)
}

function assignmentEdits(node: SyntaxNode, text: string): Edit[] {
  const operator = String(node['operator'])
  const plain = operator.slice(0, -1)
  const other = ARITHMETIC[plain] ?? LOGIC[plain]
  return other === undefined ? [] : [operatorEdit('arithmetic', node, `${other}=`, text)]
}

function updateEdit(node: SyntaxNode): Edit {
  const replacement = node['operator'] === '++' ? '--' : '++'
  const start = node['prefix'] === true ? node.start : node.end - 2
  return { kind: 'arithmetic', start, end: start + 2, replacement }
}

/** `-1` is a number with a sign: its digits are changed, and its sign with them would be one change too many. */
function isSignedNumber(node: SyntaxNode): boolean {
  const of = node['argument'] as SyntaxNode
  return of.type === 'Literal' && typeof of['value'] === 'number'
}

function literalEdits(node: SyntaxNode, parent: SyntaxNode | null, field: string): Edit[] {
  const { start, end } = node
  const value = node['value']
  if (typeof value === 'boolean') return [{ kind: 'boolean', start, end, replacement: `${!value}` }]
  if (typeof value !== 'number' || field === 'key') return []
  const isNegative = parent?.type === 'UnaryExpression' && parent['operator'] === '-'
  return otherNumbers(value).map((other) => ({
    kind: 'number' as const,
    start,
    end,
    replacement: other < 0 && isNegative ? `(${other})` : String(other),
  }))
}

/** A whole number has its neighbours; for a fraction one more would be another world, so it is doubled. */
function otherNumbers(value: number): number[] {
  return Number.isInteger(value) ? [value + 1, value - 1] : [value * 2]
}

function methodEdits(node: SyntaxNode, parent: SyntaxNode | null, field: string): Edit[] {
  const property = node['property'] as SyntaxNode
  const name = String(property['name'])
  const isCall = parent?.type === 'CallExpression' && field === 'callee'
  const other = METHODS[name]
  if (!isCall || node['computed'] === true || other === undefined) return []
  const { start, end } = property
  return [{ kind: 'call', start, end, runsAt: node.start, replacement: other }]
}

function arrowEdits(node: SyntaxNode): Edit[] {
  const body = node['body'] as SyntaxNode
  if (body.type === 'BlockStatement') return []
  // Parentheses around an object literal are not part of its node: `({ a })` becomes `(undefined)`.
  return [{ kind: 'return', start: body.start, end: body.end, replacement: 'undefined' }]
}

function statementEdits(node: SyntaxNode): Edit[] {
  const { start, end } = node
  const test = node['test'] as SyntaxNode | null | undefined
  switch (node.type) {
    case 'ExpressionStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'ThrowStatement':
      return [{ kind: 'statement', start, end, replacement: ';' }]
    case 'ReturnStatement': {
      const value = node['argument'] as SyntaxNode | null
      if (value === null) return [{ kind: 'statement', start, end, replacement: ';' }]
      return isUndefined(value) ? [] : [{ kind: 'return', start, end, replacement: 'return;' }]
    }
    case 'IfStatement':
    case 'ConditionalExpression':
      return test ? ['true', 'false'].map((each) => conditionEdit(test, each)) : []
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'ForStatement':
      return test ? [conditionEdit(test, 'false')] : []
    default:
      return []
  }
}

function isUndefined(node: SyntaxNode): boolean {
  return node.type === 'Identifier' && node['name'] === 'undefined'
}

function conditionEdit({ start, end }: SyntaxNode, replacement: string): Edit {
  return { kind: 'condition', start, end, replacement }
}
