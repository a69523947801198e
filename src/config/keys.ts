import { z } from 'zod'
import type { LeafMeta } from './leaf.ts'
import { configSchema } from './schema.ts'

/** One step down in the schema: a section with its keys, or a leaf. */
export interface KeyNode {
  readonly meta: LeafMeta
  /** Keys of a section; null for a leaf. */
  readonly keys: ReadonlyMap<string, KeyNode> | null
}

function nodeOf(schema: unknown): KeyNode {
  const meta = schema instanceof z.ZodType ? schema.meta() : undefined
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  return {
    meta: (meta ?? { doc: '' }) as unknown as LeafMeta,
    keys:
      inner instanceof z.ZodObject
        ? new Map(Object.entries(inner.shape).map(([key, child]) => [key, nodeOf(child)]))
        : null,
  }
}

/** The schema as a tree of keys. */
export const configKeys: KeyNode = nodeOf(configSchema)

/** The key a path leads to: the leaf, for a path into the value of a leaf; null where there is none. */
export function keyAt(path: readonly PropertyKey[]): KeyNode | null {
  let node = configKeys
  for (const step of path) {
    if (node.keys === null) return node
    const next = node.keys.get(String(step))
    if (next === undefined) return null
    node = next
  }
  return node
}

/** "did you mean …?" for an unknown key in a section; null if nothing is near. */
export function nearestKey(section: readonly PropertyKey[], unknown: string): string | null {
  const siblings = [...(keyAt(section)?.keys?.keys() ?? [])]
  const limit = Math.max(1, Math.floor(unknown.length / 3))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const sibling of siblings) {
    const distance = editDistance(unknown, sibling)
    if (distance < bestDistance) {
      best = sibling
      bestDistance = distance
    }
  }
  if (best !== null) return [...section, best].join('.')
  return pathsNamed(unknown, configKeys, [])[0] ?? null
}

function pathsNamed(name: string, node: KeyNode, path: readonly string[]): string[] {
  const found: string[] = []
  for (const [key, child] of node.keys ?? []) {
    const here = [...path, key]
    if (key === name) found.push(here.join('.'))
    found.push(...pathsNamed(name, child, here))
  }
  return found
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
