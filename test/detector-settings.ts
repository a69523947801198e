import { detectorSettings as configured } from '../src/config/detector-settings.ts'
import { loadConfig } from '../src/config/load.ts'
import type { DetectorSettings } from '../src/detector/settings.ts'

const DEFAULTS = configured(loadConfig({ name: 'defaults', text: '', env: {}, set: [] }))
/** Fewer than there could be, and all of them on the simulated shop's entry spans. */
const CATEGORIES = ['http.request.method', 'http.response.status_code', 'rpc.status_code']

/** Settings for tests and benches: the defaults of the configuration, parts replaced. */
export function detectorSettings(changes: Partial<DetectorSettings> = {}): DetectorSettings {
  const features = { ...DEFAULTS.features, categories: CATEGORIES }
  return { ...DEFAULTS, features, ...changes }
}
