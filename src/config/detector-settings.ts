import type { DetectorSettings } from '../detector/settings.ts'
import type { Config } from './schema.ts'
import { sectionSettings, sessionSettings, traceLogSettings } from './section-settings.ts'
import { sessionKeys } from './session-keys.ts'

/** What the pure core needs of a configuration; `explainAll` names the differences of every trace (replay). */
export function detectorSettings(config: Config, explainAll = false): DetectorSettings {
  const { seed, alpha } = config
  return {
    seed,
    alpha,
    explainAll,
    assemble: sectionSettings(config, 'traces'),
    features: sectionSettings(config, 'features'),
    sample: sectionSettings(config, 'sample'),
    model: sectionSettings(config, 'model'),
    accumulate: {
      ...sectionSettings(config, 'accumulate'),
      severity: sectionSettings(config, 'severity'),
    },
    drift: { ...sectionSettings(config, 'drift'), seed },
    logs: logSettings(config),
  }
}

/** Null where nothing says how log records belong together. */
function logSettings(config: Config): DetectorSettings['logs'] {
  if (!readsLogs(config)) return null
  const { keys, ...session } = sessionSettings(config)
  const { join, ...traces } = traceLogSettings(config)
  return { ...sessionKeys(keys), session, ...(join ? { traces } : {}) }
}

/** Whether logs are judged at all: in their traces or in sessions. */
export function readsLogs({ logs }: Config): boolean {
  return logs.traces.join || logs.session.keys.length > 0
}
