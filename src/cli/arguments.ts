import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type ConfigSource, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { messageOf } from '../io/telemetry/log.ts'
import { UsageError } from './command.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** `parseArgs` of Node, strict, its complaints as UsageError. */
export function parseArguments<const T extends Options>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

/** Options of every command that takes a configuration. */
export const CONFIG_OPTIONS = {
  config: { type: 'string', short: 'c' },
  set: { type: 'string', multiple: true },
} as const satisfies Options

export const CONFIG_HELP = `  -c, --config FILE     configuration; without it the defaults
      --set KEY=VALUE   overrides a key, e.g. --set traces.quiet=10s; repeatable`

interface ConfigArguments {
  readonly config?: string | undefined
  readonly set?: readonly string[] | undefined
}

/** What the configuration comes from: a file, if one is named, and the overrides. */
export function configSource(
  { config, set = [] }: ConfigArguments,
  env: ConfigSource['env'],
): ConfigSource {
  if (config === undefined) return { name: 'defaults', text: '', env, set }
  try {
    return { name: config, text: readFileSync(config, 'utf8'), env, set }
  } catch (error) {
    throw new UsageError(`--config: ${messageOf(error)}`)
  }
}

/** @throws ConfigError with every fault */
export function readConfig(values: ConfigArguments, env: ConfigSource['env']): Config {
  return loadConfig(configSource(values, env))
}
