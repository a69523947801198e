import { describe, expect, it } from 'vitest'
import { maskSecrets } from '../../src/masking/mask-secrets.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { encodeTracesProto, type OtlpSpan } from '../../src/otlp/encode-traces.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'
import { secretsIn, whatLeaves } from './what-leaves.ts'

const START = BigInt(Date.UTC(2026, 0, 5, 9)) * 1_000_000n
const TRACES = 1600
const FAULT_FROM = 1100
const GAP_NS = 400_000_000n

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')

/** A trace in which one kind of secret is an operation, an error, a peer and a route; broken and slow at the end. */
function trace(n: number): Uint8Array {
  const { name, secrets } = MASKING_CORPUS[n % MASKING_CORPUS.length] ?? expect.unreachable()
  // Ids and numbers without a word beside them are masked in names; attributes may be addresses and ids.
  const value = secrets.some((secret) => maskSecrets(name).includes(secret)) ? 'plain' : name
  const start = START + BigInt(n) * GAP_NS
  const isBroken = n >= FAULT_FROM
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
  const isBroken = n >= FAULT_FROM
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
const LEARNING = ['model.min_calibration=60', 'model.min_observations=10', 'model.window=10s']

describe('what leaves a service', () => {
  it('holds none of 100 kinds of secrets and personal data, wherever it leaves', async () => {
    const seen = await whatLeaves('/v1/traces', numbers.map(trace), ['alpha=0.05', ...LEARNING])
    expect(secretsIn(seen)).toEqual([])
  }, 120_000)

  it('of logs holds none of them either, in templates, examples and attributes', async () => {
    const keys = ['logs.session.keys=session.id', 'logs.session.gap=1s']
    const settings = ['alpha=0.05', ...LEARNING, ...keys]
    const seen = await whatLeaves('/v1/logs', numbers.map(sessions), settings)
    expect(seen['the file']).toContain('"example":"refused: ')
    expect(secretsIn(seen)).toEqual([])
  }, 120_000)
})
