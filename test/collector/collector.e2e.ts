import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../scripts/stack/config-files.ts'
import { USUAL_PORTS } from '../../scripts/stack/ports.ts'
import { Program } from '../../scripts/stack/program.ts'
import { Stack } from '../../scripts/stack/stack.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { kafkaBrokers } from '../kafka-broker.ts'
import { readyCollector } from '../stack/ready-collector.ts'
import { until } from '../stack/until.ts'
import { LogReceiver } from './log-receiver.ts'
import { sendGrpc, sendHttp } from './otlp-senders.ts'

const LEARN_MS = 180_000
const FAULT_MS = 120_000

const brokers = await kafkaBrokers()
const collector = await readyCollector()

describe.skipIf(brokers === null || collector === null)(
  'a real Collector in front and behind',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'medoscope-collector-'))
    const traces = new Map<string, { endMs: number; affected: boolean }>()
    let logRecords = 0
    let receiver: LogReceiver
    let stack: Stack
    let behind: Program

    beforeAll(async () => {
      receiver = await LogReceiver.start()
      const names = Object.keys(USUAL_PORTS)
      const free = await freePorts(names.length + 2)
      const ports = Object.fromEntries(names.map((name, i) => [name, free[i]])) as never
      const nothing = { prometheus: null, alertmanager: null, grafana: null, loki: null }
      stack = new Stack({
        programs: { ...nothing, collector },
        ports,
        dir,
        brokers: brokers?.join(',') ?? '',
        load: 0,
        history: null,
        scrapeSeconds: null,
        webhook: null,
        // 210 s of data pass in 5: the Collector's batches of 200 ms, sent side by side, lie up to half a
        // minute of data time apart. In real time they lie 200 ms apart.
        // At an alpha of 0.001 five minutes of learning are too short a memory to tell an error by.
        set: ['traces.quiet=30s', 'traces.max_wait=90s', 'logs.traces.wait=60s', 'alpha=0.01'],
        say: () => undefined,
      })
      await stack.start()
      // The second Collector: config/collector-anomalies.yaml alone, with us in Loki's place.
      behind = await Program.start({
        name: 'collector-behind',
        command: collector ?? '',
        args: [
          `--config=${join(ROOT, 'config/collector-anomalies.yaml')}`,
          // Two Collectors on one machine want two ports for their own metrics.
          `--config=yaml:service::telemetry::metrics::level: none`,
        ],
        env: { KAFKA_BROKERS: stack.brokers, LOKI_ENDPOINT: `${receiver.url}/otlp` },
        dir,
        readyUrl: null,
      })
    })

    afterAll(async () => {
      for (const program of [stack?.program('medoscope'), stack?.program('collector'), behind]) {
        if (program?.failed) console.warn(`${program.name} ended:\n${program.log()}`)
      }
      await behind?.stop()
      await stack?.stop()
      await receiver?.stop()
      rmSync(dir, { recursive: true, force: true })
    })

    /** Sum of a metric over its labels, or over those that hold `label`. */
    async function metric(name: string, label = ''): Promise<number> {
      const text = await (await fetch(`${stack.url('medoscope')}/metrics`)).text()
      const lines = text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .filter((line) => line.includes(label))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    }

    /** Waits until a metric has come as far as this; resolves to its value. */
    async function reached(name: string, wanted: number, label = ''): Promise<number> {
      let value = 0
      await until(
        `${name} of ${wanted}`,
        async () => {
          value = await metric(name, label)
          return value >= wanted
        },
        () => value,
      )
      return value
    }

    it('turns every span sent over gRPC and HTTP into part of a verdict', async () => {
      const bodies: Uint8Array[] = []
      // What the shop logs meanwhile, beside the traces that were sent by then.
      const logs: { readonly after: number; readonly body: Uint8Array }[] = []
      let spans = 0
      const startMs = Date.now() - LEARN_MS - FAULT_MS - 60_000
      const fault = {
        kind: 'errors',
        service: 'payment',
        strength: 'strong',
        fromMs: LEARN_MS,
        toMs: LEARN_MS + FAULT_MS,
      } as const
      for (const record of simulate({
        seed: 11,
        startMs,
        durationMs: LEARN_MS + FAULT_MS,
        tracesPerSecond: 60,
        faults: [fault],
        logs: true,
        onTrace: ({ traceId, endMs, affected }) =>
          traces.set(traceId, { endMs, affected: affected.length > 0 }),
      })) {
        spans += record.spanCount
        if (record.logs) {
          logs.push({ after: bodies.length, body: toOtlpProto(record) })
          logRecords += record.logs.reduce((sum, { records }) => sum + records.length, 0)
        } else bodies.push(toOtlpProto(record))
      }
      // Slowly enough that data time moves as it would: whole seconds one after the other.
      const grpc = `http://127.0.0.1:${stack.options.ports.otlpGrpc}`
      for (let i = 0; i < bodies.length; i += 40) {
        const part = bodies.slice(i, i + 40)
        await sendHttp(
          stack.url('otlpHttp'),
          part.filter((_, n) => n % 2 === 0),
        )
        await sendGrpc(
          grpc,
          part.filter((_, n) => n % 2 === 1),
        )
        const due = logs.filter(({ after }) => i <= after && after < i + 40)
        const sent = due.map(({ body }) => body)
        await sendHttp(stack.url('otlpHttp'), sent, 'logs')
      }
      expect(await reached('medoscope_spans_total', spans)).toBe(spans)
      // The last few seconds of traces stay open until newer data comes.
      const lastMs = Math.max(...[...traces.values()].map(({ endMs }) => endMs))
      const due = [...traces.values()].filter(({ endMs }) => endMs < lastMs - 40_000).length
      await reached('medoscope_observations_total', due)
      expect(await metric('medoscope_undecodable_records_total')).toBe(0)
      expect(await metric('medoscope_keyed_records_total')).toBe(
        await metric('medoscope_records_total'),
      )
      await reached('medoscope_observations_flagged_total', 11)
    })

    it('puts the log records of the same Collector into their traces', async () => {
      expect(logRecords).toBeGreaterThan(1000)
      const fates = 'medoscope_traced_log_records_total'
      // The traces of the last minute are still open. At fifty times the speed some of the records are behind
      // their traces by more than anybody waits, which is counted.
      await reached(fates, 0.5 * logRecords, 'fate="joined"')
      for (const fate of ['overlong', 'crowded_out', 'lost']) {
        expect(await metric(fates, `fate="${fate}"`)).toBe(0)
      }
    })

    it('keeps event name, trace id and attributes on the way to Loki', async () => {
      const opened = () =>
        receiver.logs.some(
          ({ attributes }) => attributes['medoscope.anomaly_cluster.change'] === 'opened',
        )
      await until('an anomaly cluster that opened', async () => opened(), opened)
      // Everything that was published, and nothing more, once it stands still.
      let published = -1
      let before = -1
      await until(
        'all that was published, in place of Loki',
        async () => {
          before = published
          published = await metric('medoscope_published_total')
          return published > 10 && published === before && receiver.logs.length >= published
        },
        () => ({ published, received: receiver.logs.length }),
      )
      expect(receiver.logs.length).toBe(published)
      expect([...receiver.paths]).toEqual(['/otlp/v1/logs'])
      const anomalies = receiver.logs.filter(({ eventName }) => eventName === 'medoscope.anomaly')
      expect(anomalies.length).toBeGreaterThan(10)
      for (const { traceId, attributes, resource, body } of anomalies) {
        expect(traces.has(traceId)).toBe(true)
        expect(resource).toEqual({ 'service.name': 'medoscope', 'medoscope.signal': 'traces' })
        expect(attributes['event.name']).toBe('medoscope.anomaly')
        expect(attributes['medoscope.anomaly.id']).toMatch(/./)
        expect(attributes['medoscope.p_value']).toBeLessThanOrEqual(0.01)
        expect(JSON.parse(String(attributes['medoscope.contributions'])).length).toBeGreaterThan(0)
        expect(body.length).toBeGreaterThan(10)
      }
      const hit = anomalies.filter(({ traceId }) => traces.get(traceId)?.affected)
      expect(hit.length).toBeGreaterThan(10)
    })
  },
)
