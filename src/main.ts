import { readFileSync } from 'node:fs'
import { assign } from './cli/assign.ts'
import { cluster } from './cli/cluster.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './cli/command.ts'
import { demo } from './cli/demo.ts'
import { evaluate } from './cli/evaluate.ts'
import { overview } from './cli/help.ts'
import { load } from './cli/load.ts'
import { merge } from './cli/merge.ts'
import { replay } from './cli/replay.ts'
import { run } from './cli/run.ts'
import { styler } from './cli/style.ts'
import { templates } from './cli/templates.ts'
import { validate } from './cli/validate.ts'
import { ConfigError } from './config/load.ts'
import { messageOf } from './io/telemetry/log.ts'

/** Signals this close together are one. */
const ECHO_MS = 1000

const commands = {
  demo,
  run,
  replay,
  evaluate,
  load,
  templates,
  validate,
  cluster,
  assign,
  merge,
} as const satisfies Record<string, Command>

/**
 * Runs a command line.
 * @param args without the program's own name
 * @returns the exit code; nothing is thrown
 */
export async function main(args: readonly string[], world: CommandWorld): Promise<number> {
  const [name, ...rest] = args
  const topic = name === 'help' ? rest[0] : rest.some(isHelp) ? name : undefined
  if (topic !== undefined && Object.hasOwn(commands, topic)) {
    world.stdout.write(`${commands[topic as keyof typeof commands].help}\n`)
    return EXIT.ok
  }
  if (name === '--version' || name === '-v') {
    world.stdout.write(`medoscope ${world.version}\n`)
    return EXIT.ok
  }
  if (name === 'help' || isHelp(name)) {
    world.stdout.write(overview(commands, world.version))
    return EXIT.ok
  }
  const complain = (message: string): void => {
    const style = styler(world.stderr, world.env)
    world.stderr.write(`${style('red', 'medoscope:')} ${message}\n`)
  }
  if (name === undefined || !Object.hasOwn(commands, name)) {
    if (name !== undefined) complain(`there is no command ${JSON.stringify(name)}`)
    world.stderr.write(overview(commands, world.version))
    return EXIT.usage
  }
  try {
    return await commands[name as keyof typeof commands].run(rest, world)
  } catch (error) {
    if (error instanceof ConfigError) {
      complain(`the configuration has ${error.faults.length} faults`)
      world.stderr.write(`${error.message}\n`)
      return EXIT.config
    }
    complain(messageOf(error))
    if (!(error instanceof UsageError)) return EXIT.failed
    world.stderr.write(`medoscope help ${name} tells more\n`)
    return EXIT.usage
  }
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h'
}

/** The process as a world. */
function processWorld(): CommandWorld {
  const { stdin, stdout, stderr, env } = process
  const packageFile = new URL('../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
  const abort = new AbortController()
  let firstMs = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // A second one means it, unless it is the first again: by way of the launcher, say.
      if (abort.signal.aborted && Date.now() - firstMs > ECHO_MS) process.exit(EXIT.interrupted)
      if (abort.signal.aborted) return
      firstMs = Date.now()
      abort.abort(name)
    })
  }
  return { stdin, stdout, stderr, env, version, signal: abort.signal }
}

/** Runs the process's own command line and ends the process. */
export async function start(): Promise<void> {
  process.exit(await main(process.argv.slice(2), processWorld()))
}

if (import.meta.main) await start()
