import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { detectorSettings } from '../../../src/config/detector-settings.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { LogRecord } from '../../../src/contract/log-record.ts'
import { Detector } from '../../../src/detector/detector.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import { SeededRandom } from '../../../src/stats/random.ts'
import { RunningService } from '../../e2e/running-service.ts'
import { HttpReceiver } from '../../fakes/http-receiver.ts'
import { freePorts } from '../../kafka/free-ports.ts'
import { LocalBroker } from '../../kafka/local-broker.ts'
import { createTopic } from '../../kafka-broker.ts'
import { runThrough } from '../../run-detector.ts'
import { simulatedLog } from '../../simulated-log.ts'
import type { Figure } from '../figures.ts'

const SHORT_MS = 600_000
const LONG_MS = 3_600_000
const STALL_MS = 1_000
const PROTO = 'application/x-protobuf'
/** After a start, a service may restore a checkpoint before it answers. */
const START_MS = 8_000
const CORE = ['alpha=0.01', 'model.window=5s', 'model.refresh=20s']

/** What is done to a service and its surroundings; each leaves them whole. */
interface World {
  readonly random: SeededRandom
  readonly receiver: HttpReceiver
  readonly broker: LocalBroker | null
  readonly address: string
  readonly start: () => RunningService
  service: RunningService
  startedMs: number
}

