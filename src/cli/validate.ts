import { ConfigError, loadConfig } from '../config/load.ts'
import { documentedYaml, effectiveYaml } from '../config/print.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, configSource, parseArguments } from './arguments.ts'
import { type Command, EXIT, UsageError } from './command.ts'

const HELP = `usage: medoscope validate [FILE] [options]

Checks a configuration and lists everything that is wrong with it at once.

${CONFIG_HELP}
      --print           print the effective configuration, secrets masked
      --defaults        print every key with its default and what it means
      --json            faults as JSON on standard output

exit codes: 0 it is fine, 2 wrong usage, 78 it has faults`

export const validate: Command = {
  summary: 'check a configuration: every fault at once',
  help: HELP,
  async run(args, { env, stdout, stderr }) {
    const { values, positionals } = parseArguments(args, {
      ...CONFIG_OPTIONS,
      print: { type: 'boolean' },
      defaults: { type: 'boolean' },
      json: { type: 'boolean' },
    })
    if (values.defaults) {
      stdout.write(documentedYaml())
      return EXIT.ok
    }
    const [file = values.config, ...more] = positionals
    if (more.length > 0) throw new UsageError('validate takes one file')
    const source = configSource({ config: file, set: values.set }, env)
    try {
      const config = loadConfig(source)
      if (values.json) stdout.write(`${JSON.stringify({ valid: true, faults: [] })}\n`)
      else if (values.print) stdout.write(effectiveYaml(config))
      else stderr.write(`${source.name}: fine\n`)
      return EXIT.ok
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const { faults } = error
      if (values.json) stdout.write(`${JSON.stringify({ valid: false, faults })}\n`)
      else stderr.write(`${error.message}\n`)
      return EXIT.config
    }
  },
}
