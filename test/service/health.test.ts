import { describe, expect, it } from 'vitest'
import type { DetectorStatus } from '../../src/detector/detector-status.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { ServiceStatus } from '../../src/service/health.ts'
import { Pipeline } from '../../src/service/pipeline.ts'
import { Publisher } from '../../src/service/publisher.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeDetector } from '../fakes/detector.ts'
import { FakeSink } from '../fakes/sink.ts'
import { FakeSource, fakeRecords } from '../fakes/source.ts'

const detectorStatus = { state: 'learning', clockMs: 5, strata: [] } as unknown as DetectorStatus

function build(): {
  status: ServiceStatus
  pipeline: Pipeline
  publisher: Publisher
  clock: FakeClock
  sink: FakeSink
} {
  const clock = new FakeClock()
  const sink = new FakeSink()
  const retry = { attempts: 2, backoffMs: 10, backoffMaxMs: 10 }
  const publisher = new Publisher([sink], retry, clock, silentLog)
  const source = new FakeSource(fakeRecords(6, () => true))
  const detector = Object.assign(new FakeDetector(), { status: () => detectorStatus })
  const pipeline = new Pipeline(
    {
      detector,
      source,
      publisher,
      clock,
      log: silentLog,
      checkpoints: null,
      fitter: { fit: () => Promise.reject(new Error('none')) },
    },
    { batchRecords: 2, batchWaitMs: 1, commitIntervalMs: 0, checkpointIntervalMs: 0 },
  )
  const status = new ServiceStatus({ version: '1', clock, detector, pipeline, publisher, source })
  return { status, pipeline, publisher, clock, sink }
}

describe('health', () => {
  it('is good before the loop runs, while it turns, and once it has ended in order', async () => {
    const { status, pipeline } = build()
    expect(status.health()).toMatchObject({ ok: true, loop: 'starting' })
    const running = pipeline.run()
    status.watch(running)
    expect(status.health()).toMatchObject({ ok: true, loop: 'running' })
    await running
    expect(status.health()).toMatchObject({ ok: true, loop: 'ended' })
  })

  it('is bad when the loop has been at one thing for too long', () => {
    const { status, pipeline, clock } = build()
    status.watch(new Promise(() => undefined))
    for (const [activity, seconds, ok] of [
      ['polling', 59, true],
      ['polling', 61, false],
      ['fitting', 61, true],
      ['fitting', 901, false],
      ['persisting', 61, false],
      ['publishing', 100_000, true], // the sink is to blame, and readiness tells
    ] as const) {
      pipeline.activity = activity
      pipeline.activitySinceMs = clock.ms - seconds * 1000
      expect(status.health(), `${activity} ${seconds}`).toMatchObject({ ok, activity })
    }
  })

  it('is bad when the loop is broken, and says why', async () => {
    const { status } = build()
    const broken = Promise.reject(new Error('an invariant'))
    status.watch(broken)
    await broken.catch(() => undefined)
    expect(status.health()).toMatchObject({ ok: false, loop: 'failed', failure: 'an invariant' })
  })
})

describe('readiness', () => {
  it('waits for the loop and for every sink; learning is ready', async () => {
    const { status, pipeline, sink } = build()
    expect(status.readiness()).toMatchObject({ ok: false, loop: 'starting' })
    let seen: unknown = null
    sink.failures = 3
    sink.before = () => {
      if (sink.failures === 1) seen = status.readiness()
    }
    const running = pipeline.run()
    status.watch(running)
    expect(status.readiness()).toMatchObject({ ok: true, state: 'learning' })
    await running
    expect(seen).toMatchObject({
      ok: false,
      sinks: [{ name: 'fake', up: false, last_error: 'the sink is away' }],
    })
  })
})

describe('status', () => {
  it('tells positions, low watermarks and counts, with keys as the API writes them', async () => {
    const { status, pipeline } = build()
    await pipeline.run()
    expect(status.status()).toMatchObject({
      version: '1',
      uptime_seconds: expect.any(Number),
      detector: { state: 'learning', clock_ms: 5 },
      partitions: [{ partition: 'fake/0', position: 6n, low_watermark: 6n, lag_records: 0 }],
      counts: { records: 6, fit_waits: 0 },
    })
  })
})
