import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter } from 'yaml'

/** Line of the deepest part of a key path that the file holds, from 1; null where it holds none of it. */
export function lineOfKey(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | null {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (pair === undefined || !isScalar(pair.key)) break
      offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (!isNode(node)) break
      offset = node.range?.[0] ?? offset
    } else break
  }
  return offset === undefined ? null : lines.linePos(offset).line
}
