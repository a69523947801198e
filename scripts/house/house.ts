import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { cyclesIn } from './cycles.ts'
import { FLOORS, type Floor, floorOf, PURE_FLOORS } from './floors.ts'
import { mayImport, targetOf } from './rules.ts'
import { parseSource } from './source-file.ts'

/** All files of a folder, with what each imports of them. */
export interface House {
  /** By path relative to the folder. */
  readonly texts: ReadonlyMap<string, string>
  readonly imports: ReadonlyMap<string, readonly string[]>
}

/** What `npm run house -- --json` prints. */
export interface HouseFigures {
  readonly cycles: number
  readonly upward_imports: number
  /** Of the pure floors but `simulate`. */
  readonly core_lines: number
  readonly lines: Readonly<Record<Floor, number>>
}

export function readHouse(folder: string): House {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
  const texts = new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
  const imports = new Map([...texts].map(([path, text]) => [path, importedFiles(path, text)]))
  return { texts, imports }
}

/** Files of the same folder that a file imports, each once. */
function importedFiles(path: string, text: string): string[] {
  const targets = parseSource(text).imports.map((each) => targetOf(path, each))
  return [...new Set(targets.filter((target) => target !== null))].sort()
}

/** Imports that the table of floors does not allow, as `from -> to`. */
export function forbiddenImports({ imports }: House): string[] {
  return [...imports].flatMap(([path, targets]) =>
    targets.filter((target) => !mayImport(path, target)).map((target) => `${path} -> ${target}`),
  )
}

export function houseFigures(house: House): HouseFigures {
  const lines = Object.fromEntries(Object.keys(FLOORS).map((floor) => [floor, 0])) as Record<
    Floor,
    number
  >
  for (const [path, text] of house.texts) {
    const floor = floorOf(path)
    if (floor !== null) lines[floor] += text.split('\n').length - 1
  }
  const core = PURE_FLOORS.filter((floor) => floor !== 'simulate')
  return {
    cycles: cyclesIn(house.imports).length,
    upward_imports: forbiddenImports(house).length,
    core_lines: core.reduce((sum, floor) => sum + lines[floor], 0),
    lines,
  }
}

/** The house from the roof down: floors, their files, and from which floors each file takes something. */
export function houseText(house: House): string {
  const { lines, ...figures } = houseFigures(house)
  const floors = Object.keys(FLOORS).toReversed() as Floor[]
  const parts = floors.map((floor) => {
    const files = [...house.imports].filter(([path]) => floorOf(path) === floor)
    const head = `${floor}  ${files.length} files, ${lines[floor]} lines`
    return [head, ...files.map(([path, targets]) => fileLine(path, targets))].join('\n')
  })
  const circles = cyclesIn(house.imports).map((circle) => `circle: ${circle.join(', ')}`)
  const upward = forbiddenImports(house).map((each) => `not allowed: ${each}`)
  const sums = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
  return `${[...parts, [...circles, ...upward, ...sums].join('\n')].join('\n\n')}\n`
}

function fileLine(path: string, targets: readonly string[]): string {
  const own = floorOf(path)
  const names = targets.map((target) => {
    const [floor, ...rest] = target.split('/')
    return floor === own ? rest.join('/') : target
  })
  const stem = names.map((name) => name.replace(/\.ts$/, ''))
  return `  ${path.slice(path.indexOf('/') + 1)}${stem.length > 0 ? ` <- ${stem.join(', ')}` : ''}`
}
