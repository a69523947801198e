import { describe, expect, it } from 'vitest'
import { findForest, forestVersion, readForestVerdicts, spansOf } from './collector-forest.ts'

const line = (traceId: string, attributes: object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, attributes }] }] }] })
const score = { key: 'anomaly.isolation_score', value: { doubleValue: 0.62 } }
const flag = { key: 'anomaly.is_anomaly', value: { boolValue: true } }

describe("the Collector's isolation forest", () => {
  it('is given each trace as one span of the numbers that it can read', () => {
    const [trace] = (
      spansOf([{ id: 'aa', numbers: [1.5, 2.25, 3, 4] }], 0) as {
        resourceSpans: { resource: object; scopeSpans: { spans: Record<string, unknown>[] }[] }[]
      }
    ).resourceSpans
    const span = trace?.scopeSpans[0]?.spans[0]
    const started = BigInt(String(span?.['startTimeUnixNano']))
    expect(BigInt(String(span?.['endTimeUnixNano'])) - started).toBe(1_500_000n)
    expect(span).toMatchObject({
      traceId: 'aa',
      attributes: [{ key: 'http.status_code', value: { doubleValue: 2.25 } }],
      status: { code: 2 },
    })
    expect(trace?.resource).toEqual({
      attributes: [{ key: 'service.name', value: { stringValue: '4 services' } }],
    })
  })

  it('has its scores and flags read by trace', () => {
    const lines = `${line('aa', [score, flag])}\n${line('bb', [score])}\n`
    expect(readForestVerdicts(lines)).toEqual(
      new Map([
        ['aa', { score: 0.62, anomalous: true }],
        ['bb', { score: 0.62, anomalous: false }],
      ]),
    )
  })

  it('is not believed where it gave no score', () => {
    expect(() => readForestVerdicts(line('aa', [flag]))).toThrow('trace aa no score')
  })

  it('is told by the components of a Collector', () => {
    const module = 'example.org/processor/isolationforestprocessor v0.144.0'
    expect(
      forestVersion(`processors:\n    - name: isolationforest\n      module: ${module}\n`),
    ).toBe('v0.144.0')
    expect(forestVersion('processors:\n    - name: batch\n')).toBeNull()
  })

  it('is missing where no Collector is named or the one named does not run', async () => {
    expect(await findForest('')).toEqual({ missing: 'OTELCOL does not name a Collector' })
    expect(await findForest('/nowhere/otelcol')).toEqual({
      missing: 'OTELCOL, /nowhere/otelcol, does not run as a Collector',
    })
  })
})
