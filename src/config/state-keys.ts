import type { Config } from './schema.ts'

/** Said in the doc line of every key on which the state depends. */
export const STARTS_ANEW = 'Another value starts anew.'
export const STARTS_ANEW_BELOW = 'A smaller value starts anew.'

/**
 * Keys that say what the numbers in a checkpoint mean: bucket numbers, decayed weights, drawn samples,
 * slots of attributes. With another value of one of them a checkpoint is not used; every other key may
 * change, and what was learned is kept.
 */
export const STATE_KEYS: readonly string[] = [
  'seed',
  'features.categories',
  'sample.half_life',
  'model.window',
  'accumulate.bucket',
  ...['drift.block', 'drift.block_observations', 'drift.window_blocks', 'drift.reference_blocks'],
  ...['drift.least_reference_blocks', 'drift.adopt_blocks', 'drift.max_strata'],
]

/** Sizes of tables whose ids a checkpoint holds: they may grow. */
export const STATE_LIMITS: readonly string[] = [
  ...['features.max_texts', 'features.max_paths', 'features.max_places', 'features.max_strata'],
]

/** What a checkpoint depends on, by key. */
export function stateDependencies(config: Config): {
  readonly same: Readonly<Record<string, unknown>>
  readonly atLeast: Readonly<Record<string, number>>
} {
  return {
    same: Object.fromEntries(STATE_KEYS.map((key) => [key, valueAt(config, key)])),
    atLeast: Object.fromEntries(STATE_LIMITS.map((key) => [key, Number(valueAt(config, key))])),
  }
}

function valueAt(config: Config, key: string): unknown {
  return key.split('.').reduce((tree: unknown, step) => Reflect.get(Object(tree), step), config)
}
