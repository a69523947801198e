import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createLog } from '../../src/io/telemetry/log.ts'
import { maskSecrets } from '../../src/masking/mask-secrets.ts'
import { encodeTracesProto, type OtlpSpan } from '../../src/otlp/encode-traces.ts'
import { App } from '../../src/service/app.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-masking-'))
const receiver = new HttpReceiver()
afterAll(async () => {
  await receiver.stop()
  rmSync(directory, { recursive: true })
})

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

describe('what leaves a service', () => {
  it('holds none of 100 kinds of secrets and personal data, wherever it leaves', async () => {
    await receiver.start()
    const lines: string[] = []
    const out = join(directory, 'out.jsonl')
    const set = [
      ...['input.otlp_http.port=0', 'admin.port=0', 'alpha=0.05', `state.path=${directory}`],
      ...['model.min_calibration=60', 'model.min_observations=10', 'model.window=10s'],
      ...[`output.file.path=${out}`, `output.webhook.url=${receiver.url}/hook`],
      `output.otlp_http.endpoint=${receiver.url}`,
      ...['accumulate.bucket=5s', 'accumulate.false_clusters_per_week=5000'],
    ]
    const app = new App(loadConfig({ name: 'test', text: '', env: {}, set }), {
      version: '1',
      log: createLog({
        level: 'debug',
        format: 'text',
        write: (line) => lines.push(line),
        wall: Date.now,
      }),
      clock: systemClock,
      stdout: new PassThrough().resume(),
    })
    await app.start()
    const seen: Record<string, string> = {}
    try {
      for (let n = 0; n < TRACES; n++) {
        const headers = { 'content-type': 'application/x-protobuf' }
        const body = Buffer.from(trace(n))
        const answer = await fetch(`${app.otlpHttpAddress}/v1/traces`, {
          method: 'POST',
          headers,
          body,
        })
        expect(answer.status).toBe(200)
      }
      const ask = async (path: string): Promise<string> =>
        (await fetch(app.adminAddress + path)).text()
      await expect
        .poll(async () => JSON.parse(await ask('/api/v1/status')).counts.records, {
          timeout: 60_000,
        })
        .toBe(TRACES)
      const listed = await ask('/api/v1/anomaly-clusters')
      const { clusters } = JSON.parse(listed) as { clusters: { id: string }[] }
      seen['the list of clusters'] = listed
      for (const { id } of clusters) {
        seen[`the page of ${id}`] = await ask(`/clusters/${id}`)
        seen[`the evidence of ${id}`] = await ask(`/api/v1/anomaly-clusters/${id}`)
      }
      for (const path of ['/', '/metrics', '/api/v1/status', '/readyz'])
        seen[path] = await ask(path)
      expect(clusters.length).toBeGreaterThan(0)
    } finally {
      await app.stop()
    }
    seen['the log'] = lines.join('')
    seen['the file'] = readFileSync(out, 'utf8')
    seen['the checkpoint'] = readFileSync(join(directory, 'checkpoint.bin'), 'latin1')
    for (const [n, { url, body, headers }] of receiver.requests.entries()) {
      const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      seen[`${url} ${n}`] = bytes.toString()
    }
    // The test would prove little if nothing had come out.
    expect(seen['the file']).toContain('"type":"anomaly"')
    expect(seen['the log']).toContain('anomaly cluster opened')
    expect(Object.keys(seen).some((name) => name.startsWith('/hook'))).toBe(true)
    expect(Object.keys(seen).some((name) => name.startsWith('/v1/logs'))).toBe(true)
    expect(seen['the checkpoint']?.length).toBeGreaterThan(10_000)
    const found: string[] = []
    for (const { kind, secrets } of MASKING_CORPUS) {
      // What is a number or a common word stands elsewhere for other reasons.
      for (const secret of secrets.filter((text) => text.length > 5 && !/^[\d. -]+$/.test(text))) {
        for (const [where, text] of Object.entries(seen)) {
          if (text.includes(secret)) found.push(`${kind} in ${where}`)
        }
      }
    }
    expect(found).toEqual([])
  }, 120_000)
})
