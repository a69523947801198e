import { beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { fit } from '../../src/detector/fit.ts'
import { detectorSettings } from '../detector-settings.ts'
import { simulatedLog } from '../simulated-log.ts'
import { learnThenJudge } from './learn-then-judge.ts'

const START = Date.UTC(2026, 10, 25, 7)
const text = new TextEncoder()

describe('a detector that has learned', () => {
  let output: StepOutput

  beforeAll(() => {
    const faults = [
      { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 330_000, toMs: 360_000 },
    ] as const
    const log = simulatedLog({
      seed: 2,
      startMs: START,
      durationMs: 360_000,
      tracesPerSecond: 20,
      faults,
    })
    output = learnThenJudge(log, START + 300_000, 0.01)
  })

  it('gives a score that is the sum of its contributions, to 1e-9, for every verdict', () => {
    expect(output.verdicts.length).toBeGreaterThan(800)
    for (const { score, contributions } of output.verdicts) {
      const sum = contributions.reduce((total, { contribution }) => total + contribution, 0)
      if (score !== null) expect(Math.abs(sum - score)).toBeLessThan(1e-9)
    }
  })

  it('puts the nearest real normal trace of the same stratum beside every anomaly', () => {
    expect(output.anomalies.length).toBeGreaterThan(5)
    for (const { verdict, trace, nearestNormal, summary } of output.anomalies) {
      expect(verdict.anomalous).toBe(true)
      expect(trace.traceId).toBe(verdict.id)
      expect(nearestNormal?.traceId).not.toBe(verdict.id)
      expect(nearestNormal?.spans[0]?.operation).toBe(trace.spans[0]?.operation)
      expect(summary).toContain(verdict.stratum)
    }
  })

  it('keeps of a trace only names, times, status and the configured attributes', () => {
    const { categories } = detectorSettings().features
    const spans = output.anomalies.flatMap(({ trace }) => trace.spans)
    const attributes = new Set(spans.flatMap((span) => Object.keys(span.attributes)))
    expect(attributes.size).toBeGreaterThan(0)
    for (const key of attributes) expect(categories).toContain(key)
  })
})

describe('a detector', () => {
  const log = simulatedLog({ seed: 6, startMs: START, durationMs: 60_000, tracesPerSecond: 20 })
  const model = { ...detectorSettings().model, windowMs: 5_000, minObservations: 10 }
  const settings = detectorSettings({ model })

  it('says learning, without a p-value, until a stratum has a model', () => {
    const output = emptyOutput()
    const detector = new Detector(settings)
    expect(detector.step(log.slice(0, 20), 0, output)).toBe(20)
    expect(detector.status()).toMatchObject({ state: 'learning', model: null })
    expect(
      output.verdicts.every(
        ({ p, score, reason }) => p === null && score === null && reason === 'learning',
      ),
    ).toBe(true)
  })

  it('stops at the next boundary until the model asked for is there, and goes on from it', () => {
    const output = emptyOutput()
    const detector = new Detector(settings)
    let asked = -1
    let from = 0
    while (from < log.length && !detector.blocked) {
      from = detector.step(log, from, output)
      asked = detector.clockMs
    }
    expect(detector.blocked).toBe(true)
    const request = detector.takeFitRequest()!
    expect(Math.floor(asked / 5000)).toBeGreaterThan(Math.floor(request.timeMs / 5000))
    // Refuses until it has the model, and any other model.
    expect(detector.step(log, from, output)).toBe(from)
    expect(() => detector.install({ ...fit(request), version: 99 })).toThrow('model 99')
    detector.install(fit(request))
    expect(detector.blocked).toBe(false)
    expect(output.installed).toHaveLength(0)
    expect(detector.step(log.slice(0, from + 1), from, output)).toBe(from + 1)
    expect(output.installed[0]?.version).toBe(1)
    expect(detector.status().state).toBe('live')
  })

  it('sets an undecodable record aside with where and why, and goes on', () => {
    const output = emptyOutput()
    const detector = new Detector(settings)
    const bad: LogRecord = {
      ...log[1]!,
      encoding: 'otlp_json',
      body: text.encode('{"resourceSpans":[{'),
    }
    detector.step([log[0]!, bad, log[2]!], 0, output)
    expect(output.deadLetters).toMatchObject([
      { partition: 'otlp_spans/0', offset: 1n, body: bad.body },
    ])
    expect(output.deadLetters[0]?.reason).not.toBe('')
    expect(detector.counts().records).toMatchObject({ taken: 3, undecodable: 1 })
  })

  it('never watches itself', () => {
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'step',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    }
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'medoscope' } }] }
    const body = text.encode(
      JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
    )
    const detector = new Detector(settings)
    detector.step([{ ...log[0]!, encoding: 'otlp_json', body }], 0, emptyOutput())
    expect(detector.counts()).toMatchObject({ ownSpans: 1, openTraces: 0 })
  })

  it('forgets a dropped partition unjudged, keeps its counts, and gives its low watermark before', () => {
    const detector = new Detector(settings)
    const output = emptyOutput()
    detector.step(log.slice(0, 6), 0, output)
    expect(detector.positions().get('otlp_spans/0')).toBe(6n)
    expect(detector.lowWatermarks().get('otlp_spans/0')).toBe(0n)
    const { assembled } = detector.counts()
    detector.drop('otlp_spans/0')
    detector.flush(output)
    expect(output.verdicts).toHaveLength(0)
    expect(detector.counts().assembled.spans).toBe(assembled.spans)
    expect(detector.positions().size).toBe(0)
  })

  it('refuses a state of another format', () => {
    expect(() => Detector.restore({ format: 0 }, settings)).toThrow('format 0')
  })
})
