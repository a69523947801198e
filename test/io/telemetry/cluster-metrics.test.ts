import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../../src/contract/anomaly.ts'
import type { Churn, InstalledModel } from '../../../src/contract/installed-model.ts'
import type { StepOutput } from '../../../src/contract/step-output.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import { ClusterStore } from '../../../src/io/cluster-store.ts'
import { ClusterMetrics } from '../../../src/io/telemetry/cluster-metrics.ts'
import { Metrics } from '../../../src/io/telemetry/metrics.ts'
import { exampleCluster } from '../../ui/example-cluster.ts'

function made(): { metrics: Metrics; clusters: { take(output: StepOutput): void } } {
  const metrics = new Metrics(false)
  const store = new ClusterStore()
  const settings = { alpha: 0.001, refreshMs: 600_000, falseClustersPerWeek: 2 }
  const counted = new ClusterMetrics(metrics, settings, store)
  const take = (output: StepOutput): void => {
    for (const change of output.clusterChanges) store.take(change)
    counted.count(output)
  }
  return { metrics, clusters: { take } }
}

function output(changes: Partial<StepOutput>): StepOutput {
  return { ...emptyOutput(), ...changes }
}

function verdict(cluster: string | null, more: Partial<Verdict> = {}): Verdict {
  return {
    id: '0123456789abcdef0123456789abcdef',
    timeMs: 1,
    kind: 'trace',
    score: 0.1,
    p: 0.5,
    pShape: 0.5,
    pTime: 0.5,
    anomalous: false,
    cluster,
    reason: 'normal',
    stratum: 'frontend GET /',
    services: [],
    contributions: [],
    model: 'm-1',
    ...more,
  }
}

