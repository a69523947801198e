import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** `medoscope run` as a process of its own, as users start it. */
export class RunningService {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  #said = ''

  constructor(settings: readonly string[]) {
    const set = settings.flatMap((setting) => ['--set', setting])
    this.#child = spawn(process.execPath, [MAIN, 'run', ...set], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.#child, 'exit')
    const hear = (chunk: Buffer): void => {
      this.#said = (this.#said + chunk.toString()).slice(-20_000)
    }
    this.#child.stdout?.on('data', hear)
    this.#child.stderr?.on('data', hear)
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What it wrote last, for a test's message. */
  get said(): string {
    return this.#said
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exit
  }
}

/** What a service says of itself, or null while nobody answers. */
export interface ServiceSays {
  readonly partitions: readonly {
    readonly position: string | number
    readonly lag_records: number | null
  }[]
  readonly detector: { readonly judged: Readonly<Record<string, number>> }
}

export async function statusAt(address: string): Promise<ServiceSays | null> {
  try {
    return (await (await fetch(`${address}/api/v1/status`)).json()) as ServiceSays
  } catch {
    return null
  }
}
