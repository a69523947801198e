import type { InstalledModel } from '../../src/contract/installed-model.ts'
import type { DriftView } from '../../src/detector/drift-view.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { systemClock } from '../../src/io/clock.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { Metrics } from '../../src/io/telemetry/metrics.ts'
import { ClusterService } from '../../src/service/cluster-service.ts'
import { Pipeline } from '../../src/service/pipeline.ts'
import { Publisher } from '../../src/service/publisher.ts'
import { ServiceMetrics } from '../../src/service/telemetry.ts'
import { FakeSource } from '../fakes/source.ts'
import { exampleCluster } from '../ui/example-cluster.ts'
import type { Prepared } from './detector-bench.ts'
import { type Figure, median } from './figures.ts'
import { threadCpuUs } from './thread-cpu.ts'

const NORMAL_CLUSTERS = 500
/** More than are listed: 50 have series of their own. */
const ANOMALY_CLUSTERS = 60
/** More than are listed, and as wide names as services have. */
const STRATA = 200
const RENDERS = 20

/**
 * `scrape_ms`, `series`: what one scrape costs and brings where everything that is listed by name is
 * at its bound. The detector behind it is a real one, its model and clusters are as many as asked.
 * @param prepared a detector that knows at least 2,000 places
 */
export async function scrape(prepared: Prepared): Promise<Figure[]> {
  const metrics = filled(prepared)
  let text = await metrics.render()
  const times: number[] = []
  for (let i = 0; i < RENDERS; i++) {
    // CPU time: what else runs on the machine is not its cost.
    const from = threadCpuUs()
    text = await metrics.render()
    times.push((threadCpuUs() - from) / 1000)
  }
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  const places = prepared.detector.snapshot().tables.elements.places.pairs.first.length
  const what = `${NORMAL_CLUSTERS} normal clusters, ${ANOMALY_CLUSTERS} anomaly clusters open, ${places} places, ${STRATA} strata`
  return [
    {
      name: 'scrape_ms',
      value: median(times),
      what: `CPU time of one scrape, median of ${RENDERS}, ${text.length} bytes: ${what}`,
      bar: 'under 50',
    },
    { name: 'series', value: series, what: 'lines of it without #', bar: 'under 10000' },
  ]
}

function filled({ detector }: Prepared): Metrics {
  const metrics = new Metrics()
  const { alpha } = detector.settings
  const links = { trace: null, compare: null }
  const clusters = new ClusterService(
    metrics,
    { alpha, refreshMs: 600_000, falseClustersPerWeek: 1 },
    detector,
    links,
  )
  const output = emptyOutput()
  output.installed.push(wideModel())
  for (let i = 0; i < ANOMALY_CLUSTERS; i++) {
    const cluster = exampleCluster({ id: `c-${i}`, eValue: 1e6 + i })
    output.clusterChanges.push({ change: 'opened', timeMs: cluster.openedMs, cluster })
  }
  const verdict = {
    id: '0123456789abcdef0123456789abcdef',
    timeMs: 1,
    kind: 'trace',
    score: 0.1,
    p: 0.5,
    pShape: 0.5,
    pTime: 0.5,
    anomalous: false,
    reason: 'normal',
    services: [],
    contributions: [],
    model: 'm-1',
  } as const
  for (let i = 0; i < NORMAL_CLUSTERS; i++) {
    output.verdicts.push({ ...verdict, cluster: `n-${i}`, stratum: stratumName(i % STRATA) })
  }
  clusters.take(output)
  const source = new FakeSource([])
  const publisher = new Publisher(
    [],
    { attempts: 1, backoffMs: 1, backoffMaxMs: 1 },
    systemClock,
    silentLog,
  )
  const fitter = { fit: () => Promise.reject(new Error('not here')) }
  const surroundings = { checkpoints: null, clock: systemClock, log: silentLog }
  const pipeline = new Pipeline(
    { detector, source, publisher, fitter, ...surroundings },
    { batchRecords: 64, batchWaitMs: 0, commitIntervalMs: 1000, checkpointIntervalMs: 1e9 },
  )
  const measured = {
    detector: {
      counts: () => detector.counts(),
      status: () => detector.status(),
      drift: () => wideDrift(),
      poorlyTemplated: () => detector.poorlyTemplated(),
    },
    pipeline,
    publisher,
    source,
    clock: systemClock,
    checkpointBytes: () => 0,
    workerFailures: () => 0,
    feedSources: () => undefined,
  }
  const service = new ServiceMetrics(metrics, measured, '1.0.0')
  const report = { records: 1, bytes: 1, startedMs: 1, stepMs: 1, publishMs: 1, output }
  service.batch(report)
  return metrics
}

function stratumName(stratum: number): string {
  return `service-${stratum} POST /api/v1/orders/{id}/items`
}

function wideModel(): InstalledModel {
  const clusters = Array.from({ length: NORMAL_CLUSTERS }, (_, index) => ({
    id: `n-${index}`,
    medoidTraceId: '0'.repeat(32),
    weight: index + 1,
  }))
  return {
    id: 'm-1',
    version: 1,
    fittedMs: 0,
    installedMs: 0,
    strata: 1,
    calibrated: 0,
    churn: { retention: 0.9, births: 2, deaths: 1, moved: 0.2 },
    clusters: clusters.toReversed(),
  }
}

function wideDrift(): DriftView {
  const common = { state: 'stable', ratio: 0.4, threshold: 0.1, observations: 1000 } as const
  const strata = [null, ...Array.from({ length: STRATA }, (_, i) => stratumName(i))]
  const streams = ['distance', 'share'] as const
  return {
    status: strata.flatMap((stratum) => streams.map((stream) => ({ ...common, stratum, stream }))),
    changes: { learning: 0, stable: STRATA, suspected: 1, drifting: 0 },
    setAside: 0,
  }
}
