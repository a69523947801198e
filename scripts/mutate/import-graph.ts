import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** A file and all of the project that it imports, itself included; sorted. Paths from the root of the project. */
export function filesBehind(file: string): string[] {
  const found = new Set<string>()
  const open = [file]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    const source = readFileSync(next, 'utf8')
    for (const [, from] of source.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']*\.ts)'/g)) {
      open.push(posix.join(posix.dirname(next), from ?? ''))
    }
  }
  return [...found].sort()
}

/** Another text for another content of any of the files. */
export function contentHash(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}
