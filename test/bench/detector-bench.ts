import { join } from 'node:path'
import protobuf from 'protobufjs'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { fit } from '../../src/detector/fit.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { detectorSettings } from '../detector-settings.ts'
import { simulatedLog } from '../simulated-log.ts'

const START = Date.UTC(2026, 10, 25, 7)
const WARMUP_SECONDS = 60

/** A warm detector and fresh records for it: protobuf bodies in memory. */
export interface Prepared {
  readonly detector: Detector
  readonly records: readonly LogRecord[]
  readonly spans: number
  readonly clusters: number
  readonly strata: number
}

/** @param recordSpans most spans of one record */
export function prepare(scale: number, seconds: number, recordSpans = 512): Prepared {
  const settings = benchSettings(scale)
  // So many traces that every stratum of a larger shop has as many to learn from.
  const tracesPerSecond = 30 * scale
  const simulation = { seed: 11, startMs: START, tracesPerSecond, scale, recordSpans }
  const all = simulatedLog({ ...simulation, durationMs: (WARMUP_SECONDS + seconds) * 1000 })
  const split = all.findIndex(({ timestampMs }) => timestampMs > START + WARMUP_SECONDS * 1000)
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  detector.step(all.slice(0, split), 0, output)
  detector.fitNow(output)
  detector.learnOnly = false
  const before = detector.counts().records.spans
  const records = all.slice(split)
  const counter = Detector.restore(detector.snapshot(), settings)
  stepAll(counter, records)
  const model = detector.installed()
  return {
    detector,
    records,
    spans: counter.counts().records.spans - before,
    clusters: model?.clusters.length ?? 0,
    strata: model?.strata ?? 0,
  }
}

/** No refresh inside the measured stretch: fitting is the worker's, not the loop's. */
export function benchSettings(scale: number): DetectorSettings {
  const base = detectorSettings()
  return {
    ...base,
    // Full by the end of the warm-up, as they are after the first hours of a real stream.
    sample: { ...base.sample, size: 6000 * scale, stratumCap: 100, calibrationSize: 500 * scale },
    model: { ...base.model, refreshMs: 1e12, windowMs: 1e12, maxClustersPerStratum: 7 },
    features: { ...base.features, maxTexts: 262_144, maxPaths: 1_048_576, maxPlaces: 131_072 },
  }
}

/** One pass over the records by a detector in the prepared state; ms it took. */
export function timePass(prepared: Prepared): number {
  const state = prepared.detector.snapshot()
  const detector = Detector.restore(state, prepared.detector.settings)
  const from = performance.now()
  stepAll(detector, prepared.records)
  return performance.now() - from
}

export function stepAll(detector: Detector, records: readonly LogRecord[]): StepOutput {
  const output = emptyOutput()
  for (let at = 0; at < records.length; ) {
    // As the pipeline does: a batch, then its output is published and forgotten.
    at += detector.step(records.slice(at, at + 100), 0, output)
    const request = detector.takeFitRequest()
    if (request) detector.install(fit(request))
    output.verdicts.length = 0
    output.anomalies.length = 0
  }
  return output
}

/** ms that protobufjs takes to decode the same bodies, nothing else. */
export function protobufjsPass(records: readonly LogRecord[]): () => number {
  const root = protobuf.loadSync(
    join(import.meta.dirname, '../fixtures/opentelemetry-proto/otlp.proto'),
  )
  const type = root.lookupType('otlp.ExportTraceServiceRequest')
  return () => {
    const from = performance.now()
    let found = 0
    for (const { body } of records) {
      found += (type.decode(body) as unknown as { resourceSpans: unknown[] }).resourceSpans.length
    }
    if (found === 0) throw new Error('nothing was decoded')
    return performance.now() - from
  }
}
