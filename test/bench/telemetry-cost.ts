import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { ClusterService } from '../../src/cluster-service.ts'
import { Detector } from '../../src/detect/detector.ts'
import type { LogRecord } from '../../src/detect/log-record.ts'
import { systemClock } from '../../src/io/clock.ts'
import { silentLog } from '../../src/io/log.ts'
import { Metrics } from '../../src/io/metrics.ts'
import type { Source, SourceBatch } from '../../src/io/source.ts'
import { BatchTracing } from '../../src/io/tracing.ts'
import { fit } from '../../src/model/fit.ts'
import { Pipeline } from '../../src/pipeline.ts'
import type { PipelineParts } from '../../src/pipeline-parts.ts'
import { Publisher } from '../../src/publisher.ts'
import { ServiceMetrics } from '../../src/service-metrics.ts'
import type { Prepared } from './detector-bench.ts'
import { type Figure, median } from './figures.ts'

/** Records a batch: as many as the loop takes when it has work waiting (the default), and least. */
const BATCHES = { full: 64, single: 1 }
/** Times through the records a turn: exports are rarer than turns of this bench would make them. */
const LAPS = 3
const VERSION = '1.0.0'

/** Takes traces and forgets them, in its own thread: only sending is the service's cost. */
const RECEIVER = `
const { parentPort } = require('node:worker_threads')
let requests = 0
const server = require('node:http').createServer((request, response) => {
  requests++
  request.resume().on('end', () => response.end('{}'))
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
parentPort.on('message', () => parentPort.postMessage(requests))
`

/**
 * `telemetry_cost_ratio`: CPU time of the loop's thread over the same records with metrics, cluster
 * metrics and a span for every batch, sent, over that without, turn by turn.
 */
export async function telemetryCost(prepared: Prepared, rounds: number): Promise<Figure[]> {
  const receiver = new Worker(RECEIVER, { eval: true })
  const endpoint = `http://127.0.0.1:${await answer(receiver)}`
  await turn(prepared, BATCHES.full, null)
  await turn(prepared, BATCHES.full, endpoint)
  const full = await ratiosOf(prepared, BATCHES.full, endpoint, rounds)
  const single = await ratiosOf(prepared, BATCHES.single, endpoint, Math.ceil(rounds / 2))
  receiver.postMessage('how many')
  const requests = await answer(receiver)
  await receiver.terminate()
  if (requests < rounds) throw new Error(`only ${requests} exports arrived in ${rounds} rounds`)
  const spread = (of: number[]): string =>
    `${of.length} rounds, ${Math.min(...of).toFixed(3)} to ${Math.max(...of).toFixed(3)}`
  return [
    {
      name: 'telemetry_cost_ratio',
      value: median(full),
      what: `CPU time of the loop with metrics and a traced span a batch over that without, ${BATCHES.full} records a batch; ${spread(full)}`,
      bar: 'under 1.03',
    },
    {
      name: 'telemetry_cost_ratio_single',
      value: median(single),
      what: `the same where every record is a batch of its own; ${spread(single)}`,
      bar: '',
    },
  ]
}

async function ratiosOf(
  prepared: Prepared,
  batchRecords: number,
  endpoint: string,
  rounds: number,
): Promise<number[]> {
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    // Each goes first as often as the other.
    const swap = round % 2 === 1
    const first = await turn(prepared, batchRecords, swap ? endpoint : null)
    const second = await turn(prepared, batchRecords, swap ? null : endpoint)
    ratios.push(swap ? first / second : second / first)
  }
  return ratios
}

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** CPU time of the loop over all records, us; with telemetry where there is an endpoint. */
async function turn(
  prepared: Prepared,
  batchRecords: number,
  endpoint: string | null,
): Promise<number> {
  const tracing =
    endpoint === null ? null : new BatchTracing({ endpoint, sampleRatio: 1, version: VERSION })
  let total = 0
  for (let lap = 0; lap < LAPS; lap++) {
    const pipeline = build(prepared, batchRecords, tracing)
    collectGarbage()
    const from = process.threadCpuUsage()
    await pipeline.run()
    total += used(from)
  }
  const from = process.threadCpuUsage()
  // What was recorded must also be sent.
  await tracing?.stop()
  return total + used(from)
}

/** The loop over these records, seen by what sees a service where there is tracing. */
function build(prepared: Prepared, batchRecords: number, tracing: BatchTracing | null): Pipeline {
  const state = prepared.detector.snapshot()
  const detector = Detector.restore(state, prepared.detector.settings)
  const source = new MemorySource(prepared.records)
  const retry = { attempts: 1, backoffMs: 1, backoffMaxMs: 1 }
  const publisher = new Publisher([], retry, systemClock, silentLog)
  const parts: PipelineParts = {
    detector,
    source,
    publisher,
    fitter: { fit: async (request) => fit(request) },
    checkpoints: null,
    clock: systemClock,
    log: silentLog,
  }
  const intervals = { batchWaitMs: 0, commitIntervalMs: 1000, checkpointIntervalMs: 1e9 }
  const settings = { batchRecords, ...intervals }
  if (tracing === null) return new Pipeline(parts, settings)
  // Without the process's own: their observers would stay for the turns without telemetry.
  const metrics = new Metrics(false)
  const { alpha } = prepared.detector.settings
  const links = { trace: null, compare: null }
  const clusters = new ClusterService(metrics, { alpha, refreshMs: 600_000 }, detector, links)
  let service: ServiceMetrics | null = null
  const pipeline = new Pipeline(
    {
      ...parts,
      onOutput: (output) => clusters.take(output),
      onBatch: (report) => {
        service?.batch(report)
        tracing.record(report)
      },
    },
    settings,
  )
  const none = { checkpointBytes: () => 0, workerFailures: () => 0, feedSources: () => undefined }
  const measured = { detector, pipeline, publisher, source, clock: systemClock, ...none }
  service = new ServiceMetrics(metrics, measured, VERSION)
  return pipeline
}

/** So that no turn pays for what the one before it left. */
const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

function used(from: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(from)
  return user + system
}

/** Records that are in memory already; ends after them. */
class MemorySource implements Source {
  readonly name = 'memory'
  readonly #records: readonly LogRecord[]
  #next = 0

  constructor(records: readonly LogRecord[]) {
    this.#records = records
  }

  async start(): Promise<void> {}
  async commit(): Promise<void> {}
  async seek(): Promise<void> {}
  async stop(): Promise<void> {}

  async poll(maxRecords: number): Promise<SourceBatch | null> {
    const records = this.#records.slice(this.#next, this.#next + maxRecords)
    this.#next += records.length
    return records.length > 0 ? { records, revoked: [] } : null
  }

  lag(): ReadonlyMap<string, { records: number }> {
    return new Map([['otlp_spans/0', { records: this.#records.length - this.#next }]])
  }
}
