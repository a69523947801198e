import { SeededRandom } from '../../../src/stats/random.ts'

/** A log of one run, as a CI system keeps it, and which of its lines say what failed. */
export interface CiRun {
  readonly lines: readonly string[]
  /** Numbers of lines, from 1: each must be found. */
  readonly wanted: readonly number[]
}

/** Writes one run: the same jobs whether it fails or not, with all that differs between two good runs, too. */
export type CiCase = (log: CiLog, fails: boolean) => void

type Stamp = 'none' | 'iso' | 'clock'

/** What a case writes with: lines, times, and chance. */
export class CiLog {
  readonly lines: string[] = []
  readonly wanted: number[] = []
  readonly #random: SeededRandom
  #ms: number
  stamp: Stamp = 'none'

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    this.#ms = 1_795_900_000_000 + Math.floor(this.#random.next() * 9e7)
  }

  say(...texts: readonly string[]): void {
    for (const text of texts) {
      this.#ms += Math.floor(this.#random.next() * this.#random.next() * 900)
      this.lines.push(this.#stamped(text))
    }
  }

  /** A line that a person looks for. */
  cry(text: string): void {
    this.say(text)
    this.wanted.push(this.lines.length)
  }

  /** A line anywhere within what is there. */
  slipIn(text: string): void {
    const at = this.whole(0, this.lines.length)
    const before = this.lines[at] ?? ''
    const stamp = this.stamp === 'none' ? '' : before.slice(0, before.indexOf(' ') + 1)
    this.lines.splice(at, 0, stamp + text)
    this.wanted.forEach((number, i) => {
      if (number > at) this.wanted[i] = number + 1
    })
  }

  /** A whole number in [from, to]. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.#random.next() * (to - from + 1))
  }

  /** A number with some digits behind the point. */
  decimal(from: number, to: number, digits = 2): string {
    return (from + this.#random.next() * (to - from)).toFixed(digits)
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.whole(0, 15).toString(16)).join('')
  }

  one<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list]
    const out: T[] = []
    while (left.length > 0) out.push(...left.splice(this.whole(0, left.length - 1), 1))
    return out
  }

  #stamped(text: string): string {
    if (this.stamp === 'none') return text
    const iso = new Date(this.#ms).toISOString()
    if (this.stamp === 'clock') return `[${iso.slice(11, 19)}] ${text}`
    return `${iso.slice(0, 23)}${String(this.whole(0, 9999)).padStart(4, '0')}Z ${text}`
  }
}

/** What the runner of GitHub prints around a job. */
export function runnerBegins(log: CiLog, image: string): void {
  log.stamp = 'iso'
  log.say(
    `Current runner version: '2.3${log.whole(20, 29)}.0'`,
    '##[group]Runner Image Provisioner',
    `Hosted Compute Agent`,
    `Version: 20261${log.whole(101, 128)}.${log.whole(300, 400)}`,
    `Commit: ${log.hex(40)}`,
    '##[endgroup]',
    '##[group]Operating System',
    'Ubuntu',
    '24.04.3',
    'LTS',
    '##[endgroup]',
    '##[group]GITHUB_TOKEN Permissions',
    'Contents: read',
    'Metadata: read',
    '##[endgroup]',
    'Secret source: Actions',
    'Prepare workflow directory',
    'Prepare all required actions',
    'Getting action download info',
    `Download action repository 'actions/checkout@v4' (SHA:${log.hex(40)})`,
    `Download action repository '${image}' (SHA:${log.hex(40)})`,
    'Complete job name: build',
    '##[group]Run actions/checkout@v4',
    'Syncing repository: shop/shop',
    `Temporarily overriding HOME='/home/runner/work/_temp/${log.hex(8)}-${log.hex(4)}-${log.hex(4)}' before making global git config changes`,
    '[command]/usr/bin/git version',
    'git version 2.51.2',
    "hint: Using 'master' as the name for the initial branch. This default branch name",
    'hint: is subject to change.',
    `[command]/usr/bin/git -c protocol.version=2 fetch --no-tags --prune --depth=1 origin +${log.hex(40)}:refs/remotes/pull/${log.whole(100, 900)}/merge`,
    `remote: Enumerating objects: ${log.whole(800, 999)}, done.`,
    `remote: Total ${log.whole(800, 999)} (delta ${log.whole(10, 99)}), reused ${log.whole(300, 500)} (delta ${log.whole(10, 60)}), pack-reused 0 (from 0)`,
    `HEAD is now at ${log.hex(7)} Merge ${log.hex(40)} into ${log.hex(40)}`,
    '##[endgroup]',
  )
}

export function runnerEnds(log: CiLog, exitCode: number): void {
  if (exitCode > 0) log.say(`##[error]Process completed with exit code ${exitCode}.`)
  log.say(
    'Post job cleanup.',
    '[command]/usr/bin/git version',
    'git version 2.51.2',
    `Temporarily overriding HOME='/home/runner/work/_temp/${log.hex(8)}-${log.hex(4)}-${log.hex(4)}' before making global git config changes`,
    'Adding repository directory to the temporary git global config as a safe directory',
    '[command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand',
    'Cleaning up orphan processes',
  )
}
