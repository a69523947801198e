/** A node of the syntax tree of a source file, as the parser of vitest gives it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** Calls `visit` for a node and all below it, in the order of the text. */
export function visitNodes(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | null, field: string) => void,
  parent: SyntaxNode | null = null,
  field = '',
): void {
  visit(node, parent, field)
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) {
        visitNodes(child as SyntaxNode, visit, node, name)
      }
    }
  }
}
