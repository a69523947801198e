import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { SeededRandom } from '../../src/stats/random.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { simulatedLog } from '../simulated-log.ts'
import { RunningService, statusAt } from './running-service.ts'

/** Every other one is a stop in order. */
const KILLS = inject('thorough') ? 10 : 4
const directory = mkdtempSync(join(tmpdir(), 'medoscope-http-kill-'))

const log = simulatedLog({
  seed: 9,
  startMs: Date.UTC(2026, 10, 25, 7),
  durationMs: 150_000,
  tracesPerSecond: 30,
  faults: [
    { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 60_000, toMs: 100_000 },
    {
      kind: 'unseen_path',
      service: 'shipping',
      strength: 'strong',
      fromMs: 110_000,
      toMs: 130_000,
    },
  ],
})

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

interface Outcome {
  readonly judged: number
  readonly anomalies: ReadonlySet<string>
}

/** An exporter that sends in order, one after the other, and again whatever is not answered with 200. */
async function send(address: string, paceMs: number): Promise<void> {
  for (const { body } of log) {
    for (;;) {
      const headers = { 'content-type': 'application/x-protobuf' }
      const request = { method: 'POST', headers, body: Buffer.from(body) }
      const answer = await fetch(`${address}/v1/traces`, request).catch(() => null)
      await answer?.arrayBuffer().catch(() => null)
      if (answer?.status === 200) break
      await sleep(50)
    }
    if (paceMs > 0) await sleep(paceMs)
  }
}

/** The whole log over HTTP to a service that is killed and stopped meanwhile. */
async function outcome(name: string, kills: number): Promise<Outcome> {
  const receiver = new HttpReceiver()
  await receiver.start()
  const [port, admin] = await freePorts(2)
  const out = join(directory, `${name}.jsonl`)
  const settings = [
    'alpha=0.01',
    `input.otlp_http.port=${port}`,
    `output.file.path=${out}`,
    `output.webhook.url=${receiver.url}`,
    'output.webhook.required=true',
    `state.path=${join(directory, name)}`,
    // Who is not killed needs few of them.
    `state.checkpoint_interval=${kills > 0 ? '500ms' : '2s'}`,
    'model.window=5s',
    'model.refresh=20s',
    'pipeline.stop_timeout=1s',
    `admin.port=${admin}`,
  ]
  const random = new SeededRandom(17)
  const sending = send(`http://127.0.0.1:${port}`, (kills * 1500) / log.length)
  for (let i = 0; i < kills; i++) {
    const victim = new RunningService(settings)
    await sleep(700 + random.next() * 2500)
    expect(victim.alive, victim.said).toBe(true)
    // Every other time in order, but while a sink that commits wait for is away.
    receiver.status = i % 2 === 0 ? 200 : 503
    if (i % 2 === 0) await victim.kill()
    else await victim.stop()
  }
  receiver.status = 200
  const service = new RunningService(settings)
  try {
    await sending
    for (;;) {
      expect(service.alive, service.said).toBe(true)
      await sleep(200)
      const says = await statusAt(`http://127.0.0.1:${admin}`)
      const { flagged: _, ...byReason } = says?.detector.judged ?? {}
      const judged = Object.values(byReason).reduce((sum, count) => sum + count, 0)
      const [partition] = says?.partitions ?? []
      // Where an answer was lost with a kill, the sender has sent a record twice.
      if (Number(partition?.position ?? 0) > log.length && partition?.lag_records === 0) {
        const ids = readFileSync(out, 'utf8').matchAll(/"type":"anomaly","id":"([^"]+)"/g)
        return { judged, anomalies: new Set([...ids].map(([, id]) => id ?? '')) }
      }
    }
  } finally {
    await service.stop()
    await receiver.stop()
  }
}

describe('what came over OTLP/HTTP and was acknowledged', () => {
  it('is judged, whatever kills the service and whichever sink is away', async () => {
    const [undisturbed, disturbed] = await Promise.all([
      outcome('undisturbed', 0),
      outcome('disturbed', KILLS),
    ])
    expect(undisturbed.judged).toBeGreaterThan(3000)
    expect(undisturbed.anomalies.size).toBeGreaterThan(20)
    expect(disturbed.judged).toBeGreaterThanOrEqual(undisturbed.judged)
    expect([...undisturbed.anomalies].filter((id) => !disturbed.anomalies.has(id))).toEqual([])
  }, 400_000)
})
