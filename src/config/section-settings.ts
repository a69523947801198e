import { keyAt } from './keys.ts'
import type { Bytes, Milliseconds } from './leaf.ts'
import type { Config } from './schema.ts'

type Camel<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : K

/** `max_wait` of a duration: `maxWaitMs`; `max_body_size`: `maxBodyBytes`; `closed_ids`: `closedIds`. */
type SettingName<K, V> = V extends Milliseconds
  ? `${Camel<K> & string}Ms`
  : V extends Bytes
    ? K extends `${infer What}_size`
      ? `${Camel<What> & string}Bytes`
      : Camel<K>
    : Camel<K>

/** A section as code has it: its keys in camel case, with the units that their values are in. */
export type SectionSettings<S> = {
  readonly [K in keyof S as SettingName<K, S[K]> & PropertyKey]: S[K] extends Milliseconds | Bytes
    ? number
    : S[K]
}

type Section = {
  [K in keyof Config]: Config[K] extends readonly unknown[] | string | number ? never : K
}[keyof Config]

/**
 * The settings of one part of medoscope, from its section of the configuration: the schema's keys are
 * the only place where they are spelled. Whoever takes them declares in a type of his own what he needs.
 */
export function sectionSettings<S extends Section>(
  config: Config,
  section: S,
): SectionSettings<Config[S]> {
  return settingsAt([section], config[section]) as SectionSettings<Config[S]>
}

/** The same of a section within a section, such as `input.otlp_http`. */
export function inputSettings<S extends keyof Config['input']>(
  config: Config,
  input: S,
): SectionSettings<Config['input'][S]> {
  return settingsAt(['input', input], config.input[input]) as SectionSettings<Config['input'][S]>
}

/** The same of how log records become sessions. */
export function sessionSettings(config: Config): SectionSettings<Config['logs']['session']> {
  return settingsAt(['logs', 'session'], config.logs.session) as SectionSettings<
    Config['logs']['session']
  >
}

/** The same of how log records find their traces. */
export function traceLogSettings(config: Config): SectionSettings<Config['logs']['traces']> {
  return settingsAt(['logs', 'traces'], config.logs.traces) as SectionSettings<
    Config['logs']['traces']
  >
}

function settingsAt(path: readonly string[], values: object): unknown {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const unit = keyAt([...path, key])?.meta.unit
      return [settingName(key, unit), value]
    }),
  )
}

function settingName(key: string, unit: 'duration' | 'size' | undefined): string {
  const name = unit === 'size' ? key.replace(/_size$/, '_bytes') : key
  const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return unit === 'duration' ? `${camel}Ms` : camel
}