const FAULTS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'service killed': async (world) => {
    await world.service.kill()
    restart(world)
  },
  'service stopped while a sink is away': async (world) => {
    world.receiver.status = 503
    await world.service.stop()
    restart(world)
    await sleep(2_000)
    world.receiver.status = 200
  },
  'sink away': async ({ receiver }) => {
    receiver.status = 503
    await sleep(4_000)
    receiver.status = 200
  },
  'sink silent': async ({ receiver }) => {
    receiver.silent = true
    await sleep(4_000)
    receiver.silent = false
  },
  'sink refuses for good': async ({ receiver }) => {
    receiver.status = 400
    await sleep(2_000)
    receiver.status = 200
  },
  'disk full': async ({ service }) => {
    // As a full disk: a write that makes a file longer than this is cut short and fails.
    limitFiles(service.pid, '4096')
    await sleep(3_000)
    limitFiles(service.pid, 'unlimited')
  },
  'slow clients': async ({ address }) => {
    const { hostname, port } = new URL(address)
    const sockets = Array.from({ length: 64 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    )
    for (const socket of sockets) {
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${PROTO}\r\ncontent-length: 9999\r\n\r\nabc`,
      )
    }
    await sleep(4_000)
    for (const socket of sockets) socket.destroy()
  },
  garbage: async ({ address, random }) => {
    for (let i = 0; i < 200; i++) {
      const body = Buffer.from(Array.from({ length: 500 }, () => Math.floor(random.next() * 256)))
      await post(
        address,
        i % 2 === 0 ? body : '['.repeat(50_000),
        i % 2 === 0 ? PROTO : 'application/json',
      )
    }
  },
  'broker away': async ({ broker }) => {
    await broker?.suspend()
    await sleep(2_000)
    await broker?.resume()
  },
}

function restart(world: World): void {
  world.service = world.start()
  world.startedMs = performance.now()
}

function limitFiles(pid: number, bytes: string): void {
  try {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
  } catch {
    // The process has just ended.
  }
}

async function post(
  address: string,
  body: Uint8Array<ArrayBuffer> | string,
  type: string,
): Promise<number> {
  const request = { method: 'POST', headers: { 'content-type': type }, body }
  const answer = await fetch(`${address}/v1/traces`, request).catch(() => null)
  await answer?.arrayBuffer().catch(() => null)
  return answer?.status ?? 0
}

/** What an undisturbed detector says of the same log. */
function undisturbed(log: readonly LogRecord[]): { ids: Set<string>; spans: number } {
  const config = loadConfig({ name: 'chaos', text: '', env: {}, set: CORE })
  const detector = new Detector(detectorSettings(config))
  const records = log.map((record, n) => ({
    ...record,
    partition: 'otlp_http/0',
    offset: BigInt(n + 1),
    keyed: false,
  }))
  const output = emptyOutput()
  runThrough(detector, records, output)
  return {
    ids: new Set(output.anomalies.map(({ id }) => id)),
    spans: detector.counts().records.spans,
  }
}

/** Random faults for as long as a log is sent; then what is missing, and how often nothing moved. */
export async function chaosFigures(
  long: boolean,
  progress: (text: string) => void,
): Promise<Figure[]> {
  const durationMs = Number(process.env['CHAOS_MS'] ?? (long ? LONG_MS : SHORT_MS))
  const directory = mkdtempSync(join(tmpdir(), 'medoscope-chaos-'))
  const receiver = await new HttpReceiver().start()
  const broker = await LocalBroker.start().catch(() => null)
  if (broker === null) progress('chaos: no Kafka broker to be had here, so none goes away')
  const log = simulatedLog({
    seed: 9,
    startMs: Date.UTC(2026, 10, 25, 7),
    durationMs: 600_000,
    tracesPerSecond: 10,
    faults: [60, 180, 300, 420, 520].map((second) => ({
      ...({ kind: 'errors', service: 'payment', strength: 'strong' } as const),
      ...{ fromMs: second * 1000, toMs: (second + 40) * 1000 },
    })),
  })
  const expected = undisturbed(log)
  const [port = 0, admin = 0] = await freePorts(2)
  const out = join(directory, 'out.jsonl')
  const topics = broker === null ? [] : await kafkaOutput(broker)
  const settings = [
    ...[...CORE, ...topics, `input.otlp_http.port=${port}`, `admin.port=${admin}`],
    ...[
      `output.file.path=${out}`,
      `output.webhook.url=${receiver.url}`,
      'output.webhook.timeout=1s',
    ],
    ...[
      `state.path=${join(directory, 'state')}`,
      'state.checkpoint_interval=500ms',
      'pipeline.stop_timeout=2s',
    ],
  ]
  const start = (): RunningService =>
    new RunningService(settings, ['bash', '-c', 'trap \'\' XFSZ; exec "$0" "$@"'])
  const address = `http://127.0.0.1:${port}`
  const world: World = {
    random: new SeededRandom(5),
    receiver,
    broker,
    address,
    start,
    service: start(),
    startedMs: performance.now(),
  }
  try {
    const sending = send(log, address, durationMs / log.length)
    const stalls = await disturb(world, sending, progress)
    receiver.status = 200
    await caughtUp(`http://127.0.0.1:${admin}`, log.length)
    const spans = await spansRead(`http://127.0.0.1:${admin}`)
    await world.service.stop()
    const told = readFileSync(out, 'utf8').matchAll(/"type":"anomaly","id":"([^"]+)"/g)
    const ids = new Set([...told].map(([, id]) => id ?? ''))
    const lost = [...expected.ids].filter((id) => !ids.has(id)).length
    progress(
      `chaos: ${log.length} records, ${expected.ids.size} anomalies expected, ${ids.size} told`,
    )
    return [
      {
        name: 'chaos_lost_spans',
        value: Math.max(0, expected.spans - spans),
        what: `of ${expected.spans} acknowledged spans were not read`,
        bar: '0',
      },
      {
        name: 'chaos_lost_ids',
        value: lost,
        what: `of ${expected.ids.size} anomalies were not told`,
        bar: '0',
      },
      {
        name: 'chaos_stalls',
        value: stalls,
        what: 'times input stood for over 1 s while the service ran',
        bar: '0',
      },
    ]
  } finally {
    await world.service.kill().catch(() => undefined)
    await Promise.all([receiver.stop(), broker?.close()])
    rmSync(directory, { recursive: true, force: true })
  }
}

async function kafkaOutput(broker: LocalBroker): Promise<string[]> {
  const brokers = [broker.addresses.plaintext]
  const topic = await createTopic(brokers, 1)
  const keys = [`brokers=${brokers.join(',')}`, `topic=${topic}`, `dead_letter_topic=${topic}`]
  return keys.map((key) => `output.kafka.${key}`)
}

async function send(log: readonly LogRecord[], address: string, paceMs: number): Promise<void> {
  const begun = performance.now()
  for (const [n, { body }] of log.entries()) {
    while ((await post(address, Buffer.from(body), PROTO)) !== 200) await sleep(50)
    await sleep(Math.max(0, begun + n * paceMs - performance.now()))
  }
}

/** One fault after the other while there is something to send, with probes beside; returns the stalls. */
async function disturb(
  world: World,
  sending: Promise<void>,
  progress: (text: string) => void,
): Promise<number> {
  let isOver = false
  let stalls = 0
  const over = sending.then(() => {
    isOver = true
  })
  const probing = (async () => {
    while (!isOver) {
      const begun = performance.now()
      const { service, startedMs } = world
      await post(world.address, '', PROTO)
      const tookMs = performance.now() - begun
      const isFair = service === world.service && service.alive && begun - startedMs > START_MS
      if (isFair && tookMs > STALL_MS) {
        stalls++
        progress(`chaos: stood for ${Math.round(tookMs)} ms`)
      }
      await sleep(200)
    }
  })()
  let round: string[] = []
  while (!isOver) {
    // Every kind once before any comes again, in a random order.
    if (round.length === 0) round = shuffled(Object.keys(FAULTS), world.random)
    const name = round.pop() ?? 'garbage'
    progress(`chaos: ${name}`)
    await FAULTS[name]?.(world)
    await Promise.race([over, sleep(3_000 + world.random.next() * 7_000)])
  }
  await Promise.all([over, probing])
  return stalls
}

function shuffled(names: readonly string[], random: SeededRandom): string[] {
  const keyed = names.map((name) => [random.next(), name] as const)
  return keyed.sort(([a], [b]) => a - b).map(([, name]) => name)
}

/** Waits until everything sent is read. */
async function caughtUp(admin: string, records: number): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(300)) {
    const says = (await fetch(`${admin}/api/v1/status`)
      .then((r) => r.json())
      .catch(() => null)) as {
      partitions: { position: string; lag_records: number }[]
    } | null
    const [partition] = says?.partitions ?? []
    if (
      partition !== undefined &&
      Number(partition.position) > records &&
      partition.lag_records === 0
    )
      return
  }
}

async function spansRead(admin: string): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text()
  return Number(/^medoscope_spans_total (\d+)/m.exec(text)?.[1] ?? 0)
}
