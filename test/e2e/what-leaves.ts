import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createLog } from '../../src/io/telemetry/log.ts'
import { App } from '../../src/service/app.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'

/** Everything that a service says, publishes and keeps of these bodies, by where it was seen. */
export async function whatLeaves(
  path: '/v1/traces' | '/v1/logs',
  bodies: readonly Uint8Array[],
  settings: readonly string[],
): Promise<Record<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'medoscope-masking-'))
  const receiver = new HttpReceiver()
  await receiver.start()
  const lines: string[] = []
  const out = join(directory, 'out.jsonl')
  const set = [
    ...['input.otlp_http.port=0', 'admin.port=0', `state.path=${directory}`],
    ...[`output.file.path=${out}`, `output.webhook.url=${receiver.url}/hook`],
    `output.otlp_http.endpoint=${receiver.url}`,
    ...['accumulate.bucket=5s', 'accumulate.false_clusters_per_week=5000'],
    ...settings,
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
    for (const body of bodies) {
      const headers = { 'content-type': 'application/x-protobuf' }
      const request = { method: 'POST', headers, body: Buffer.from(body) }
      expect((await fetch(app.otlpHttpAddress + path, request)).status).toBe(200)
    }
    const ask = async (asked: string): Promise<string> =>
      (await fetch(app.adminAddress + asked)).text()
    await expect
      .poll(async () => JSON.parse(await ask('/api/v1/status')).counts.records, {
        timeout: 60_000,
      })
      .toBe(bodies.length)
    const listed = await ask('/api/v1/anomaly-clusters')
    const { clusters } = JSON.parse(listed) as { clusters: { id: string }[] }
    seen['the list of clusters'] = listed
    for (const { id } of clusters) {
      seen[`the page of ${id}`] = await ask(`/clusters/${id}`)
      seen[`the evidence of ${id}`] = await ask(`/api/v1/anomaly-clusters/${id}`)
    }
    for (const asked of ['/', '/metrics', '/api/v1/status', '/readyz'])
      seen[asked] = await ask(asked)
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
  await receiver.stop()
  rmSync(directory, { recursive: true })
  return seen
}

/** Which secrets of the corpus stand where; empty where none does. Fails where nothing came out to look at. */
export function secretsIn(seen: Readonly<Record<string, string>>): string[] {
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
  return found
}
