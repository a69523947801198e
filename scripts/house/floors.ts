/**
 * The floors of `src/`, from the ground up: each may import from floors below it, and of those only
 * from the ones it names. Types count like values. `simulate` is a house of its own beside them.
 */
export const FLOORS = {
  contract: [],
  columns: [],
  stats: ['contract', 'columns'],
  otlp: ['contract', 'columns', 'stats'],
  masking: ['otlp'],
  templates: ['contract', 'columns', 'stats', 'otlp', 'masking'],
  lines: ['stats', 'otlp', 'masking', 'templates'],
  kmedoids: ['contract', 'columns', 'stats'],
  sample: ['contract', 'columns', 'stats'],
  assemble: ['contract', 'columns', 'stats', 'otlp'],
  profile: ['contract', 'columns', 'stats', 'otlp', 'assemble'],
  distance: ['contract', 'columns', 'stats', 'otlp', 'profile'],
  model: ['contract', 'columns', 'stats', 'otlp', 'kmedoids', 'sample', 'profile', 'distance'],
  baseline: ['contract', 'columns', 'stats', 'sample', 'profile', 'model'],
  drift: ['contract', 'columns', 'stats', 'model'],
  evidence: ['contract', 'columns', 'stats', 'profile', 'model', 'baseline'],
  'anomaly-clusters': [
    ...['contract', 'columns', 'stats', 'otlp', 'kmedoids', 'sample', 'profile', 'distance'],
    ...['model', 'baseline', 'evidence'],
  ],
  detector: [
    ...['contract', 'columns', 'stats', 'otlp', 'masking', 'templates', 'kmedoids', 'sample'],
    'assemble',
    ...['profile', 'distance', 'model', 'baseline', 'drift', 'evidence', 'anomaly-clusters'],
  ],
  ui: ['contract', 'stats'],
  io: ['contract', 'columns', 'otlp', 'lines', 'kmedoids', 'ui', 'detector'],
  config: ['contract', 'detector', 'io'],
  service: ['contract', 'otlp', 'detector', 'ui', 'io', 'config'],
  cli: [
    ...['contract', 'stats', 'otlp', 'templates', 'lines', 'kmedoids', 'simulate'],
    ...['detector', 'ui', 'io'],
    ...['config', 'service'],
  ],
  simulate: ['contract', 'stats', 'otlp'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Floor = keyof typeof FLOORS

/** The floor on which a file of src lies: `otlp` of `otlp/frame-splitter.ts`; null where there is none. */
export function floorOf(path: string): Floor | null {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
  return Object.hasOwn(FLOORS, folder) ? (folder as Floor) : null
}

/** Floors that are pure: synchronous, without clock, chance or machine. */
export const PURE_FLOORS = [
  'contract',
  'columns',
  'stats',
  'otlp',
  'masking',
  'templates',
  'lines',
  'kmedoids',
  'sample',
  'assemble',
  'profile',
  'distance',
  'model',
  'baseline',
  'drift',
  'evidence',
  'anomaly-clusters',
  'detector',
  'simulate',
] as const satisfies readonly Floor[]
