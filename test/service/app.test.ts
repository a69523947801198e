import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/io/clock.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { App, type AppSurroundings } from '../../src/service/app.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'

// Whole services over real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 })

const root = mkdtempSync(join(tmpdir(), 'medoscope-app-'))
let lives = 0
const apps: App[] = []

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A service of its own, on free ports, that needs little to make a model. */
function build(set: string[] = [], surroundings: Partial<AppSurroundings> = {}): App {
  const config = loadConfig({
    name: 'test',
    text: '',
    env: {},
    set: [
      'input.otlp_http.port=0',
      'admin.port=0',
      `state.path=${join(root, `state-${lives}`)}`,
      'state.checkpoint_interval=1d',
      'model.min_calibration=60',
      'model.min_observations=10',
      'model.window=10s',
      ...set,
    ],
  })
  const app = new App(config, {
    version: '1.2.3',
    log: silentLog,
    clock: systemClock,
    stdout: new PassThrough().resume(),
    ...surroundings,
  })
  apps.push(app)
  return app
}

/** Bodies of a simulated shop, one after the other. */
const bodies = [
  ...simulate({
    seed: 3,
    startMs: Date.UTC(2026, 0, 5, 9),
    durationMs: 40_000,
    tracesPerSecond: 12,
    recordSpans: 2000,
  }),
].map(toOtlpProto)

async function send(app: App, some: readonly Uint8Array[]): Promise<void> {
  for (const body of some) {
    for (;;) {
      const answer = await fetch(`${app.otlpHttpAddress}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(body),
      })
      await answer.arrayBuffer()
      if (answer.status === 200) break
      expect(answer.status).toBe(429)
    }
  }
}

interface Status {
  readonly detector: { readonly state: string; readonly learned: number }
  readonly partitions: readonly { partition: string; position: string; lag_records: number }[]
  readonly counts: Readonly<Record<string, number>>
}

async function statusOf(app: App): Promise<Status> {
  return (await (await fetch(`${app.adminAddress}/api/v1/status`)).json()) as Status
}

/** Waits until everything sent is judged. */
async function settled(app: App, records: number): Promise<Status> {
  await expect
    .poll(async () => (await statusOf(app)).counts['records'], { timeout: 60_000 })
    .toBe(records)
  return statusOf(app)
}

describe('a service', () => {
  it('learns from what it is sent, judges, and tells how it is', async () => {
    lives++
    const app = build()
    await app.start()
    expect((await fetch(`${app.adminAddress}/readyz`)).status).toBe(200)
    await send(app, bodies)
    const status = await settled(app, bodies.length)
    expect(status.detector.state).toBe('live')
    expect(status.partitions).toMatchObject([{ partition: 'otlp_http/0', lag_records: 0 }])
    const metrics = await (await fetch(`${app.adminAddress}/metrics`)).text()
    expect(metrics).toContain(`medoscope_records_total ${bodies.length}\n`)
    expect(metrics).toContain('medoscope_live 1\n')
    expect(metrics).toContain('medoscope_build_info{version="1.2.3"')
    expect(metrics).toContain(`medoscope_http_requests_total{code="200"} ${bodies.length}\n`)
    expect((await fetch(`${app.adminAddress}/`)).status).toBe(200)
    await app.stop()
    expect(await app.done).toBe('stopped')
    await expect(fetch(`${app.adminAddress || 'http://127.0.0.1:1'}/healthz`)).rejects.toThrow()
  })

  it('goes on after a restart where it stopped, with what it had learned and what was open', async () => {
    lives++
    const half = Math.floor(bodies.length / 2)
    const [before, after] = [bodies.slice(0, half), bodies.slice(half)]
    const first = build()
    await first.start()
    await send(first, before)
    await first.stop()
    const second = build()
    await second.start()
    const restored = await statusOf(second)
    expect(restored.partitions).toMatchObject([{ position: String(half + 1) }])
    await send(second, after)
    const interrupted = await settled(second, after.length)
    await second.stop()
    lives++
    const straight = build()
    await straight.start()
    await send(straight, bodies)
    expect(interrupted.detector).toEqual((await settled(straight, bodies.length)).detector)
  })

  it('starts anew, and says so, when the checkpoint is of other settings', async () => {
    lives++
    const first = build()
    await first.start()
    await send(first, bodies.slice(0, 3))
    await first.stop()
    const warnings: string[] = []
    const log = {
      ...silentLog,
      warn: (_: string, fields = {}) => warnings.push(String(Reflect.get(fields, 'reason'))),
    }
    const second = build(['accumulate.bucket=15s'], { log })
    await second.start()
    // What was acknowledged and is not committed is read again.
    await expect
      .poll(async () => (await statusOf(second)).partitions)
      .toMatchObject([{ partition: 'otlp_http/0', position: '4' }])
    expect(warnings).toEqual(['it was made with accumulate.bucket 30000, which is now 15000'])
  })

  it('tells in its log, once, that a table is full', async () => {
    lives++
    const lines: string[] = []
    const log = {
      ...silentLog,
      warn: (message: string, { table = '' } = {}) => lines.push(`${table} ${message}`),
    }
    const app = build(['features.max_strata=3'], { log })
    await app.start()
    await send(app, bodies)
    await settled(app, bodies.length)
    await app.stop()
    await app.stop()
    expect(lines.filter((line) => line.startsWith('strata '))).toEqual([
      expect.stringContaining('there is no room for more strata'),
    ])
  })

  it('writes dead letters and goes on', async () => {
    lives++
    const file = join(root, 'recording.jsonl')
    const out = join(root, 'out.jsonl')
    writeFileSync(file, '{"resourceSpans": 7}\n{"resourceSpans": []}\n{"resourceSp\n')
    const app = build([
      `input.files=${file}`,
      'input.otlp_http.enabled=false',
      `output.file.path=${out}`,
    ])
    await app.start()
    expect(await app.done).toBe('ended')
    await app.stop()
    const lines = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { type: 'dead_letter', partition: 'files/0', offset: '1' },
      { type: 'dead_letter', offset: '3' },
    ])
  })
})

describe('starting and stopping', () => {
  it('needs an input and an output', () => {
    expect(() => build(['input.otlp_http.enabled=false'])).toThrow('no input is configured')
    expect(() => build(['output.file.path='])).toThrow('no output is configured')
  })

  it('names the key of what is in the way, and leaves nothing running', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    lives++
    const app = build([`input.otlp_http.port=${port}`])
    await expect(app.start()).rejects.toThrow('input.otlp_http.port')
    expect(app.adminAddress).toBe('')
    taken.close()
  })

  it('names the file of a key that cannot be read', () => {
    const set = [
      'input.kafka.brokers=localhost:1',
      'input.kafka.tls.enabled=true',
      'input.kafka.tls.ca=/nowhere.pem',
    ]
    expect(() => build(set)).toThrow('input.kafka.tls.ca')
  })

  it('is safe before the start, twice, and at once', async () => {
    lives++
    const idle = build()
    await idle.stop()
    const app = build()
    const starting = app.start()
    await Promise.all([app.stop(), app.stop(), starting])
    expect(await app.done).toBe('stopped')
    expect(existsSync(join(root, `state-${lives}`))).toBe(true)
  })

  it('keeps no checkpoint when told so', async () => {
    lives++
    const app = build(['state.checkpoint_interval=0s'])
    await app.start()
    await send(app, bodies.slice(0, 2))
    await app.stop()
    expect(existsSync(join(root, `state-${lives}`, 'checkpoint.bin'))).toBe(false)
  })
})
