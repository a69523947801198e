import { PassThrough, Writable } from 'node:stream'
import type { CommandWorld } from '../../src/cli/command.ts'

/** A world that remembers what a command wrote. */
export class FakeWorld implements CommandWorld {
  readonly stdin = new PassThrough()
  readonly stdout: CommandWorld['stdout']
  readonly stderr: CommandWorld['stderr']
  readonly env: Record<string, string | undefined>
  readonly version = '9.9.9'
  readonly abort = new AbortController()
  out = ''
  err = ''

  constructor(env: Record<string, string> = {}, isTTY = false) {
    this.env = env
    const remember = (add: (text: string) => void): Writable & { isTTY: boolean } =>
      Object.assign(
        new Writable({
          write: (chunk, _, done) => {
            add(String(chunk))
            done()
          },
        }),
        { isTTY },
      )
    this.stdout = remember((text) => {
      this.out += text
    })
    this.stderr = remember((text) => {
      this.err += text
    })
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }
}
