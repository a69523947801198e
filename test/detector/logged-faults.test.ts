import { beforeAll, describe, expect, it } from 'vitest'
import type { TraceEvidence } from '../../src/contract/anomaly.ts'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { KIND_LOG } from '../../src/otlp/span-columns.ts'
import type { Fault } from '../../src/simulate/faults.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

const START_MS = 1_795_914_000_000
const LEARN_MS = 160_000
const FAULT_MS = 60_000
const settings = detectorSettings({ alpha: 0.01 })
const SHOP = { seed: 4, startMs: START_MS, tracesPerSecond: 20, logs: true }

/** A detector that has learned a healthy shop from its traces and logs. */
function learned(): Detector {
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  play(detector, output, { durationMs: LEARN_MS })
  detector.learnOnly = false
  detector.fitNow(output)
  return detector
}

function play(
  detector: Detector,
  output: StepOutput,
  options: { durationMs: number; faults?: readonly Fault[]; resumeMs?: number },
): void {
  const positions = detector.positions()
  const offsets = new Map(positions)
  for (const record of simulate({ ...SHOP, ...options })) {
    const partition = record.logs ? 'otlp_logs/0' : 'otlp_spans/0'
    const offset = offsets.get(partition) ?? 0n
    offsets.set(partition, offset + 1n)
    const taken = { partition, offset, encoding: 'otlp_proto', body: toOtlpProto(record) } as const
    runThrough(detector, [{ ...taken, timestampMs: record.timeMs, keyed: true }], output)
  }
}

describe('a shop that logs in its traces', () => {
  let state: unknown
  beforeAll(() => {
    state = learned().snapshot()
  })

  function broken(fault: Pick<Fault, 'kind' | 'service'>) {
    const detector = Detector.restore(structuredClone(state), settings)
    const output = emptyOutput()
    const toMs = LEARN_MS + FAULT_MS
    const faults = [{ ...fault, strength: 'strong', fromMs: LEARN_MS, toMs } as const]
    play(detector, output, { durationMs: toMs, faults, resumeMs: LEARN_MS })
    detector.flush(output)
    const clusters = new Map<string, AnomalyCluster>()
    for (const { cluster } of output.clusterChanges) {
      for (const id of cluster.mergedFrom) clusters.delete(id)
      clusters.set(cluster.id, cluster)
    }
    return { anomalies: output.anomalies, clusters: [...clusters.values()] }
  }

  it.each([
    [
      'extra_warning',
      'inventory',
      'inventory: new log line “stock of item <*> is below zero by <*>”',
    ],
    ['missing_line', 'orders', 'orders: log line “order <*> committed after <*> ms” is missing'],
    ['logged_retries', 'payment', 'payment logs “handshake with processor, attempt <*>” 5 times'],
  ] as const)('is told of %s by one cluster, in the place that logs it', (kind, service, said) => {
    const { clusters } = broken({ kind, service })
    expect(clusters.map(({ suspect }) => suspect)).toEqual([service])
    expect(clusters[0]?.sentence).toContain(said)
  })

  it('tells of what shows in traces and logs once, with the lines of both in the pair', () => {
    const { clusters, anomalies } = broken({ kind: 'errors', service: 'payment' })
    expect(clusters.map(({ services }) => services[0])).toEqual(['payment'])
    expect(clusters[0]?.sentence).toContain('payment POST /charge fails')
    const linesOf = (trace: TraceEvidence | null) =>
      (trace?.spans ?? []).filter(({ kind }) => kind === KIND_LOG).map(({ operation }) => operation)
    const pair = anomalies.find(({ verdict }) => verdict.stratum === 'gateway POST /checkout')
    expect(linesOf(pair!.trace)).toContain('“card declined by processor, code <*>”')
    expect(linesOf(pair!.nearestNormal)).toContain('“card authorised for <*> cents”')
    // That the line tells of an error is not the error: the call is to blame.
    expect(clusters[0]?.term).toBe('errors')
  })
})