/** A model of one stratum with these clusters, the last the heaviest. */
function model(ids: readonly string[], churn: Partial<Churn> = {}): InstalledModel {
  const clusters = ids.map((id, index) => ({
    id,
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
    churn: { retention: 0.9, births: 2, deaths: 1, moved: 0.2, ...churn },
    clusters: clusters.toReversed(),
  }
}

async function series(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.render()
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

describe('metrics of anomaly clusters', () => {
  it('says what each open cluster is, and nothing of it once it is over', async () => {
    const { metrics, clusters } = made()
    const cluster = exampleCluster()
    clusters.take(output({ clusterChanges: [{ change: 'opened', timeMs: 1, cluster }] }))
    expect(await series(metrics, 'medoscope_anomaly_cluster_info')).toEqual([
      'medoscope_anomaly_cluster_info{cluster="c-7f3a01",service="currency",term="self_time",direction="high",words="is slower",severity="critical",place="checkout PlaceOrder -> currency Convert"} 1',
    ])
    expect(await series(metrics, 'medoscope_anomaly_cluster_typical_seconds')).toEqual([
      'medoscope_anomaly_cluster_typical_seconds{cluster="c-7f3a01"} 0.59',
    ])
    expect(await series(metrics, 'medoscope_anomaly_cluster_typical_calls')).toEqual([])
    const [strength = ''] = await series(metrics, 'medoscope_anomaly_cluster_strength')
    expect(Number(strength.split(' ')[1])).toBeCloseTo(Math.log10(4.2e9))
    const over = exampleCluster({ state: 'resolved', closedMs: 2 })
    clusters.take(output({ clusterChanges: [{ change: 'closed', timeMs: 2, cluster: over }] }))
    expect(await series(metrics, 'medoscope_anomaly_cluster_info')).toEqual([])
    expect(await series(metrics, 'medoscope_anomaly_clusters')).toEqual([
      'medoscope_anomaly_clusters 0',
    ])
    expect(await series(metrics, 'medoscope_anomaly_cluster_changes_total')).toContain(
      'medoscope_anomaly_cluster_changes_total{change="closed"} 1',
    )
  })

  it('says how long messages wait in seconds, as other times', async () => {
    const { metrics, clusters } = made()
    const waits = { term: 'wait', typical: 31_000, normal: 40 } as const
    const cluster = exampleCluster(waits)
    clusters.take(output({ clusterChanges: [{ change: 'opened', timeMs: 1, cluster }] }))
    expect(await series(metrics, 'medoscope_anomaly_cluster_typical_seconds')).toEqual([
      'medoscope_anomaly_cluster_typical_seconds{cluster="c-7f3a01"} 31',
    ])
    const [info] = await series(metrics, 'medoscope_anomaly_cluster_info')
    expect(info).toContain('term="wait",direction="high",words="takes messages later"')
  })

  it('counts how often people were told: not of what is known until it outgrows that', async () => {
    const { metrics, clusters } = made()
    const take = (change: 'opened' | 'updated' | 'closed', alerts: boolean) => {
      const state = change === 'closed' ? 'resolved' : 'open'
      const cluster = exampleCluster({ alerts, state })
      clusters.take(output({ clusterChanges: [{ change, timeMs: 1, cluster }] }))
    }
    const told = () => series(metrics, 'medoscope_anomaly_clusters_told_total')
    take('opened', false)
    take('updated', false)
    expect(await told()).toEqual(['medoscope_anomaly_clusters_told_total 0'])
    take('updated', true)
    take('updated', true)
    take('closed', true)
    expect(await told()).toEqual(['medoscope_anomaly_clusters_told_total 1'])
    take('opened', true)
    expect(await told()).toEqual(['medoscope_anomaly_clusters_told_total 2'])
    expect(await series(metrics, 'medoscope_target_false_anomaly_clusters_per_week')).toEqual([
      'medoscope_target_false_anomaly_clusters_per_week 2',
    ])
  })

  it('lists the 50 strongest and counts the others', async () => {
    const { metrics, clusters } = made()
    const clusterChanges = Array.from({ length: 60 }, (_, i) => ({
      change: 'opened' as const,
      timeMs: 1,
      cluster: exampleCluster({ id: `c-${i}`, eValue: 1e6 + i, place: 'x'.repeat(1000) }),
    }))
    clusters.take(output({ clusterChanges }))
    const infos = await series(metrics, 'medoscope_anomaly_cluster_info')
    expect(infos).toHaveLength(50)
    expect(infos.some((line) => line.includes('"c-59"'))).toBe(true)
    expect(infos.some((line) => line.includes('"c-9"'))).toBe(false)
    expect(await series(metrics, 'medoscope_anomaly_clusters_unlisted')).toEqual([
      'medoscope_anomaly_clusters_unlisted 10',
    ])
    expect(Math.max(...infos.map((line) => line.length))).toBeLessThan(500)
  })

  it('keeps the number of series bounded with 500 normal and 60 open clusters', async () => {
    const { metrics, clusters } = made()
    const ids = Array.from({ length: 700 }, (_, i) => `n-${i}`)
    clusters.take(output({ installed: [model(ids)], verdicts: ids.map((id) => verdict(id)) }))
    const clusterChanges = Array.from({ length: 60 }, (_, i) => ({
      change: 'opened' as const,
      timeMs: 1,
      cluster: exampleCluster({ id: `c-${i}` }),
    }))
    clusters.take(output({ clusterChanges }))
    const lines = (await metrics.render())
      .split('\n')
      .filter((line) => /^medoscope_.*\d$/.test(line))
    expect(lines.length).toBeGreaterThan(2000)
    expect(lines.length).toBeLessThan(10_000)
    expect(await series(metrics, 'medoscope_normal_cluster_info')).toHaveLength(500)
    expect(await series(metrics, 'medoscope_normal_cluster_observations_total')).toContain(
      'medoscope_normal_cluster_observations_total{cluster="(other)"} 200',
    )
  })
})

describe('metrics of the model', () => {
  it('counts traffic by nearest cluster and gives up the series of clusters that died', async () => {
    const { metrics, clusters } = made()
    clusters.take(
      output({
        installed: [model(['a', 'b'])],
        verdicts: [verdict('a'), verdict('b'), verdict('a'), verdict(null)],
      }),
    )
    expect(await series(metrics, 'medoscope_normal_cluster_observations_total')).toEqual([
      'medoscope_normal_cluster_observations_total{cluster="a"} 2',
      'medoscope_normal_cluster_observations_total{cluster="b"} 1',
      'medoscope_normal_cluster_observations_total{cluster="(other)"} 0',
    ])
    expect(await series(metrics, 'medoscope_normal_cluster_weight_ratio')).toEqual([
      'medoscope_normal_cluster_weight_ratio{cluster="b"} 0.6666666666666666',
      'medoscope_normal_cluster_weight_ratio{cluster="a"} 0.3333333333333333',
    ])
    clusters.take(output({ installed: [model(['b', 'c'])] }))
    const left = await series(metrics, 'medoscope_normal_cluster_observations_total')
    expect(left.some((line) => line.includes('"a"'))).toBe(false)
    expect(await series(metrics, 'medoscope_normal_clusters')).toEqual([
      'medoscope_normal_clusters 2',
    ])
  })

  it('adds up births and deaths, but not the birth of the first model', async () => {
    const { metrics, clusters } = made()
    clusters.take(output({ installed: [model(['a'])] }))
    clusters.take(output({ installed: [model(['a']), model(['a'], { births: 3, deaths: 0 })] }))
    expect(await series(metrics, 'medoscope_model_cluster_births_total')).toEqual([
      'medoscope_model_cluster_births_total 5',
    ])
    expect(await series(metrics, 'medoscope_model_cluster_deaths_total')).toEqual([
      'medoscope_model_cluster_deaths_total 1',
    ])
    expect(await series(metrics, 'medoscope_model_churn_ratio')).toEqual([
      'medoscope_model_churn_ratio 0.2',
    ])
  })

  it('shows the score of a flagged trace with its id as exemplar to those who ask', async () => {
    const { metrics, clusters } = made()
    const { representative } = exampleCluster()
    if (!representative) throw new Error('the example has one')
    const flagged = verdict('a', { score: 1.33, anomalous: true })
    const anomaly = {
      id: 'a-1',
      verdict: flagged,
      anomalyCluster: null,
      spanId: '',
      summary: '',
      trace: representative,
      nearestNormal: null,
    }
    clusters.take(output({ anomalies: [anomaly] }))
    const open = await metrics.render(true)
    expect(open).toMatch(
      /medoscope_anomaly_score_bucket\{le="1\.5"\} 1 # \{trace_id="0123456789abcdef0123456789abcdef"\} 1\.33/,
    )
    expect(open.endsWith('# EOF\n')).toBe(true)
    const plain = await metrics.render()
    expect(plain).toContain('\nmedoscope_anomaly_score_bucket{le="1.5"} 1\n')
    expect(plain).toContain('# TYPE medoscope_records_total counter')
    expect(plain).not.toContain('EOF')
  })
})
