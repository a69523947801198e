import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crossChecks } from '../../src/config/checks.ts'
import { detectorSettings } from '../../src/config/detector-settings.ts'
import { configKeys, type KeyNode, nearestKey } from '../../src/config/keys.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/leaf.ts'
import { ConfigError, type ConfigFault, loadConfig } from '../../src/config/load.ts'
import { documentedYaml, effectiveYaml } from '../../src/config/print.ts'
import { type Config, configSchema } from '../../src/config/schema.ts'

function load(
  text: string,
  options: { env?: Record<string, string>; set?: string[] } = {},
): Config {
  return loadConfig({ name: 'm.yaml', text, env: options.env ?? {}, set: options.set ?? [] })
}

function faultsOf(text: string, options: Parameters<typeof load>[1] = {}): readonly ConfigFault[] {
  try {
    load(text, options)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

function leaves(node: KeyNode, path: string[] = []): { path: string[]; node: KeyNode }[] {
  if (node.keys === null) return [{ path, node }]
  return [...node.keys].flatMap(([key, child]) => leaves(child, [...path, key]))
}

describe('the shipped file', () => {
  it('is what the schema makes', () => {
    const shipped = readFileSync(new URL('../../config/medoscope.yaml', import.meta.url), 'utf8')
    expect(shipped).toBe(documentedYaml())
  })

  it('means the same as an empty file', () => {
    expect(load(documentedYaml())).toEqual(load(''))
    expect(load('# nothing\n')).toEqual(configSchema.parse({}))
  })

  it('has a doc line, a default and what is allowed for every key', () => {
    const all = leaves(configKeys)
    expect(all.length).toBeGreaterThan(70)
    for (const { path, node } of all) {
      expect(node.meta.doc, path.join('.')).toMatch(/\.$|\?$/)
      expect(node.meta.allowed, path.join('.')).toBeTruthy()
      expect(node.meta.default, path.join('.')).toBeDefined()
    }
  })

  it('holds the defaults the design names', () => {
    const { assemble, sample, model, accumulate, alpha } = detectorSettings(load(''))
    expect(alpha).toBe(0.001)
    expect(assemble).toMatchObject({ quietMs: 5000, maxWaitMs: 60_000, closedIds: 200_000 })
    expect(sample).toMatchObject({ halfLifeMs: 6 * 3_600_000, size: 6000, calibrationSize: 16_384 })
    expect(model).toMatchObject({ windowMs: 30_000, refreshMs: 600_000, minCalibration: 100 })
    expect(accumulate).toMatchObject({ falseClustersPerWeek: 1, silentMs: 600_000 })
  })
})

describe('faults', () => {
  it('are all reported at once, each with its key, line, what was found and what is allowed', () => {
    const faults = faultsOf(
      [
        'alpha: 3',
        'traces:',
        '  quit: 5s',
        '  max_wait: 10',
        'input:',
        '  kafka:',
        '    brokers: [a, "b:1"]',
        'sample: {stratum_floor: 500}',
        'model: 7',
        'admin: {port: http}',
      ].join('\n'),
    )
    expect(faults.map(({ key, line, found }) => [key, line, found])).toEqual([
      ['alpha', 1, '3'],
      ['traces.quit', 3, 'an unknown key'],
      ['traces.max_wait', 4, '10'],
      ['input.kafka.brokers.0', 7, '"a"'],
      ['sample.stratum_floor', 8, '500'],
      ['model', 9, '7'],
      ['admin.port', 10, '"http"'],
    ])
    expect(faults[0]?.allowed).toBe('a number above 0, up to 0.5')
    expect(faults[1]?.hint).toBe('did you mean traces.quiet?')
    expect(faults[3]?.allowed).toContain('host:port')
    expect(faults[4]?.allowed).toBe('at most sample.stratum_cap')
  })

  it('print one a line, with the name of the file', () => {
    expect(() => load('alpha: 3\nseed: -1')).toThrow(
      'm.yaml:1: alpha: found 3; allowed: a number above 0, up to 0.5\n' +
        'm.yaml:2: seed: found -1; allowed: a whole number from 0 to 4294967295',
    )
  })

  it.each([
    ['a: [1', /flow sequence/i],
    ['seed: 1\nseed: 2', /unique/i],
    ['- a', /\["a"\]/],
    ['just text', /"just text"/],
  ])('include a file that is not keys with values: %j', (text, found) => {
    expect(faultsOf(text)[0]?.found).toMatch(found)
  })

  it('never include a secret', () => {
    const set = [
      'output.webhook.url=hooks.example/services/hunter2',
      'output.otlp_http.endpoint=htp://me:hunter2@collector',
    ]
    const text = 'admin: {token: [hunter2]}\ninput: {kafka: {sasl: {password: 12345}}}'
    const faults = faultsOf(text, { set })
    expect(faults).toHaveLength(4)
    expect(JSON.stringify(faults)).not.toMatch(/hunter2|12345/)
  })

  it.each(crossChecks.map((check) => [check.keys[0], check] as const))(
    'of keys that contradict each other are found: %s',
    (_, check) => {
      const bad: Record<string, string[]> = {
        'traces.quiet': ['traces.quiet=2m'],
        'sample.stratum_floor': ['sample.stratum_floor=401'],
        'sample.stratum_cap': ['sample.stratum_cap=6001'],
        'model.min_calibration': ['model.min_calibration=16385'],
        'model.min_observations': ['model.min_observations=41'],
        'sample.size': ['sample.size=24001'],
        'model.refresh': ['model.refresh=29s'],
        'accumulate.silent': ['accumulate.silent=29s'],
        'input.otlp_http.max_body_size': [
          'input.otlp_http.max_body_size=65MiB',
          'input.otlp_http.max_bytes_in_flight=70MiB',
        ],
        'input.otlp_http.max_bytes_in_flight': ['input.otlp_http.max_bytes_in_flight=1MiB'],
        'input.otlp_http.log_bytes': ['input.otlp_http.log_bytes=1MiB'],
        'input.kafka.heartbeat_interval': ['input.kafka.heartbeat_interval=11s'],
        'input.kafka.sasl.username': ['input.kafka.sasl.mechanism=plain'],
        'input.kafka.tls.key': ['input.kafka.tls.cert=/x.pem'],
        'pipeline.backoff': ['pipeline.backoff_max=100ms'],
      }
      const faults = faultsOf('', { set: bad[check.keys[0]] ?? [] })
      expect(faults.map((fault) => fault.key)).toEqual([check.keys[0]])
      expect(check.holds(load(''))).toBe(true)
    },
  )

  it('name a key of that name elsewhere when nothing near is in the group', () => {
    expect(faultsOf('brokers: [a:1]')[0]?.hint).toBe('did you mean input.kafka.brokers?')
    expect(nearestKey(['traces'], 'zzzzzz')).toBeNull()
  })
})

describe('variables and overrides', () => {
  it('replace ${env:X}, ${env:X:-default} and $$ in every text', () => {
    const config = load(
      [
        'seed: ${env:SEED}',
        'admin: {enabled: "${env:ON:-false}", token: "a$$b${env:TOKEN}"}',
        'input: {kafka: {brokers: "${env:BROKERS}", group_id: "${env:GROUP}"}}',
        'traces: {quiet: "${env:QUIET:-7s}"}',
      ].join('\n'),
      { env: { SEED: '42', TOKEN: '$x', BROKERS: 'a:1, b:2', GROUP: '007', QUIET: '' } },
    )
    expect(config.seed).toBe(42)
    expect(config.admin).toMatchObject({ enabled: false, token: 'a$b$x' })
    expect(config.input.kafka).toMatchObject({ brokers: ['a:1', 'b:2'], group_id: '007' })
    expect(config.traces.quiet).toBe(7000)
  })

  it('report a variable that is not set, and one that is not understood, with the other faults', () => {
    const faults = faultsOf(
      'seed: ${env:NOPE}\nadmin: {token: "${TOKEN}", host: "${env:A"}\nalpha: 2',
    )
    expect(faults.map(({ key, found }) => [key, found])).toEqual([
      ['seed', '${env:NOPE}, which is not set'],
      ['admin.token', '"${TOKEN}"'],
      ['admin.host', '"${env:A"'],
      ['alpha', '2'],
    ])
  })

  it('take --set over the file, with dotted keys and single headers', () => {
    const config = load('traces: {quiet: 1s}\nalpha: 0.01', {
      set: ['traces.quiet=2s', 'input.files=a.jsonl,b.jsonl', 'output.otlp_http.headers.x-key=1'],
    })
    expect(config.traces.quiet).toBe(2000)
    expect(config.alpha).toBe(0.01)
    expect(config.input.files).toEqual(['a.jsonl', 'b.jsonl'])
    expect(config.output.otlp_http.headers).toEqual({ 'x-key': '1' })
  })

  it('report what is wrong in --set without a line', () => {
    const faults = faultsOf('alpha: 0.1', {
      set: ['alpha=much', 'nonsense', '__proto__.a=1', 'a.b=c'],
    })
    expect(faults.map(({ key, line }) => [key, line])).toEqual(
      expect.arrayContaining([
        ['alpha', null],
        ['--set', null],
        ['__proto__', null],
        ['a', null],
      ]),
    )
    expect(faults).toHaveLength(4)
    expect(Reflect.get({}, 'a')).toBeUndefined()
  })
})

describe('the effective configuration', () => {
  it('reads back as itself, but for its secrets', () => {
    const set = ['traces.quiet=1500ms', 'input.otlp_http.max_body_size=1536KiB', 'seed=9']
    const config = load('', { set })
    expect(load(effectiveYaml(config))).toEqual(config)
  })

  it('masks secrets', () => {
    const printed = effectiveYaml(
      load('', {
        set: [
          'admin.token=hunter2',
          'output.otlp_http.headers.authorization=hunter2',
          'output.otlp_http.endpoint=https://me:hunter2@collector:4318',
          'output.webhook.url=https://hooks.example/hunter2?x=hunter2',
        ],
      }),
    )
    expect(printed).not.toContain('hunter2')
    expect(printed).toContain('https://hooks.example/********')
  })
})

describe('durations and sizes', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['7d', 604_800_000],
    ['0s', 0],
    ['5', null],
    ['5 s', null],
    ['-5s', null],
    ['s', null],
    ['5sm', null],
    ['', null],
  ])('%s is %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each([
    ['4MiB', 4_194_304],
    ['1MB', 1_000_000],
    ['1.5KiB', 1536],
    ['12B', 12],
    ['12', null],
    ['0.3B', null],
    ['4mib', null],
  ])('%s is %s bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  it('are printed so that they read back', () => {
    fc.assert(
      fc.property(fc.nat(), (value) => {
        expect(parseDuration(formatDuration(value))).toBe(value)
        expect(parseSize(formatSize(value))).toBe(value)
      }),
    )
  })
})

it('any YAML gives a configuration or a list of faults', () => {
  const keys = leaves(configKeys).map(({ path }) => path.join('.'))
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.jsonValue(), fc.string(), (key, value, noise) => {
      const path = key.split('.')
      const text = JSON.stringify(
        path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value),
      )
      for (const fault of faultsOf(text)) {
        expect(fault.found).toBeTruthy()
        expect(fault.allowed).toBeTruthy()
      }
      faultsOf(noise)
      faultsOf('', { set: [`${key}=${noise}`, noise] })
    }),
    { numRuns: 300 },
  )
})
