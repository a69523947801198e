import type { Readable, Writable } from 'node:stream'

/** A command's exit codes, as `--help` tells them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 78,
  interrupted: 130,
} as const

/** The world a command runs in; tests give it another. */
export interface CommandWorld {
  readonly stdin: Readable
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Aborts with the name of the signal when the process is told to end. */
  readonly signal: AbortSignal
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The text of `medoscope help <command>`. */
  readonly help: string
  /**
   * @param args what follows the command's name
   * @returns the exit code
   * @throws UsageError, ConfigError, or whatever failed
   */
  run(args: readonly string[], world: CommandWorld): Promise<number>
}

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
