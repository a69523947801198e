import { readFileSync, writeFileSync } from 'node:fs'
import { kmedoidsReference } from './kmedoids-docs/reference.ts'

/** Writes docs/kmedoids-api.md from the comments in the code. */
const entry = new URL('../src/kmedoids.ts', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, entry), 'utf8')
writeFileSync(
  new URL('../docs/kmedoids-api.md', import.meta.url),
  kmedoidsReference(readFileSync(entry, 'utf8'), read),
)
