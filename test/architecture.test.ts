import { existsSync as isThere, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cyclesIn } from '../scripts/house/cycles.ts'
import { FLOORS, floorOf, PURE_FLOORS } from '../scripts/house/floors.ts'
import { forbiddenImports, houseFigures, houseText, readHouse } from '../scripts/house/house.ts'
import { FIXED_WIRING, implementationsIn, violations } from '../scripts/house/rules.ts'

const root = join(import.meta.dirname, '..')
const house = readHouse(join(root, 'src'))
const files = [...house.texts.keys()]
const implementations = new Set([...house.texts.values()].flatMap(implementationsIn))

describe('the rules of the house', () => {
  it.each(files)('hold in %s', (path) => {
    expect(violations(path, house.texts.get(path) ?? '', implementations)).toEqual([])
  })

  it.each(['src', 'scripts', 'dashboards', 'test'])('allow no circle in %s', (folder) => {
    expect(cyclesIn(readHouse(join(root, folder)).imports)).toEqual([])
  })

  it('are about the floors that there are', () => {
    const floors = new Set(files.map(floorOf))
    for (const floor of Object.keys(FLOORS)) expect(floors).toContain(floor)
    expect(implementations).toContain('KafkaSource')
    expect(implementations.size).toBeGreaterThan(6)
    for (const path of Object.keys(FIXED_WIRING)) expect(files).toContain(path)
  })

  it('have a table without circles, in which pure floors stand on pure ones alone', () => {
    const table = new Map<string, readonly string[]>(Object.entries(FLOORS))
    expect(cyclesIn(table)).toEqual([])
    for (const floor of PURE_FLOORS) {
      for (const below of FLOORS[floor]) expect(PURE_FLOORS).toContain(below)
    }
  })
})

describe('the documents', () => {
  const named = (document: string): string[] => {
    const text = readFileSync(join(root, document), 'utf8')
    return [...text.matchAll(/`((?:[\w-]+\/)+(?:[\w-]+\.ts)?)`/g)].map(([, path]) => path ?? '')
  }

  it.each(['docs/architecture.md', 'docs/concepts.md', 'docs/quality.md', 'CONTRIBUTING.md'])(
    'name no file or folder of the code that is not there: %s',
    (document) => {
      const paths = named(document)
      expect(paths.length).toBeGreaterThan(0)
      const missing = paths.filter(
        (path) => !isThere(join(root, path)) && !isThere(join(root, 'src', path)),
      )
      expect(missing).toEqual([])
    },
  )

  it('show every floor on the page of the house', () => {
    const shown = new Set(named('docs/architecture.md').map((path) => path.split('/')[0]))
    for (const floor of Object.keys(FLOORS)) expect(shown).toContain(floor)
  })
})

