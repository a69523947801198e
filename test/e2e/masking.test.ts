import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { maskSecrets } from '../../src/masking/mask-secrets.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { encodeTracesProto, type OtlpSpan } from '../../src/otlp/encode-traces.ts'
import { FakeWorld } from '../fakes/world.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'
import { secretsIn, whatLeaves } from './what-leaves.ts'

const START = BigInt(Date.UTC(2026, 0, 5, 9)) * 1_000_000n
const TRACES = 2000
const FAULT_FROM = 1100
const FAULT_TO = 1600
const GAP_NS = 400_000_000n

const corpusName = (n: number): string => MASKING_CORPUS[n % MASKING_CORPUS.length]?.name ?? ''

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')

/** A trace in which one kind of secret is an operation, an error, a peer and a route; broken and slow for a while. */
function trace(n: number): Uint8Array {
  const { name, secrets } = MASKING_CORPUS[n % MASKING_CORPUS.length] ?? expect.unreachable()
  // Ids and numbers without a word beside them are masked in names; attributes may be addresses and ids.
  const value = secrets.some((secret) => maskSecrets(name).includes(secret)) ? 'plain' : name
  const start = START + BigInt(n) * GAP_NS
  const isBroken = n >= FAULT_FROM && n < FAULT_TO
  const ids = { traceId: hex(n + 1, 32), status: isBroken ? 2 : 0 }
  const attributes = {
    'http.request.method': value,
    'error.type': value,
    'server.address': value,
    'http.route': value,
    'db.namespace': value,
    'peer.service': value,
  }
  const entry: OtlpSpan = {
    ...ids,
    spanId: hex(1, 16),
    parentSpanId: '',
    name: 'GET /',
    kind: 2,
    startNs: start,
    endNs: start + (isBroken ? 220_000_000n : 20_000_000n),
    attributes,
  }
  const call: OtlpSpan = {
    ...ids,
    spanId: hex(2, 16),
    parentSpanId: entry.spanId,
    name,
    kind: 3,
    startNs: start + 1_000_000n,
    endNs: start + 9_000_000n,
    attributes,
  }
  return encodeTracesProto([
    { attributes: { 'service.name': 'shop' }, scope: 's', spans: [entry, call] },
    {
      attributes: { 'service.name': value },
      scope: 's',
      spans: [{ ...call, spanId: hex(3, 16), parentSpanId: call.spanId, kind: 2 }],
    },
  ])
}

/** Sessions of log lines; each with one kind of secret in a line and its attributes; later ones repeat it. */
function sessions(n: number): Uint8Array {
  const { name, secrets } = MASKING_CORPUS[n % MASKING_CORPUS.length] ?? expect.unreachable()
  const value = secrets.some((secret) => maskSecrets(name).includes(secret)) ? 'plain' : name
  const isBroken = n >= FAULT_FROM && n < FAULT_TO
  const refused = [...Array<string>(6).fill('paid'), ...Array<string>(3).fill(`refused: ${name}`)]
  const said = isBroken ? [...refused, name] : ['paid', name]
  const records = ['begins', ...said, 'ends'].map(
    (body, i): OtlpLogRecord => ({
      ...{ traceId: '', spanId: '', eventName: value, severityText: value },
      ...{
        body,
        timeMs: Number(START / 1_000_000n) + n * 400 + i,
        severityNumber: isBroken ? 17 : 9,
      },
      attributes: { 'session.id': `s${n}`, 'exception.type': value, 'user.name': value },
    }),
  )
  return encodeLogsProto({ 'service.name': 'shop', 'host.name': value }, records)
}

const numbers = Array.from({ length: TRACES }, (_, n) => n)
const KEYS = ['logs.session.keys=session.id', 'logs.session.gap=1s']
const LEARNING = ['model.min_calibration=60', 'model.min_observations=10', 'model.window=10s']

describe('what leaves a service', () => {
  it('holds none of 100 kinds of secrets and personal data, wherever it leaves', async () => {
    const seen = await whatLeaves('/v1/traces', numbers.map(trace), ['alpha=0.05', ...LEARNING])
    expect(secretsIn(seen)).toEqual([])
  }, 120_000)

  it('of logs holds none of them either, in templates, examples and attributes', async () => {
    const settings = ['alpha=0.05', ...LEARNING, ...KEYS]
    const seen = await whatLeaves('/v1/logs', numbers.map(sessions), settings)
    expect(seen['the file']).toContain('"example":"refused: ')
    expect(secretsIn(seen)).toEqual([])
  }, 120_000)
})

/** Everything that `medoscope` with these arguments says and writes of bodies in a file. */
async function whatIsWritten(
  bodies: readonly Uint8Array[],
  settings: readonly string[],
): Promise<Record<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'medoscope-masking-'))
  const at = (name: string): string => join(directory, name)
  const framed = bodies.flatMap((body) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return [length, body]
  })
  writeFileSync(at('bodies'), Buffer.concat(framed))
  const set = settings.flatMap((setting) => ['--set', setting])
  const files = ['--out', at('verdicts'), '--clusters', at('clusters'), '--contributions', 'all']
  const world = new FakeWorld()
  expect(await main(['replay', at('bodies'), ...files, ...set], world)).toBe(0)
  const seen = {
    'the verdicts': readFileSync(at('verdicts'), 'utf8'),
    'the clusters': readFileSync(at('clusters'), 'utf8'),
    'the summary': world.out + world.err,
  }
  rmSync(directory, { recursive: true })
  expect(seen['the verdicts']).toContain('"anomalous":true')
  expect(seen['the clusters']).toContain('"sentence":"')
  return seen
}

describe('what a replay writes', () => {
  const settings = ['accumulate.bucket=5s', 'accumulate.false_clusters_per_week=5000', ...LEARNING]

  it('of traces holds none of them', async () => {
    expect(secretsIn(await whatIsWritten(numbers.map(trace), ['alpha=0.05', ...settings]))).toEqual(
      [],
    )
  })

  it('of logs holds none of them, in templates and examples', async () => {
    const all = ['alpha=0.05', ...settings, ...KEYS]
    const seen = await whatIsWritten(numbers.map(sessions), all)
    expect(seen['the verdicts']).toContain('"example":"refused: ')
    expect(secretsIn(seen)).toEqual([])
  })
})

describe('what is told of plain logs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'medoscope-masking-'))
  const at = (name: string): string => join(directory, name)
  const lines = numbers.map(
    (n) => `${new Date(Number(START / 1_000_000n) + n).toISOString()} INFO ${corpusName(n)}`,
  )
  writeFileSync(at('lines'), `${lines.join('\n')}\n`)
  writeFileSync(
    at('normal'),
    `${lines.map((line) => line.replace(/INFO .*/, 'INFO paid')).join('\n')}\n`,
  )
  afterAll(() => rmSync(directory, { recursive: true }))

  it.each([
    ['templates', ['templates', '--json', at('lines')]],
    ['new lines', ['replay', at('lines'), '--warmup', at('normal'), '--top', '2000']],
    ['normal lines that did not come', ['replay', at('normal'), '--warmup', at('lines')]],
  ])('holds none of them: %s', async (_, args) => {
    const world = new FakeWorld()
    expect(await main(args, world)).toBe(0)
    expect(world.out.length).toBeGreaterThan(200)
    expect(secretsIn({ 'what is told': world.out + world.err })).toEqual([])
  })
})
