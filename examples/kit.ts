import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '../src/kmedoids.ts'

// In a project of your own: import … from 'medoscope/kmedoids', and `npx medoscope` for the command.

const LAUNCHER = new URL('../bin/medoscope.js', import.meta.url).pathname

/** Chance with a seed: an example prints the same numbers each time. */
export class Dice {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  /** In [0, 1). */
  next = (): number => this.#random.next()

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** Normally distributed, as the sum of twelve uniform numbers. */
  normal(mean: number, deviation: number): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.next()
    return mean + deviation * sum
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('there is nothing to pick from')
    return item
  }
}

export type Row = Readonly<Record<string, string | number | readonly string[]>>

/** A folder for what an example makes. */
export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'medoscope-example-'))
}

export function writeCsv(path: string, rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {})
  const lines = rows.map((row) => names.map((name) => row[name]).join(','))
  writeFileSync(path, `${[names.join(','), ...lines].join('\n')}\n`)
  return path
}

export function writeJsonLines(path: string, rows: readonly Row[]): string {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return path
}

export interface Clustered {
  readonly k: number
  readonly mean_distance: number
  readonly medoid_silhouette: number
  readonly medoids: readonly {
    readonly row: number
    readonly size: number
    readonly radius: number
    readonly values: Readonly<Record<string, string>>
  }[]
}

/** Runs `medoscope cluster … --json`. */
export function cluster(...args: readonly string[]): Clustered {
  const all = [LAUNCHER, 'cluster', ...args, '--json']
  return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8' })) as Clustered
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