describe('the figures of the house', () => {
  const imports = new Map([
    ['otlp/a.ts', ['detector/b.ts', 'otlp/c.ts']],
    ['otlp/c.ts', ['otlp/a.ts']],
    ['detector/b.ts', ['otlp/a.ts']],
    ['simulate/d.ts', []],
  ])
  const texts = new Map([...imports.keys()].map((path, i) => [path, 'x\n'.repeat(i + 1)]))

  it('count circles, upward imports, and the lines of pure floors but the shop', () => {
    const { cycles, upward_imports, core_lines, lines } = houseFigures({ texts, imports })
    expect({ cycles, upward_imports, core_lines }).toEqual({
      cycles: 1,
      upward_imports: 1,
      core_lines: 1 + 2 + 3,
    })
    expect([lines.otlp, lines.detector, lines.simulate, lines.io]).toEqual([3, 3, 4, 0])
    expect(forbiddenImports({ texts, imports })).toEqual(['otlp/a.ts -> detector/b.ts'])
  })

  it('find each circle once, with all that is on it, and no other', () => {
    expect(cyclesIn(imports)).toEqual([['detector/b.ts', 'otlp/a.ts', 'otlp/c.ts']])
    const graph = (...arrows: string[]): Map<string, string[]> =>
      new Map(arrows.map((arrow) => [arrow[0] ?? '', [...arrow.slice(1)]]))
    expect(cyclesIn(graph('aa', 'b'))).toEqual([['a']])
    expect(cyclesIn(graph('abc', 'bd', 'cd', 'd'))).toEqual([])
    expect(cyclesIn(graph('ab', 'ba', 'cdb', 'dc'))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(cyclesIn(graph('ab', 'bc', 'cbd', 'd'))).toEqual([['b', 'c']])
  })

  it('are told as text, from the roof down, with what is wrong', () => {
    const told = houseText({ texts, imports })
    expect(told.indexOf('detector  1 files')).toBeLessThan(told.indexOf('otlp  2 files'))
    expect(told).toContain('  a.ts <- detector/b, c\n')
    expect(told).toContain('not allowed: otlp/a.ts -> detector/b.ts')
    expect(told).toContain('circle: detector/b.ts, otlp/a.ts, otlp/c.ts')
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
    ['await', 'detector/a.ts', 'export async function f() { await g() }', 'pure code uses await'],
    ['async', 'detector/a.ts', 'export const f = async () => 1', 'pure code uses async'],
    ['async generators', 'otlp/a.ts', 'async function* f() {}', 'pure code uses async'],
    ['for await', 'otlp/a.ts', 'for await (const a of b) a()\nexport {}', 'pure code uses await'],
    ['import()', 'otlp/a.ts', "import('./b.ts')", 'pure code uses import()'],
    ['Date.now', 'sample/a.ts', 'const a = Date.now()', 'the clock (Date.now)'],
    ['new Date()', 'sample/a.ts', 'const a = new Date().getTime()', 'the clock (new Date())'],
    ['performance', 'kmedoids/a.ts', 'const a = performance.now()', 'uses performance'],
    ['timers', 'drift/a.ts', 'setTimeout(() => 1, 5)', 'uses setTimeout'],
    ['Math.random', 'simulate/a.ts', 'const a = Math.random()', 'uses Math.random'],
    ['random values', 'simulate/a.ts', 'crypto.randomUUID()', 'uses crypto'],
    ['process', 'assemble/a.ts', 'const a = process.env', 'uses process'],
    ['console', 'profile/a.ts', 'console.log(1)', 'uses console'],
    ['Buffer', 'otlp/a.ts', 'Buffer.from([1])', 'uses Buffer'],
    ['globalThis', 'otlp/a.ts', "globalThis['process']", 'uses globalThis'],
    ['the locale', 'detector/a.ts', 'a.sort((b, c) => b.localeCompare(c))', 'the locale'],
    [
      'a cache with a clock',
      'assemble/a.ts',
      "import { LRUCache } from 'lru-cache'\nnew LRUCache({ max: 1, ttl: 5 })",
      'lru-cache with ttl',
    ],
    [
      'io from the core',
      'detector/a.ts',
      "import { b } from '../io/log.ts'",
      'detector imports io/log.ts',
    ],
    ['upwards', 'otlp/a.ts', "import { b } from '../detector/b.ts'", 'otlp imports detector/b.ts'],
    [
      'sideways',
      'sample/a.ts',
      "import { b } from '../kmedoids/b.ts'",
      'sample imports kmedoids/b.ts',
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
      "import { b } from '../profile/b.ts'",
      'simulate imports profile/b.ts',
    ],
    [
      'the wiring from io',
      'io/a.ts',
      "import { b } from '../service/pipeline.ts'",
      'io imports service/pipeline.ts',
    ],
    ['io from the pages', 'ui/a.ts', "import { b } from '../io/b.ts'", 'ui imports io/b.ts'],
    [
      'commands from elsewhere',
      'service/app.ts',
      "import { b } from '../cli/b.ts'",
      'service imports cli/b.ts',
    ],
    ['main from a command', 'cli/a.ts', "import { b } from '../main.ts'", 'cli imports main.ts'],
    [
      'types from above',
      'otlp/a.ts',
      "import type { Log } from '../io/log.ts'",
      'otlp imports io/log.ts',
    ],
    [
      'types among values from above',
      'model/a.ts',
      "import { type Log, b } from '../baseline/b.ts'",
      'model imports baseline/b.ts',
    ],
    [
      'types from above in the text',
      'stats/a.ts',
      "export let a: import('../drift/b.ts').Drift",
      'stats imports drift/b.ts',
    ],
    ['types of packages', 'otlp/a.ts', "import type { z } from 'zod'", 'pure code imports zod'],
    [
      'configuration from the core',
      'detector/a.ts',
      "import type { Config } from '../config/schema.ts'",
      'detector imports config/schema.ts',
    ],
    ['a loose file', 'app.ts', '', 'lies on no floor'],
    ['a new folder', 'misc/a.ts', '', 'lies on no floor'],
    ['values in the contract', 'contract/a.ts', 'export const a = 1', 'more than types'],
    [
      'functions in the contract',
      'contract/a.ts',
      'export function a(): void {}',
      'more than types',
    ],
    ['handing types on', 'io/a.ts', "export type { b } from './b.ts'", 'a barrel'],
    [
      'choosing',
      'cli/a.ts',
      "import { KafkaSource } from '../io/kafka/kafka-source.ts'",
      'chooses KafkaSource',
    ],
    [
      'choosing under another name',
      'service/publisher.ts',
      "import { KafkaSource as S } from '../io/a.ts'",
      'chooses KafkaSource',
    ],
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
      'types from below',
      'detector/a.ts',
      "import type { Log } from '../contract/log.ts'\nimport { type B } from '../model/b.ts'",
    ],
    [
      'types in the contract',
      'contract/a.ts',
      "import type { B } from './b.ts'\nexport type A = B\nexport interface C { a: A }",
    ],
    ['types of what is chosen', 'io/a.ts', "import type { KafkaSource } from './b.ts'"],
    ['types named like files', 'otlp/a.ts', 'export type Log = { from: "../io/log.ts" }'],
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
      'detector/a.ts',
      'const a = (ms: number) => new Date(ms).toISOString() + Date.UTC(2026)',
    ],
    [
      'a cache without a clock',
      'assemble/a.ts',
      "import { LRUCache } from 'lru-cache'\nnew LRUCache({ max: 1 })",
    ],
    ['downwards', 'detector/a.ts', "import { b } from '../model/b.ts'\nimport { c } from './c.ts'"],
    [
      'choosing in the app',
      'service/app.ts',
      "import { KafkaSource } from '../io/a.ts'\nimport { z } from 'zod'",
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
    ['long files', 'io/a.ts', '\n'.repeat(900)],
  ])('and allows %s', (_, path, source) => {
    expect(breaks(path, source)).toEqual([])
  })
})
