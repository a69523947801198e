import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
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
import { createTopic, kafkaBrokers, readTopic } from '../kafka-broker.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'

/** What is asked of a service beside the anomaly clusters. */
const ASKED = [
  ...['/', '/known', '/metrics', '/readyz', '/api/v1/status', '/api/v1/coverage'],
  ...['/api/v1/signatures', '/api/v1/acceptances'],
]

/**
 * Everything that a service says, publishes and keeps of these bodies, by where it was seen; to Kafka
 * where there is a broker. Fails where nothing came out to look at.
 */
export async function whatLeaves(
  path: '/v1/traces' | '/v1/logs',
  bodies: readonly Uint8Array[],
  settings: readonly string[],
): Promise<Record<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'medoscope-masking-'))
  const receiver = new HttpReceiver()
  await receiver.start()
  const brokers = await kafkaBrokers()
  const topic = brokers === null ? '' : await createTopic(brokers, 1)
  const kafka = brokers === null ? [] : [`brokers=${brokers.join(',')}`, `topic=${topic}`]
  const lines: string[] = []
  const out = join(directory, 'out.jsonl')
  const set = [
    ...['input.otlp_http.port=0', 'admin.port=0', `state.path=${directory}`],
    ...[`output.file.path=${out}`, `output.webhook.url=${receiver.url}/hook`],
    `output.otlp_http.endpoint=${receiver.url}`,
    ...['accumulate.bucket=5s', 'accumulate.false_clusters_per_week=5000'],
    ...['accumulate.silent=20s', 'accumulate.reopen=10s'],
    ...kafka.map((setting) => `output.kafka.${setting}`),
    ...(brokers === null ? [] : [`output.kafka.dead_letter_topic=${topic}`]),
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
    for (const asked of ASKED) seen[asked] = await ask(asked)
    expect(clusters.length).toBeGreaterThan(0)
  } finally {
    await app.stop()
  }
  seen['the log'] = lines.join('')
  seen['the file'] = readFileSync(out, 'utf8')
  seen['the checkpoint'] = readFileSync(join(directory, 'checkpoint.bin'), 'latin1')
  // Bytes as they came, until what follows from them is committed: for nobody else to read.
  const kept = join(directory, 'otlp_http')
  for (const name of readdirSync(kept).filter((each) => each.endsWith('.log')))
    expect(statSync(join(kept, name)).mode & 0o077).toBe(0)
  for (const [n, { url, body, headers }] of receiver.requests.entries()) {
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    seen[`${url} ${n}`] = bytes.toString()
  }
  const lineCount = seen['the file'].split('\n').length - 1
  for (const [n, message] of (brokers === null
    ? []
    : await readTopic(brokers, topic, lineCount)
  ).entries()) {
    const { key, value, headers } = message
    seen[`Kafka ${n}`] = `${key} ${JSON.stringify(headers)} ${value.toString()}`
  }
  await receiver.stop()
  rmSync(directory, { recursive: true })
  expectSomethingEverywhere(seen)
  return seen
}

function expectSomethingEverywhere(seen: Readonly<Record<string, string>>): void {
  expect(seen['the file']).toContain('"type":"anomaly"')
  expect(seen['the log']).toContain('anomaly cluster opened')
  for (const address of ['/hook', '/v1/logs'])
    expect(Object.keys(seen).some((name) => name.startsWith(address))).toBe(true)
  expect(seen['the checkpoint']?.length).toBeGreaterThan(10_000)
  expect(JSON.parse(seen['/api/v1/signatures'] ?? '').signatures).not.toEqual([])
  expect(seen['/known']).toContain('/clusters/')
  expect(JSON.parse(seen['/api/v1/coverage'] ?? '').entry_operations).not.toEqual([])
}

/** Which secrets of the corpus stand where; empty where none does. */
export function secretsIn(seen: Readonly<Record<string, string>>): string[] {
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
