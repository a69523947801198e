import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { Detector } from '../../src/detector/detector.ts'
import { fit } from '../../src/detector/fit.ts'
import { systemClock } from '../../src/io/clock.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { Metrics } from '../../src/io/telemetry/metrics.ts'
import { BatchTracing } from '../../src/io/telemetry/tracing.ts'
import { ClusterService } from '../../src/service/cluster-service.ts'
import { Pipeline } from '../../src/service/pipeline.ts'
import type { PipelineParts } from '../../src/service/ports.ts'
import { Publisher } from '../../src/service/publisher.ts'
import { ServiceMetrics } from '../../src/service/telemetry.ts'
import { type Prepared, prepare } from './detector-bench.ts'
import { type Figure, quantile } from './figures.ts'
import { threadCpuUs } from './thread-cpu.ts'
import { TurnSource } from './turn-source.ts'

interface Plan {
  readonly name: string
  readonly what: string
  readonly bar: string
  /** Records a batch. */
  readonly batch: number
  /** Share of batches traced. */
  readonly traced: number
  /** Passes over all records a round. */
  readonly passes: number
}

/** As many records a batch as the loop takes when it has work waiting (the default), and least. */
const PLANS: readonly Plan[] = [
  {
    name: 'telemetry_cost_ratio',
    what: 'CPU time of the loop with metrics and self-tracing of a tenth of the batches, as is the default, over that without, 64 records of a trace each a batch',
    bar: 'under 1.03',
    batch: 64,
    traced: 0.1,
    passes: 4,
  },
  {
    name: 'telemetry_cost_ratio_traced',
    what: 'the same where all batches are traced',
    bar: '',
    batch: 64,
    traced: 1,
    passes: 4,
  },
  {
    name: 'telemetry_cost_ratio_single',
    what: 'the same where every record is a batch of its own and a tenth of them is traced',
    bar: 'under 1.1',
    batch: 1,
    traced: 0.1,
    passes: 4,
  },
  {
    name: 'telemetry_cost_ratio_single_traced',
    what: 'the same where all of these are traced',
    bar: '',
    batch: 1,
    traced: 1,
    passes: 2,
  },
]
/** Most spans of a record: about those of one trace, as the Collector sends them keyed by trace. */
const RECORD_SPANS = 16
/** Records a turn: some milliseconds, short beside the changes of what else the machine does. */
const TURN = 64
/** Passes for compilers to settle. */
const WARM_PASSES = 2
/** When the span processor sends: so many spans, or so much later. */
const EXPORT = { spans: 512, us: 5_000_000 }
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

/** What was seen, in CPU time of the loop's thread. */
interface Cost {
  /** Time of each turn with telemetry over that of the turn without on the same records. */
  readonly ratios: number[]
  /** Of all turns without, us. */
  bareUs: number
  /** Of sending spans, us. */
  sendingUs: number
}

/**
 * `telemetry_cost_ratio`: CPU time of the loop's thread with metrics, cluster metrics and a span for
 * a batch, sent, over that without. Two loops in the same state take the same records in short turns
 * in the order bare, watched, watched, bare; the young garbage of a turn is collected in its time.
 * What else is busy slows both turns of a pair alike, and the median leaves out the rest.
 */
export async function telemetryCost(rounds: number): Promise<Figure[]> {
  const prepared = prepare(4, 10, RECORD_SPANS)
  const receiver = new Worker(RECEIVER, { eval: true })
  const endpoint = `http://127.0.0.1:${await answer(receiver)}`
  const figures: Figure[] = []
  // Sending too must be warm where only few spans are sent.
  const warm = new BatchTracing({ endpoint, sampleRatio: 1, version: VERSION })
  for (const { batch } of PLANS) await cost(prepared, { batch, traced: 1 }, warm, WARM_PASSES)
  await warm.stop()
  for (const plan of PLANS) {
    const tracing = new BatchTracing({ endpoint, sampleRatio: plan.traced, version: VERSION })
    const seen = await cost(prepared, plan, tracing, plan.passes * rounds)
    await tracing.stop()
    figures.push({
      name: plan.name,
      value: quantile(seen.ratios, 0.5) + sendingShare(seen),
      what: `${plan.what}; ${spread(seen)}`,
      bar: plan.bar,
    })
  }
  receiver.postMessage('how many')
  const requests = await answer(receiver)
  await receiver.terminate()
  if (requests < PLANS.length) throw new Error(`only ${requests} exports arrived`)
  return figures
}

