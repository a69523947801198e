import { posix } from 'node:path'
import { FLOORS, type Floor, floorOf, PURE_FLOORS } from './floors.ts'
import { type Import, parseSource } from './source-file.ts'

/** Files besides `service/app.ts` that wire one fixed source or sink and choose nothing, with why. */
export const FIXED_WIRING: Readonly<Record<string, string>> = {
  'cli/replay.ts': 'a replay reads files, whatever the configuration says',
  'cli/demo.ts': 'the demo sends itself OTLP over HTTP',
}
const CHOOSER = 'service/app.ts'

/**
 * The package's entry for programs, beside main.ts above all floors. The one barrel: an importer outside must
 * not depend on how the inside is cut into files.
 */
const PACKAGE_ENTRY = 'kmedoids.ts'

const BANNED_NAMES = /^(utils?|helpers?|common|misc|types?|index|shared)\.ts$/

/**
 * What a file of `src/` does against the rules of the house, in words; nothing if it keeps them.
 * @param path relative to src, e.g. `otlp/frame-splitter.ts`
 * @param implementations classes that implement a source or a sink: only the app may choose one
 */
export function violations(
  path: string,
  text: string,
  implementations: ReadonlySet<string>,
): string[] {
  const { imports, reexports, impure, hasValues } = parseSource(text)
  const found: string[] = []
  const name = posix.basename(path)
  const floor = floorOf(path)
  if (BANNED_NAMES.test(name)) found.push(`${name} says nothing of what it holds`)
  if (floor === null && path !== 'main.ts' && path !== PACKAGE_ENTRY) {
    found.push(`${path} lies on no floor`)
  }
  if (floor === 'contract' && hasValues) found.push('contract holds more than types')
  if (reexports > 0 && path !== PACKAGE_ENTRY) found.push('hands on what others export (a barrel)')
  if (floor !== null && (PURE_FLOORS as readonly Floor[]).includes(floor)) {
    found.push(...impure.map((what) => `pure code uses ${what}`))
    found.push(...imports.flatMap(packageFault))
    if (/\bttl\s*:/.test(text) && imports.some(({ from }) => from === 'lru-cache')) {
      found.push('lru-cache with ttl: its clock is not data time')
    }
  }
  found.push(...imports.flatMap((each) => importFault(path, each)))
  if (path !== CHOOSER && !Object.hasOwn(FIXED_WIRING, path)) {
    const chosen = imports
      .flatMap(({ values }) => values)
      .filter((each) => implementations.has(each))
    found.push(...chosen.map((each) => `chooses ${each}; only ${CHOOSER} does`))
  }
  return found
}

/** Where an import leads, as a path of the same root; null for a package. */
export function targetOf(path: string, { from }: Import): string | null {
  return from.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), from)) : null
}

/** Whether `path` may import `target`, both in src: its own floor, and those that the table names. */
export function mayImport(path: string, target: string): boolean {
  const to = floorOf(target)
  const floor = floorOf(path)
  // main.ts stands above all floors; nothing may stand on it.
  if (path === PACKAGE_ENTRY) return to === 'kmedoids' || to === 'stats'
  if (floor === null) return path === 'main.ts' && to !== null
  if (to === null) return false
  return to === floor || (FLOORS[floor] as readonly string[]).includes(to)
}

/** Names of the classes in a file that implement a source or a sink. */
export function implementationsIn(text: string): string[] {
  return [...text.matchAll(/class (\w+) implements (?:Source|Sink)\b/g)].map(
    ([, name]) => name ?? '',
  )
}

function packageFault({ from }: Import): string[] {
  if (from.startsWith('.') || from === 'lru-cache') return []
  return [`pure code imports ${from}`]
}

function importFault(path: string, each: Import): string[] {
  const target = targetOf(path, each)
  if (target === null || mayImport(path, target)) return []
  return [`${floorOf(path) ?? path} imports ${target}`]
}
