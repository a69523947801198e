import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../src/main.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { FakeWorld } from '../fakes/world.ts'

export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder of its own and the command line in it. */
export class ClusterWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'medoscope-cluster-'))

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  async cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
    const world = new FakeWorld(options.env)
    world.stdin.end(options.stdin ?? '')
    if (options.abortMs !== undefined) {
      setTimeout(() => world.abort.abort('SIGINT'), options.abortMs)
    }
    const code = await main(args, world)
    return { code, out: world.out, err: world.err }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

interface CliOptions {
  readonly env?: Record<string, string>
  readonly stdin?: string
  readonly abortMs?: number
}

const KINDS = [
  { kind: 'student', age: 22, income: 9000, city: 'Rome' },
  { kind: 'worker', age: 41, income: 52000, city: 'Berlin' },
  { kind: 'retired', age: 71, income: 24000, city: 'Oslo' },
] as const

/** People of three kinds that nobody would mix up; every tenth has no age. */
export function people(n: number, seed = 1): Record<string, string | number | boolean>[] {
  const random = new SeededRandom(seed)
  const spread = (): number => random.next() + random.next() - 1
  return Array.from({ length: n }, (_, i) => {
    const one = KINDS[i % 3] ?? KINDS[0]
    return {
      name: `person-${i}-${Math.floor(random.next() * 1e6)}`,
      kind: one.kind,
      age: i % 10 === 9 ? '' : Math.round(one.age + 4 * spread()),
      income: Math.round(one.income * (1 + 0.1 * spread())),
      city: random.next() < 0.1 ? 'Bergen' : one.city,
      member: random.next() < 0.5,
    }
  })
}

export function csv(rows: readonly Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {})
  return `${[names, ...rows.map((row) => names.map((name) => String(row[name])))].map((line) => line.join(',')).join('\n')}\n`
}

export function jsonLines(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map((row) => {
      const present = Object.entries(row).filter(([, value]) => value !== '')
      return `${JSON.stringify(Object.fromEntries(present))}\n`
    })
    .join('')
}
