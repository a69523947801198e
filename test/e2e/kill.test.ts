import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { createTopic, kafkaBrokers, testClient, uniqueName } from '../kafka-broker.ts'
import { simulatedLog } from '../simulated-log.ts'
import { RunningService, statusAt } from './running-service.ts'

/** Twenty kills are a long test; four go with every run. */
const KILLS = inject('thorough') ? 20 : 4
const START = Date.UTC(2026, 10, 25, 7)

const found = await kafkaBrokers()
const brokers = found ?? []

interface Outcome {
  readonly judged: number
  readonly anomalies: ReadonlySet<string>
}

/** Ids of the anomalies on a topic. */
async function published(topic: string): Promise<Set<string>> {
  const consumer = testClient(brokers).consumer({ groupId: uniqueName('reader') })
  const anomalies = new Set<string>()
  let lastMs = Date.now()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      lastMs = Date.now()
      const text = message.value?.toString() ?? ''
      const anomaly = /"medoscope.anomaly.id","value":{"stringValue":"([^"]+)"/.exec(text)?.[1]
      if (anomaly) anomalies.add(anomaly)
    },
  })
  while (Date.now() - lastMs < 3000) await sleep(100)
  await consumer.disconnect()
  return anomalies
}

describe.skipIf(found === null)('kill -9 of `medoscope run` under load', () => {
  let log: readonly LogRecord[] = []
  const dir = mkdtempSync(join(tmpdir(), 'medoscope-kill-'))

  beforeAll(() => {
    const faults = [
      { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 60_000, toMs: 100_000 },
      {
        kind: 'unseen_path',
        service: 'shipping',
        strength: 'strong',
        fromMs: 110_000,
        toMs: 130_000,
      },
    ] as const
    log = simulatedLog({
      seed: 9,
      startMs: START,
      durationMs: 150_000,
      tracesPerSecond: 30,
      faults,
    })
  })

  afterAll(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  /** The same bytes as a topic of its own: at once, or over `overMs`. */
  async function produce(topic: string, overMs: number): Promise<void> {
    const producer = testClient(brokers).producer()
    await producer.connect()
    for (let i = 0; i < log.length; i += 10) {
      const messages = log.slice(i, i + 10).map(({ body, timestampMs }) => {
        return { key: 'k', value: Buffer.from(body), timestamp: String(timestampMs) }
      })
      await producer.send({ topic, messages })
      await sleep((10 * overMs) / log.length)
    }
    await producer.disconnect()
  }

  async function outcome(name: string, kills: number): Promise<Outcome> {
    const input = await createTopic(brokers, 1)
    const producing = produce(input, kills * 2000)
    const output = await createTopic(brokers, 1)
    const [port] = await freePorts(1)
    const settings = [
      'alpha=0.01',
      'input.otlp_http.enabled=false',
      'output.file.path=',
      `input.kafka.brokers=${brokers.join(',')}`,
      `input.kafka.topics=${input}`,
      `input.kafka.group_id=${uniqueName(name)}`,
      'input.kafka.from=earliest',
      // Who is not killed must not be taken for dead while the other one is at work beside it.
      `input.kafka.session_timeout=${kills > 0 ? '1500ms' : '10s'}`,
      'input.kafka.heartbeat_interval=300ms',
      `output.kafka.topic=${output}`,
      `output.kafka.dead_letter_topic=${output}`,
      `state.path=${join(dir, name)}`,
      // Who is not killed needs few of them.
      `state.checkpoint_interval=${kills > 0 ? '500ms' : '2s'}`,
      'model.window=5s',
      'model.refresh=20s',
      `admin.port=${port}`,
    ]
    const address = `http://127.0.0.1:${port}`
    const random = new SeededRandom(17)
    for (let i = 0; i < kills; i++) {
      const victim = new RunningService(settings)
      // From the middle of its start to well into its work.
      await sleep(300 + random.next() * 2500)
      expect(victim.alive, victim.said).toBe(true)
      await victim.kill()
    }
    const service = new RunningService(settings)
    try {
      await producing
      let judged = 0
      for (let position = 0; position < log.length; ) {
        expect(service.alive, service.said).toBe(true)
        await sleep(200)
        const says = await statusAt(address)
        position = Number(says?.partitions[0]?.position ?? 0)
        const { flagged: _, ...byReason } = says?.detector.judged ?? {}
        judged = Object.values(byReason).reduce((sum, count) => sum + count, 0)
      }
      return { judged, anomalies: await published(output) }
    } finally {
      await service.stop()
    }
  }

  it(`judges every trace and loses no anomaly, at ${KILLS} random moments`, async () => {
    const [undisturbed, disturbed] = await Promise.all([
      outcome('undisturbed', 0),
      outcome('disturbed', KILLS),
    ])
    expect(undisturbed.judged).toBeGreaterThan(3000)
    expect(undisturbed.anomalies.size).toBeGreaterThan(20)
    // More where a restart found its partition still with the dead one: what was open is read again.
    expect(disturbed.judged).toBeGreaterThanOrEqual(undisturbed.judged)
    expect([...undisturbed.anomalies].filter((id) => !disturbed.anomalies.has(id))).toEqual([])
  }, 400_000)
})
