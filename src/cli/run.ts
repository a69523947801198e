import { parseDuration } from '../config/leaf.ts'
import { systemClock } from '../io/clock.ts'
import { createLog } from '../io/telemetry/log.ts'
import { App } from '../service/app.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, parseArguments, readConfig } from './arguments.ts'
import { type Command, EXIT, UsageError } from './command.ts'

const HELP = `usage: medoscope run [options]

Runs the service until it is told to stop (SIGTERM or Ctrl-C), or until all input files are read.

${CONFIG_HELP}
      --bootstrap TIME  first learn from this much history in Kafka, e.g. 2h, without verdicts;
                        ignored when there is a checkpoint to go on from

exit codes: 0 stopped in order, 1 failed, 2 wrong usage, 78 faults in the configuration,
130 interrupted with Ctrl-C`

export const run: Command = {
  summary: 'run the service',
  help: HELP,
  async run(args, world) {
    const { values, positionals } = parseArguments(args, {
      ...CONFIG_OPTIONS,
      bootstrap: { type: 'string' },
    })
    if (positionals.length > 0) throw new UsageError(`run takes no ${positionals.join(' ')}`)
    const bootstrapMs = values.bootstrap === undefined ? undefined : duration(values.bootstrap)
    const config = readConfig(values, world.env)
    if (bootstrapMs !== undefined && config.input.kafka.brokers.length === 0) {
      throw new UsageError('--bootstrap needs Kafka as input (input.kafka.brokers)')
    }
    const log = createLog({
      ...config.log,
      write: (line) => world.stderr.write(line),
      wall: systemClock.wall,
    })
    const { version, stdout, signal } = world
    const app = new App(config, { version, log, clock: systemClock, stdout, bootstrapMs })
    signal.addEventListener('abort', () => {
      log.info('stopping', { signal: String(signal.reason) })
      void app.stop()
    })
    try {
      if (!signal.aborted) {
        await app.start()
        const how = await app.done
        log.info(how === 'ended' ? 'all input is read' : 'stopped')
      }
    } finally {
      await app.stop()
    }
    return signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok
  },
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new UsageError(`--bootstrap wants a duration such as 2h, not ${text}`)
  return ms
}
