import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIXED_WIRING, implementationsIn, PURE, violations } from './architecture-rules.ts'

const src = join(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .toSorted()
const text = new Map(files.map((path) => [path, readFileSync(join(src, path), 'utf8')]))
const implementations = new Set([...text.values()].flatMap(implementationsIn))

describe('the rules of the design', () => {
  it.each(files)('hold in %s', (path) => {
    expect(violations(path, text.get(path) ?? '', implementations)).toEqual([])
  })

  it('are about the folders that there are', () => {
    const folders = new Set(files.map((path) => path.split('/')[0]))
    for (const folder of Object.keys(PURE)) {
      // drift comes last of all.
      if (folder !== 'drift') expect(folders).toContain(folder)
    }
    expect(implementations).toContain('KafkaSource')
    expect(implementations.size).toBeGreaterThan(6)
    for (const path of Object.keys(FIXED_WIRING)) expect(files).toContain(path)
  })
})

/** Each rule with code that breaks it, and code that looks like it and does not. */
describe('a rule can fail:', () => {
  const classes = new Set(['KafkaSource'])
  const breaks = (path: string, source: string): string[] => violations(path, source, classes)

  it.each([
    ['packages', 'otlp/a.ts', "import { z } from 'zod'", 'pure code imports zod'],
    [
      'node modules',
      'model/a.ts',
      "import { join } from 'node:path'",
      'pure code imports node:path',
    ],
    ['imports for their effects', 'otlp/a.ts', "import 'zod'", 'pure code imports zod'],
    ['await', 'detect/a.ts', 'export async function f() { await g() }', 'pure code uses await'],
    ['async', 'detect/a.ts', 'export const f = async () => 1', 'pure code uses async'],
    ['async generators', 'otlp/a.ts', 'async function* f() {}', 'pure code uses async'],
    ['for await', 'otlp/a.ts', 'for await (const a of b) a()\nexport {}', 'pure code uses await'],
    ['import()', 'otlp/a.ts', "import('./b.ts')", 'pure code uses import()'],
    ['Date.now', 'sample/a.ts', 'const a = Date.now()', 'the clock (Date.now)'],
    ['new Date()', 'sample/a.ts', 'const a = new Date().getTime()', 'the clock (new Date())'],
    ['performance', 'cluster/a.ts', 'const a = performance.now()', 'uses performance'],
    ['timers', 'drift/a.ts', 'setTimeout(() => 1, 5)', 'uses setTimeout'],
    ['Math.random', 'simulate/a.ts', 'const a = Math.random()', 'uses Math.random'],
    ['random values', 'simulate/a.ts', 'crypto.randomUUID()', 'uses crypto'],
    ['process', 'assemble/a.ts', 'const a = process.env', 'uses process'],
    ['console', 'features/a.ts', 'console.log(1)', 'uses console'],
    ['Buffer', 'otlp/a.ts', 'Buffer.from([1])', 'uses Buffer'],
    ['globalThis', 'otlp/a.ts', "globalThis['process']", 'uses globalThis'],
    ['the locale', 'detect/a.ts', 'a.sort((b, c) => b.localeCompare(c))', 'the locale'],
    [
      'a cache with a clock',
      'assemble/a.ts',
      "import { LRUCache } from 'lru-cache'\nnew LRUCache({ max: 1, ttl: 5 })",
      'lru-cache with ttl',
    ],
    [
      'io from the core',
      'detect/a.ts',
      "import { b } from '../io/log.ts'",
      'detect imports io/log.ts',
    ],
    ['upwards', 'otlp/a.ts', "import { b } from '../detect/b.ts'", 'otlp imports detect/b.ts'],
    [
      'sideways',
      'sample/a.ts',
      "import { b } from '../cluster/b.ts'",
      'sample imports cluster/b.ts',
    ],
    [
      'the shop into the core',
      'model/a.ts',
      "import { b } from '../simulate/b.ts'",
      'model imports simulate/b.ts',
    ],
    [
      'the core into the shop',
      'simulate/a.ts',
      "import { b } from '../features/b.ts'",
      'simulate imports features/b.ts',
    ],
    [
      'the wiring from io',
      'io/a.ts',
      "import { b } from '../pipeline.ts'",
      'io imports pipeline.ts',
    ],
    ['io from the pages', 'ui/a.ts', "import { b } from '../io/b.ts'", 'ui imports io/b.ts'],
    ['commands from elsewhere', 'app.ts', "import { b } from './cli/b.ts'", 'only main.ts does'],
    ['main from a command', 'cli/a.ts', "import { b } from '../main.ts'", 'imports main.ts'],
    [
      'choosing',
      'cli/a.ts',
      "import { KafkaSource } from '../io/kafka/kafka-source.ts'",
      'chooses KafkaSource',
    ],
    [
      'choosing under another name',
      'publisher.ts',
      "import { KafkaSource as S } from './io/a.ts'",
      'chooses KafkaSource',
    ],
    ['long files', 'io/a.ts', '\n'.repeat(351), '351 lines'],
    ['utils', 'io/utils.ts', '', 'says nothing'],
    ['types.ts', 'otlp/types.ts', '', 'says nothing'],
    ['index.ts', 'otlp/index.ts', '', 'says nothing'],
    ['barrels', 'io/a.ts', "export * from './b.ts'", 'a barrel'],
    ['half barrels', 'io/a.ts', "export { b } from './b.ts'", 'a barrel'],
  ])('%s', (_, path, source, says) => {
    expect(breaks(path, source).join('; ')).toContain(says)
  })

  it.each([
    [
      'types from anywhere',
      'otlp/a.ts',
      "import type { Log } from '../io/log.ts'\nimport type { z } from 'zod'",
    ],
    [
      'words in comments and texts',
      'otlp/a.ts',
      "// await process.exit()\nconst a = 'Date.now() Math.random() console'",
    ],
    [
      'names of properties',
      'otlp/a.ts',
      'const a = { process: 1, console: 2 }; a.process = a.console',
    ],
    [
      'a time that is given',
      'detect/a.ts',
      'const a = (ms: number) => new Date(ms).toISOString() + Date.UTC(2026)',
    ],
    [
      'a cache without a clock',
      'assemble/a.ts',
      "import { LRUCache } from 'lru-cache'\nnew LRUCache({ max: 1 })",
    ],
    ['downwards', 'detect/a.ts', "import { b } from '../model/b.ts'\nimport { c } from './c.ts'"],
    [
      'everything in app.ts',
      'app.ts',
      "import { KafkaSource } from './io/a.ts'\nimport { z } from 'zod'",
    ],
    [
      'packages and awaiting in io',
      'io/a.ts',
      "import { z } from 'zod'\nexport const f = async () => await z",
    ],
    [
      'the core from io',
      'io/kafka/a.ts',
      "import { b } from '../../otlp/b.ts'\nimport { c } from '../c.ts'",
    ],
    ['350 lines', 'io/a.ts', '\n'.repeat(350)],
  ])('and allows %s', (_, path, source) => {
    expect(breaks(path, source)).toEqual([])
  })
})
