import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PipelineSettings } from '../../src/config/pipeline-settings.ts'
import type { Publication, SinkState } from '../../src/contract/sink.ts'
import type { FitResult } from '../../src/detector/fit.ts'
import type { Checkpoints } from '../../src/io/checkpoint.ts'
import { DeliveryFailure } from '../../src/io/delivery-failure.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { Pipeline } from '../../src/service/pipeline.ts'
import type { PipelineParts } from '../../src/service/ports.ts'
import { PublishAborted, Publisher } from '../../src/service/publisher.ts'
import { MAX_QUEUED } from '../../src/service/sink-queue.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeDetector, OPEN_CLUSTER } from '../fakes/detector.ts'
import { FakeSink } from '../fakes/sink.ts'
import { FakeSource, fakeRecords } from '../fakes/source.ts'

const SETTINGS: PipelineSettings = {
  batchRecords: 100,
  batchWaitMs: 5,
  commitIntervalMs: 0,
  checkpointIntervalMs: 0,
}
const RETRY = { attempts: 3, backoffMs: 100, backoffMaxMs: 1000 }

class MemoryCheckpoints implements Checkpoints {
  saved: { snapshot: unknown; positions: ReadonlyMap<string, bigint> } | null = null
  count = 0
  before: () => void = () => undefined

  async save(snapshot: unknown, positions: ReadonlyMap<string, bigint>): Promise<void> {
    this.before()
    this.count++
    this.saved = { snapshot, positions: new Map(positions) }
  }
}

function build(
  source: FakeSource,
  options: Partial<PipelineParts> & {
    sinks?: FakeSink[]
    settings?: Partial<PipelineSettings>
  } = {},
): { pipeline: Pipeline; sink: FakeSink; publisher: Publisher; clock: FakeClock } {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const sinks = options.sinks ?? [new FakeSink()]
  const publisher = new Publisher(sinks, RETRY, clock, silentLog)
  const parts: PipelineParts = {
    detector: new FakeDetector(),
    source,
    publisher,
    fitter: { fit: async () => ({ version: 1 }) as FitResult },
    checkpoints: null,
    log: silentLog,
    ...options,
    clock,
  }
  const pipeline = new Pipeline(parts, { ...SETTINGS, ...options.settings })
  return { pipeline, sink: sinks[0] ?? new FakeSink(), publisher, clock }
}

const strangeEvery3 = (n: number): boolean => n % 3 === 0
const idsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => n)
    .filter(strangeEvery3)
    .map((n) => `fake/0#${n}`)

