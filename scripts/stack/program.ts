import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProgramSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folder for its log, `NAME.log`. */
  readonly dir: string
  /** Answers 200 once it is ready; null: ready at once. */
  readonly readyUrl: string | null
  /** For a program that is known to fail at times: how long one attempt may take, how to clean up for the next. */
  readonly retry?: {
    readonly attempts: number
    readonly readyMs: number
    readonly prepare: () => void
  }
}

/** Generous: on a busy machine a JVM or Grafana takes a minute. */
const READY_MS = 180_000
const STOP_MS = 10_000

/**
 * A program of the stack, as a child process. It ends when this process does, however that comes
 * about: it hangs on a `sh` that ends it once its standard input closes.
 */
export class Program {
  readonly name: string
  readonly logFile: string
  readonly #shell: ChildProcess
  #stopped = false

  private constructor(name: string, logFile: string, shell: ChildProcess) {
    this.name = name
    this.logFile = logFile
    this.#shell = shell
  }

  /** Starts it and waits until it is ready; throws with the end of its log otherwise. */
  static async start(spec: ProgramSpec): Promise<Program> {
    for (let left = spec.retry?.attempts ?? 1; ; left--) {
      try {
        return await Program.#start(spec)
      } catch (error) {
        if (left <= 1) throw error
        spec.retry?.prepare()
      }
    }
  }

  static async #start(spec: ProgramSpec): Promise<Program> {
    const { name, command, args, env = {}, dir, readyUrl } = spec
    const logFile = join(dir, `${name}.log`)
    const log = openSync(logFile, 'a')
    // `sh` gives a background process /dev/null as input, hence the copy of 0 as 3.
    const script =
      'exec 3<&0; "$@" 3<&- </dev/null & child=$!; (cat <&3 >/dev/null; kill $child 2>/dev/null) & wait $child'
    const shell = spawn('sh', ['-c', script, 'sh', command, ...args], {
      stdio: ['pipe', log, log],
      env: { ...process.env, ...env },
      // A group of its own: Ctrl-C reaches this process only, which stops them in order.
      detached: true,
    })
    shell.stdin?.on('error', () => undefined)
    const program = new Program(name, logFile, shell)
    if (readyUrl !== null) await program.#ready(readyUrl, spec.retry?.readyMs ?? READY_MS)
    return program
  }

  get running(): boolean {
    return this.#shell.exitCode === null && this.#shell.signalCode === null
  }

  /** Whether it has ended though nobody asked it to. */
  get failed(): boolean {
    return !this.running && !this.#stopped
  }

  /** Asks it to end (SIGTERM), and makes it after ten seconds. Safe twice. */
  async stop(): Promise<void> {
    if (!this.running) return
    this.#stopped = true
    const ended = new Promise<void>((resolve) => this.#shell.once('exit', () => resolve()))
    this.#shell.stdin?.end()
    const slow = delay(STOP_MS, 'slow', { ref: false })
    if ((await Promise.race([ended, slow])) === 'slow' && this.#shell.pid) {
      process.kill(-this.#shell.pid, 'SIGKILL')
    }
  }

  /** Ends it at once (SIGKILL), as a crash does. */
  kill(): void {
    this.#stopped = true
    if (this.running && this.#shell.pid) process.kill(-this.#shell.pid, 'SIGKILL')
  }

  /** The last lines of its log. */
  log(lines = 20): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  }

  async #ready(url: string, withinMs: number): Promise<void> {
    const until = Date.now() + withinMs
    while (Date.now() < until && this.running) {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null)
      await response?.arrayBuffer().catch(() => null)
      if (response?.ok) return
      await delay(100)
    }
    const how = this.running ? `was not ready after ${withinMs / 1000} s` : 'ended at once'
    await this.stop()
    throw new Error(`${this.name} ${how}; its log says:\n${this.log()}`)
  }
}
