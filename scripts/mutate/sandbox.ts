import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Mutant, withMutant, withoutTypes } from './find-mutants.ts'
import { limitLoops } from './loop-limit.ts'

/**
 * Imports test files with everything of the project that they import, anew each time: the modules of
 * one import carry its key in their addresses. One of the source files may have a mutant in it.
 */
export class Sandbox {
  readonly #root: string
  readonly #limited = new Map<string, string>()
  #mutated: { readonly path: string; readonly text: string } | null = null
  #imports = 0

  /** @param root folder of the project, with a slash at its end */
  constructor(root: string) {
    this.#root = root
    registerHooks({
      resolve: (specifier, context, next) => {
        const key = keyOf(context.parentURL)
        if (key === null) return next(specifier, context)
        if (specifier === 'vitest') {
          return { url: new URL('./test-shim.ts', import.meta.url).href, shortCircuit: true }
        }
        const found = next(specifier, context)
        return this.#isOurs(found.url) ? { ...found, url: `${found.url}?${KEY}=${key}` } : found
      },
      load: (url, context, next) => {
        if (keyOf(url) === null) return next(url, context)
        const path = fileURLToPath(url)
        const source = this.#mutated?.path === path ? this.#mutated.text : this.#sourceOf(path)
        return { format: 'module', source, shortCircuit: true }
      },
    })
  }

  /** Puts a mutant into a file for the imports to come; null takes it out. Throws where it cannot be parsed. */
  mutate(path: string, mutant: Mutant | null): void {
    this.#mutated = null
    if (mutant === null) return
    const text = limitLoops(withMutant(readFileSync(path, 'utf8'), mutant)).text
    this.#mutated = { path, text }
  }

  /** Imports a test file anew. Returns the query that the addresses of its modules end with. */
  async importAnew(path: string): Promise<string> {
    const query = `?${KEY}=${this.#imports++}`
    await import(`${pathToFileURL(path).href}${query}`)
    return query
  }

  #sourceOf(path: string): string {
    let text = this.#limited.get(path)
    if (text === undefined) {
      text = limitLoops(withoutTypes(readFileSync(path, 'utf8'))).text
      this.#limited.set(path, text)
    }
    return text
  }

  #isOurs(url: string): boolean {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return false
    const path = fileURLToPath(url)
    return path.startsWith(this.#root) && !path.includes('/node_modules/')
  }
}

const KEY = 'import'

function keyOf(url: string | undefined): string | null {
  return url === undefined ? null : (new RegExp(`\\?${KEY}=(\\d+)$`).exec(url)?.[1] ?? null)
}