describe('the loop', () => {
  it('judges everything once and in order, however the input was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (sizes) => {
          const source = new FakeSource(fakeRecords(40, strangeEvery3))
          source.sizes = sizes
          const { pipeline, sink } = build(source, { detector: new FakeDetector(5) })
          expect(await pipeline.run()).toBe('ended')
          expect(sink.ids).toEqual(idsOf(40))
          expect(pipeline.counts).toMatchObject({ records: 40, bytes: 80 })
        },
      ),
    )
  })

  it('publishes before it commits, and commits only what is judged', async () => {
    const source = new FakeSource(fakeRecords(12, strangeEvery3))
    source.sizes = [4]
    const { pipeline, sink } = build(source)
    sink.before = () => {
      // What is about to be published must not have been committed yet.
      expect(source.committed.get('fake/0') ?? 0n).toBeLessThanOrEqual(
        BigInt(sink.published.length * 3),
      )
    }
    await pipeline.run()
    expect(source.commits.map((commit) => commit.get('fake/0'))).toEqual([2n, 6n, 10n, 12n])
  })

  it('does not repeat a commit that says nothing new, and waits for its interval', async () => {
    const source = new FakeSource(fakeRecords(9, () => false))
    source.sizes = [1]
    const clock = new FakeClock()
    const { pipeline } = build(source, { clock, settings: { commitIntervalMs: 1e9 } })
    await pipeline.run()
    expect(source.commits).toEqual([new Map([['fake/0', 9n]])])
  })

  it('drops a revoked partition: neither judged nor committed', async () => {
    const source = new FakeSource([
      ...fakeRecords(2, () => true, 'gone/0'),
      ...fakeRecords(4, () => true, 'kept/0'),
    ])
    source.sizes = [2]
    const { pipeline, sink } = build(source, { settings: { commitIntervalMs: 1e9 } })
    const poll = source.poll.bind(source)
    source.poll = async (max) => {
      if (source.polls === 1) source.revoke = ['gone/0']
      return poll(max)
    }
    await pipeline.run()
    expect(sink.ids).toEqual([0, 1, 2, 3].map((n) => `kept/0#${n}`))
    expect([...source.committed.keys()]).toEqual(['kept/0'])
    expect(pipeline.counts.revoked).toBe(1)
  })

  it('goes on when a commit fails and commits later', async () => {
    const source = new FakeSource(fakeRecords(6, () => false))
    source.sizes = [3]
    const commit = source.commit.bind(source)
    let failures = 1
    source.commit = async (offsets) => {
      if (failures-- > 0) throw new Error('no coordinator')
      await commit(offsets)
    }
    const { pipeline } = build(source)
    await pipeline.run()
    expect(pipeline.counts.commitFailures).toBe(1)
    expect(source.committed.get('fake/0')).toBe(6n)
  })

  it('reports each batch with its size and its output', async () => {
    const source = new FakeSource(fakeRecords(6, strangeEvery3))
    source.sizes = [3]
    const clock = new FakeClock()
    clock.tick = 1
    const reports: [number, number, number][] = []
    const { pipeline } = build(source, {
      clock,
      onBatch: ({ records, stepMs, output }) => {
        reports.push([records, stepMs, output.anomalies.length])
      },
    })
    await pipeline.run()
    expect(reports).toEqual([
      [3, 2, 1], // the fake clock ticks with every look at it
      [3, 2, 1],
    ])
  })

  it('fails loudly when the detector stops for no reason', async () => {
    const detector = new FakeDetector()
    detector.step = () => 0
    const { pipeline } = build(new FakeSource(fakeRecords(1, () => false)), { detector })
    await expect(pipeline.run()).rejects.toThrow('for no reason')
  })
})

describe('models', () => {
  it('are waited for when they are due, and not before', async () => {
    const source = new FakeSource(fakeRecords(20, () => false))
    source.sizes = [5, 5, 10]
    let finish: (() => void) | null = null
    const detector = new FakeDetector(5, 3)
    const { pipeline } = build(source, {
      detector,
      fitter: {
        fit: () =>
          new Promise((resolve) => {
            finish = () => resolve({ version: 1 } as FitResult)
            setTimeout(finish, 20)
          }),
      },
    })
    await pipeline.run()
    expect(finish).not.toBeNull()
    expect(pipeline.counts.fits).toBe(pipeline.counts.fitWaits + 1)
    expect(detector.models).toBeGreaterThanOrEqual(2)
  })

  it('that come early are installed between batches without a wait', async () => {
    const source = new FakeSource(fakeRecords(20, () => false))
    source.sizes = [1]
    const { pipeline } = build(source, { detector: new FakeDetector(6, 4) })
    await pipeline.run()
    expect(pipeline.counts).toMatchObject({ fits: 3, fitWaits: 0 })
  })

  it('that cannot be fitted stop the loop instead of being skipped', async () => {
    const source = new FakeSource(fakeRecords(20, () => false))
    const { pipeline } = build(source, {
      detector: new FakeDetector(5, 3),
      fitter: { fit: () => Promise.reject(new Error('no room')) },
    })
    await expect(pipeline.run()).rejects.toThrow('no room')
    expect(source.commits).toEqual([])
  })

  it('of a warm-up are made at its end, without verdicts', async () => {
    const source = new FakeSource(fakeRecords(9, strangeEvery3))
    const detector = new FakeDetector()
    detector.learnOnly = true
    const { pipeline, sink } = build(source, { detector, atEnd: 'learn' })
    await pipeline.run()
    expect(sink.ids).toEqual([])
    expect(detector).toMatchObject({ models: 1, learnOnly: false })
  })

  it('of history are made once a record of now, or the end of the log, is reached', async () => {
    for (const [learnUntilMs, expected] of [
      [1005, ['fake/0#6', 'fake/0#9']],
      [9e12, []],
    ] as const) {
      const source = new FakeSource(fakeRecords(12, strangeEvery3))
      source.sizes = [3]
      const detector = new FakeDetector()
      detector.learnOnly = true
      const { pipeline, sink } = build(source, { detector, learnUntilMs })
      await pipeline.run()
      expect(sink.ids).toEqual(expected)
    }
  })
})