function sendingShare({ sendingUs, bareUs }: Cost): number {
  return sendingUs / bareUs
}

function spread(seen: Cost): string {
  const { ratios } = seen
  const quartile = (q: number): string => quantile(ratios, q).toFixed(3)
  const sending = sendingShare(seen).toFixed(3)
  return `${ratios.length} pairs of turns, quartiles ${quartile(0.25)} to ${quartile(0.75)}, and ${sending} for sending`
}

/** Passes over all records, each from the prepared state. */
async function cost(
  prepared: Prepared,
  plan: Pick<Plan, 'batch' | 'traced'>,
  tracing: BatchTracing,
  passes: number,
): Promise<Cost> {
  const seen: Cost = { ratios: [], bareUs: 0, sendingUs: 0 }
  const send = async (): Promise<void> => {
    seen.sendingUs += await timed(() => tracing.flush())
  }
  const spans = (TURN / plan.batch) * plan.traced
  const unsent = { spans: 0, us: 0 }
  let watchedFirst = false
  for (let pass = 0; pass < passes; pass++) {
    const bare = new Loop(prepared, plan.batch, null)
    const watched = new Loop(prepared, plan.batch, tracing)
    await bare.ready
    await watched.ready
    collectGarbage()
    for (let until = TURN; until <= prepared.records.length; until += TURN) {
      const first = await (watchedFirst ? watched : bare).turn(until)
      const second = await (watchedFirst ? bare : watched).turn(until)
      const [bareUs, watchedUs] = watchedFirst ? [second, first] : [first, second]
      watchedFirst = !watchedFirst
      seen.ratios.push(watchedUs / bareUs)
      seen.bareUs += bareUs
      unsent.spans += spans
      unsent.us += watchedUs
      // Before the processor sends by itself, in a turn of whichever loop.
      if (unsent.spans + spans < EXPORT.spans && unsent.us < EXPORT.us) continue
      await send()
      unsent.spans = unsent.us = 0
    }
    await bare.end()
    await watched.end()
  }
  await send()
  return seen
}

/** The loop of a service over records in memory; seen by all that sees a service where there is tracing. */
class Loop {
  readonly ready: Promise<void>
  readonly #source: TurnSource
  readonly #running: Promise<unknown>

  constructor(prepared: Prepared, batchRecords: number, tracing: BatchTracing | null) {
    this.#source = new TurnSource(prepared.records)
    this.ready = this.#source.waiting
    this.#running = build(prepared, batchRecords, this.#source, tracing).run()
  }

  /** CPU time of this thread until all records before `until` are judged and their garbage is gone, us. */
  turn(until: number): Promise<number> {
    return timed(async () => {
      await this.#source.give(until)
      collectYoungGarbage()
    })
  }

  async end(): Promise<void> {
    this.#source.end()
    await this.#running
  }
}

function build(
  prepared: Prepared,
  batchRecords: number,
  source: TurnSource,
  tracing: BatchTracing | null,
): Pipeline {
  const state = prepared.detector.snapshot()
  const detector = Detector.restore(state, prepared.detector.settings)
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
  const clusters = new ClusterService(
    metrics,
    { alpha, refreshMs: 600_000, falseClustersPerWeek: 1 },
    detector,
    links,
  )
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

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** CPU time of this thread, us. */
async function timed(work: () => Promise<void>): Promise<number> {
  const from = threadCpuUs()
  await work()
  return threadCpuUs() - from
}

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void

function collectGarbage(): void {
  gc()
}

function collectYoungGarbage(): void {
  gc({ type: 'minor' })
}