describe('a sink that fails', () => {
  it('is tried again with jittered, doubling waits and misses nothing', async () => {
    const source = new FakeSource(fakeRecords(9, strangeEvery3))
    const { pipeline, sink, publisher, clock } = build(source)
    sink.failures = 6
    await pipeline.run()
    expect(sink.ids).toEqual(idsOf(9))
    // 100, 200, 400, 800, 1000, 1000 ms, three quarters of each by the jitter of the fake.
    // And once a checkpoint's wait for a sink that is only slow.
    expect(clock.sleeps).toEqual([500, 75, 150, 300, 600, 750, 750])
    expect(publisher.states[0]).toMatchObject({
      attempts: 7,
      failures: 6,
      retries: 6,
      paused: false,
    })
  })

  it('holds the commits until it is back, and neither the input nor another sink', async () => {
    const source = new FakeSource(fakeRecords(30, strangeEvery3))
    source.sizes = [3]
    const sinks = [new FakeSink('away'), new FakeSink('there')]
    const [away, there] = sinks as [FakeSink, FakeSink]
    const { pipeline, publisher } = build(source, { sinks })
    away.failures = 8
    const commits: number[] = []
    away.before = () => void commits.push(source.commits.length)
    let others = 0
    source.atEnd = () => {
      others = there.ids.length
      expect(publisher.states[0]).toMatchObject({ published: { anomaly: 0 } })
    }
    await pipeline.run()
    expect(commits.slice(0, 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(others).toBeGreaterThan(5)
    expect(sinks.map((each) => each.ids)).toEqual([idsOf(30), idsOf(30)])
    expect(source.committed.get('fake/0')).toBe(30n)
  })

  it('and is not required, holds nothing and loses its oldest, counted', async () => {
    const source = new FakeSource(fakeRecords(MAX_QUEUED + 100, () => true))
    const clock = new FakeClock()
    const [away, there] = [new FakeSink('away'), new FakeSink('there')]
    const publisher = new Publisher([away, there], RETRY, clock, silentLog, new Set(['there']))
    away.failures = Number.POSITIVE_INFINITY
    const { pipeline } = build(source, { clock, publisher })
    await pipeline.run()
    expect(source.committed.get('fake/0')).toBe(BigInt(MAX_QUEUED + 100))
    const { queued, dropped } = publisher.states[0] as SinkState
    expect([queued, dropped]).toEqual([MAX_QUEUED, there.ids.length - MAX_QUEUED])
    publisher.stop()
    expect(publisher.states[0]).toMatchObject({ queued: 0, dropped: there.ids.length })
  })

  it('for good is passed over: kept as a dead letter by the others, its neighbours delivered', async () => {
    const source = new FakeSource(fakeRecords(12, strangeEvery3))
    const [picky, other] = [new FakeSink('picky', ['anomaly']), new FakeSink('other')]
    const { pipeline, publisher } = build(source, { sinks: [picky, other] })
    picky.refuses = (id) => id === 'fake/0#3'
    await pipeline.run()
    expect(picky.ids).toEqual(idsOf(12).filter((id) => id !== 'fake/0#3'))
    expect(other.ids).toEqual(expect.arrayContaining([...idsOf(12), 'dead_letter']))
    const letter = other.published.find(({ type }) => type === 'dead_letter')
    expect(letter).toMatchObject({
      deadLetter: { partition: 'sink/picky', reason: 'refused by picky: 400 never' },
    })
    expect(publisher.states[0]).toMatchObject({ refused: 1, paused: false, queued: 0 })
    expect(source.committed.get('fake/0')).toBe(12n)
  })

  it('is left alone for as long as it asks', async () => {
    const source = new FakeSource(fakeRecords(3, strangeEvery3))
    const { pipeline, sink, clock } = build(source)
    sink.failures = 1
    sink.failure = new DeliveryFailure('503', { retryAfterMs: 17_000 })
    await pipeline.run()
    expect(clock.sleeps).toContain(17_000)
    expect(sink.ids).toEqual(idsOf(3))
  })

  it('does not make another sink see anything twice', async () => {
    const sinks = [new FakeSink('a'), new FakeSink('b', ['dead_letter']), new FakeSink('c')]
    const source = new FakeSource(fakeRecords(9, strangeEvery3))
    const { pipeline } = build(source, { sinks })
    if (sinks[0]) sinks[0].failures = 4
    await pipeline.run()
    expect(sinks.map((each) => each.ids)).toEqual([idsOf(9), [], idsOf(9)])
  })
})

describe('stopping', () => {
  it('ends after the batch at hand, with everything published and committed, judging nothing early', async () => {
    const source = new FakeSource(fakeRecords(6, () => true))
    source.ends = false
    const { pipeline, sink } = build(source)
    const running = pipeline.run()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await pipeline.stop(1000)
    expect(await running).toBe('stopped')
    expect(sink.ids).toHaveLength(4)
    expect(source.committed.get('fake/0')).toBe(4n)
  })

  it('gives up on an unreachable sink after the grace, and commits nothing of it', async () => {
    const source = new FakeSource(fakeRecords(6, () => true))
    const { pipeline, sink } = build(source)
    sink.failures = Number.POSITIVE_INFINITY
    const running = pipeline.run()
    const outcome = expect(running).rejects.toThrow(PublishAborted)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await pipeline.stop(10)
    await outcome
    expect(source.commits).toEqual([])
  })

  it('drains a source whose senders will not send again', async () => {
    const source = new FakeSource(fakeRecords(6, () => true))
    source.sizes = [1]
    source.ends = false
    const { pipeline, sink } = build(
      Object.assign(source, {
        drain: async () => {
          source.ends = true
        },
      }),
    )
    const running = pipeline.run()
    await pipeline.stop(1000)
    expect(await running).toBe('stopped')
    expect(sink.ids).toHaveLength(4)
    expect(pipeline.counts.records).toBe(6)
  })
})

describe('checkpoints', () => {
  it('come at their interval, and never while a model is being fitted', async () => {
    const source = new FakeSource(fakeRecords(30, () => false))
    source.sizes = [1]
    const clock = new FakeClock()
    const checkpoints = new MemoryCheckpoints()
    const { pipeline } = build(source, {
      clock,
      checkpoints,
      settings: { checkpointIntervalMs: 10 },
      onBatch: () => {
        clock.ms += 1
      },
    })
    await pipeline.run()
    expect(checkpoints.count).toBe(4) // at 10, 20, 30, and the one at the end
  })

  it('that cannot be written hold the commits back, and are tried again', async () => {
    const source = new FakeSource(fakeRecords(6, () => false))
    source.sizes = [2]
    const checkpoints = new MemoryCheckpoints()
    let failures = 2
    const { pipeline } = build(source, { checkpoints })
    checkpoints.before = () => {
      if (failures-- > 0) throw new Error('disk full')
      if (failures === -1) expect(source.commits).toEqual([])
    }
    await pipeline.run()
    expect(pipeline.counts).toMatchObject({ checkpointFailures: 2, checkpoints: 2 })
    expect(source.committed.get('fake/0')).toBe(6n)
  })

  it('bound the commits: never beyond what the last durable one covers', async () => {
    const source = new FakeSource(fakeRecords(20, () => false))
    source.sizes = [2]
    const checkpoints = new MemoryCheckpoints()
    const commit = source.commit.bind(source)
    source.commit = async (offsets) => {
      for (const [partition, offset] of offsets) {
        expect(offset).toBeLessThanOrEqual(checkpoints.saved?.positions.get(partition) ?? -1n)
      }
      await commit(offsets)
    }
    const clock = new FakeClock()
    const { pipeline } = build(source, {
      clock,
      checkpoints,
      settings: { checkpointIntervalMs: 5 },
      onBatch: () => {
        clock.ms += 1
      },
    })
    await pipeline.run()
    expect(source.commits.length).toBeGreaterThan(2)
  })
})

describe('accepting an anomaly cluster', () => {
  /** Asks during the first of three batches; what was answered, and what was durable then. */
  async function accept(cluster: string, broken = false) {
    const source = new FakeSource(fakeRecords(6, () => false))
    source.sizes = [2]
    const checkpoints = new MemoryCheckpoints()
    let answer: Promise<unknown> | null = null
    const { pipeline, sink } = build(source, {
      checkpoints,
      settings: { checkpointIntervalMs: 1e9 },
      onBatch: () => {
        answer ??= pipeline
          .change((detector, output) => detector.accept(cluster, output))
          .then(
            (accepted) => ({
              accepted,
              count: checkpoints.count,
              saved: checkpoints.saved?.snapshot,
            }),
            (error: unknown) => String(error),
          )
      },
    })
    let failures = broken ? 1 : 0
    checkpoints.before = () => {
      if (failures-- > 0) throw new Error('disk full')
    }
    await pipeline.run()
    return { answer: await (answer as Promise<unknown> | null), pipeline, sink }
  }

  it('is published, and answered once a checkpoint holds it', async () => {
    const { answer, sink } = await accept(OPEN_CLUSTER)
    expect(answer).toMatchObject({ accepted: true, count: 1, saved: { accepted: true, taken: 4 } })
    expect(sink.published).toMatchObject([
      { type: 'anomaly_cluster', change: { change: 'accepted', cluster: { id: OPEN_CLUSTER } } },
    ])
  })

  it('is refused where no such cluster is open, without a checkpoint', async () => {
    const { answer, sink } = await accept('c-none')
    expect(answer).toEqual({ accepted: false, count: 0, saved: undefined })
    expect(sink.published).toEqual([])
  })

  it('is not claimed to be done while a crash would undo it, nor after the end', async () => {
    const { answer, pipeline } = await accept(OPEN_CLUSTER, true)
    expect(answer).toMatch(/not durable yet: disk full/)
    await expect(pipeline.change(() => true)).rejects.toThrow('the loop has ended')
  })
})

class Crash extends Error {}

describe('a crash', () => {
  /** Runs over a log, dying at the given steps of the outside world, until it gets through. */
  async function survive(
    sizes: number[],
    crashes: readonly number[],
    withCheckpoints: boolean,
  ): Promise<FakeSink> {
    const source = new FakeSource(fakeRecords(24, strangeEvery3))
    source.sizes = sizes
    const sink = new FakeSink()
    const checkpoints = new MemoryCheckpoints()
    const [commit, poll] = [source.commit.bind(source), source.poll.bind(source)]
    for (const crash of [...crashes, Number.POSITIVE_INFINITY]) {
      let countdown = crash
      let die: (error: Crash) => void = () => undefined
      const death = new Promise<never>((_, reject) => {
        die = reject
      })
      // Dying is no error that the loop could handle: whatever comes next just never happens.
      const orDie = <T>(work: () => Promise<T>): Promise<T> => {
        if (countdown-- > 0) return work()
        die(new Crash())
        return new Promise(() => undefined)
      }
      const mortalSink = Object.assign(new FakeSink(), {
        publish: async (batch: Publication[]) => {
          await orDie(() => sink.publish(batch))
          await orDie(async () => undefined) // published, but the loop never hears of it
        },
      })
      source.commit = (offsets) => orDie(() => commit(offsets))
      source.poll = (max) => orDie(() => poll(max))
      const saved = withCheckpoints ? checkpoints.saved : null
      const { pipeline } = build(source, {
        sinks: [mortalSink],
        detector: new FakeDetector(7, 2, saved?.snapshot),
        checkpoints: withCheckpoints
          ? { save: (...what) => orDie(() => checkpoints.save(...what)) }
          : null,
      })
      await source.seek(saved?.positions ?? new Map(source.committed))
      if (saved) pipeline.restored(saved.positions)
      await source.start()
      await Promise.race([pipeline.run(), death]).catch((error) => {
        if (!(error instanceof Crash)) throw error
      })
    }
    return sink
  }

  it.each([true, false])('loses nothing, wherever it happens (checkpoints: %s)', async (kept) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(40), { maxLength: 4 }),
        async (sizes, crashes) => {
          const sink = await survive(sizes, crashes, kept)
          expect(new Set(sink.ids)).toEqual(new Set(idsOf(24)))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('repeats nothing where there was none', async () => {
    expect((await survive([5], [], true)).ids).toEqual(idsOf(24))
  })
})
