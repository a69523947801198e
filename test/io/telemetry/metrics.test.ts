import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { emptyCounts } from '../../../src/assemble/assembler-counts.ts'
import { emptyTraceLogCounts } from '../../../src/assemble/trace-logs.ts'
import type { DetectorCounts } from '../../../src/detector/detector-counts.ts'
import type { DetectorStatus } from '../../../src/detector/detector-status.ts'
import type { MetricRow } from '../../../src/io/telemetry/metric-row.ts'
import { Metrics } from '../../../src/io/telemetry/metrics.ts'
import {
  ASSEMBLER_SERIES,
  feedDetectorCounts,
  feedLag,
  feedSinks,
  feedStatus,
} from '../../../src/io/telemetry/metrics-feed.ts'
import {
  LISTED_PARTITIONS,
  METRICS,
  metricsDocument,
} from '../../../src/io/telemetry/metrics-table.ts'

const rows = Object.entries<MetricRow>(METRICS)

function countsWith(change: Partial<DetectorCounts> = {}): DetectorCounts {
  return {
    records: { taken: 0, bytes: 0, spans: 0, rejectedSpans: 0, undecodable: 0, keyed: 0 },
    assembled: emptyCounts(),
    judged: { normal: 0, shape: 0, time: 0, learning: 0, incomplete: 0, flagged: 0 },
    learned: { observations: 0, quarantined: 0, forgotten: 0 },
    overflow: {
      ...{ texts: 0, elements: 0, paths: 0, places: 0, strata: 0 },
      environments: 6,
      rules: 3,
    },
    forgotten: { texts: 7, elements: 0, paths: 0, places: 0, strata: 0, templates: 0 },
    accumulated: {},
    ownSpans: 0,
    tracedLogs: { ...emptyTraceLogCounts(), waiting: 0 },
    newErrors: { told: 0, untold: 0 },
    openTraces: 0,
    openSpans: 0,
    ...change,
  } as DetectorCounts
}

/** The value of a series in the exposition; undefined if it has none. */
async function read(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.render()).split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}

describe('the table', () => {
  it('is what docs/metrics.md says', () => {
    const shipped = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
    expect(shipped).toBe(metricsDocument())
  })

  it('names metrics as Prometheus wants them', () => {
    for (const [name, { type, help, labels = [], buckets }] of rows) {
      expect(name).toMatch(/^medoscope_[a-z][a-z0-9_]*[a-z0-9]$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      expect(help, name).toMatch(/\.$/)
      expect(help, name).not.toMatch(/\|/)
      for (const label of labels) expect(label, name).toMatch(/^[a-z][a-z0-9_]*$/)
      if (type === 'histogram') expect(buckets?.toSorted((a, b) => a - b)).toEqual(buckets)
      else expect(buckets, name).toBeUndefined()
      for (const unit of ['_ms', '_us', '_minutes', '_kb', '_percent']) {
        expect(name.endsWith(unit), `${name} has a base unit`).toBe(false)
      }
    }
  })

  it('is served with every metric in it, and the process beside them', async () => {
    const text = await new Metrics().render()
    for (const [name, { type }] of rows) expect(text).toContain(`# TYPE ${name} ${type}\n`)
    expect(text).toContain('# TYPE nodejs_eventloop_lag_seconds gauge')
  })
})

describe('a counter', () => {
  it('follows the total it is told', async () => {
    const metrics = new Metrics(false)
    for (const total of [2, 2, 5]) metrics.raise('medoscope_spans_total', total)
    expect(await read(metrics, 'medoscope_spans_total')).toBe(5)
  })

  it('goes on when what counts has started again', async () => {
    const metrics = new Metrics(false)
    for (const total of [5, 1, 3]) metrics.raise('medoscope_spans_total', total)
    expect(await read(metrics, 'medoscope_spans_total')).toBe(7)
  })
})

describe('what the detector counts', () => {
  it('has a series each, and no two numbers share one', async () => {
    const series = Object.values(ASSEMBLER_SERIES).filter((each) => each !== null)
    expect(new Set(series.map((each) => JSON.stringify(each))).size).toBe(series.length)
    expect(Object.keys(ASSEMBLER_SERIES).toSorted()).toEqual(Object.keys(emptyCounts()).toSorted())
    for (const [name, labels] of series) {
      expect((METRICS[name] as MetricRow).labels).toEqual(Object.keys(labels))
    }
  })

  it('appears under its name', async () => {
    const metrics = new Metrics(false)
    const counts = countsWith({
      assembled: {
        ...emptyCounts(),
        lateSpans: 3,
        closedQuiet: 4,
        incompleteUnkeyed: 5,
        cycles: 6,
      },
      judged: { normal: 7, shape: 1, time: 2, learning: 3, incomplete: 4, flagged: 3 },
      accumulated: { evicted: 8, open: 2, watched: 12 },
      ownSpans: 9,
      tracedLogs: { ...emptyTraceLogCounts(), joined: 11, late: 13, crowdedOut: 2, waiting: 17 },
      newErrors: { told: 4, untold: 1 },
    })
    feedDetectorCounts(metrics, counts)
    feedDetectorCounts(metrics, counts)
    for (const [series, value] of [
      ['medoscope_spans_dropped_total{reason="late"}', 3],
      ['medoscope_spans_dropped_total{reason="own"}', 9],
      ['medoscope_traces_closed_total{cause="quiet"}', 4],
      ['medoscope_traces_incomplete_total{what="unkeyed"}', 5],
      ['medoscope_irregularities_total{kind="cycle"}', 6],
      ['medoscope_observations_total{reason="normal"}', 7],
      ['medoscope_observations_flagged_total', 3],
      ['medoscope_evidence_events_total{event="evicted"}', 8],
      ['medoscope_watched_series', 12],
      ['medoscope_traced_log_records_total{fate="joined"}', 11],
      ['medoscope_traced_log_records_total{fate="late"}', 13],
      ['medoscope_traced_log_records_total{fate="crowded_out"}', 2],
      ['medoscope_traced_log_records_waiting', 17],
      ['medoscope_new_errors_total{what="untold"}', 1],
      ['medoscope_overflow_total{what="environments"}', 6],
      ['medoscope_overflow_total{what="rules"}', 3],
    ] as const) {
      expect(await read(metrics, series), series).toBe(value)
    }
    expect(await read(metrics, 'medoscope_observations_total{reason="flagged"}')).toBeUndefined()
    expect(await read(metrics, 'medoscope_evidence_events_total{event="watched"}')).toBeUndefined()
  })
})

describe('gauges', () => {
  it('tell the lag in records and in seconds, nought at the end of the log', async () => {
    const metrics = new Metrics(false)
    const last = new Map([
      ['t/0', 1_000_000],
      ['t/1', 1_000_000],
    ])
    feedLag(
      metrics,
      new Map([
        ['t/0', { records: 5 }],
        ['t/1', { records: 0 }],
      ]),
      last,
      1_090_000,
    )
    expect(await read(metrics, 'medoscope_lag_seconds{partition="t/0"}')).toBe(90)
    expect(await read(metrics, 'medoscope_lag_seconds{partition="t/1"}')).toBe(0)
    feedLag(metrics, new Map([['t/1', { records: 1 }]]), last, 1_090_000)
    expect(await read(metrics, 'medoscope_lag_records{partition="t/0"}')).toBeUndefined()
  })

  it('take partitions beyond the limit together', async () => {
    const metrics = new Metrics(false)
    const partitions = Array.from({ length: LISTED_PARTITIONS + 2 }, (_, n) => `t/${n}`)
    const lag = new Map(partitions.map((name) => [name, { records: 1 }]))
    feedLag(metrics, lag, new Map(), 0)
    expect(await read(metrics, 'medoscope_lag_records{partition="(other)"}')).toBe(2)
    const lines = (await metrics.render()).match(/^medoscope_lag_records\{/gm)
    expect(lines).toHaveLength(LISTED_PARTITIONS + 1)
  })

  it('tell how far the detector is', async () => {
    const metrics = new Metrics(false)
    const status: DetectorStatus = {
      state: 'learning',
      clockMs: 1_000_000,
      learned: 5,
      judged: { normal: 0, shape: 0, time: 0, learning: 5, incomplete: 0, flagged: 0 },
      calibration: { have: 7, needed: 1000, neededToFlag: 999 },
      late: [],
      unjoinedLogs: [],
      clocksAhead: [],
      strata: [{ name: 'a', state: 'learning', sampled: 1, needed: 30, clusters: 0 }],
      coverage: { seen: 40, share: 0.75, entryOperations: [], room: [] },
      model: null,
    }
    feedStatus(metrics, status, 1_060_000)
    expect(await read(metrics, 'medoscope_live')).toBe(0)
    expect(await read(metrics, 'medoscope_data_time_age_seconds')).toBe(60)
    expect(await read(metrics, 'medoscope_calibration_needed{for="alpha"}')).toBe(999)
    expect(await read(metrics, 'medoscope_strata{state="learning"}')).toBe(1)
    expect(await read(metrics, 'medoscope_coverage_ratio')).toBe(0.75)
  })

  it('say which sink the input waits for', async () => {
    const metrics = new Metrics(false)
    const sink = {
      name: 'kafka',
      published: { anomaly: 3, anomaly_cluster: 2, new_error: 0, dead_letter: 1 },
      attempts: 9,
      failures: 4,
      required: true,
      queued: 3,
      refused: 2,
      dropped: 1,
      retries: 4,
      paused: true,
      lastError: 'no broker',
    }
    feedSinks(metrics, [sink])
    expect(await read(metrics, 'medoscope_sink_up{sink="kafka"}')).toBe(0)
    expect(await read(metrics, 'medoscope_published_total{sink="kafka",type="anomaly"}')).toBe(3)
  })
})

describe('a histogram', () => {
  it('has every value at a scrape, however many came since the last one', async () => {
    const metrics = new Metrics(false)
    for (let i = 0; i < 1300; i++) metrics.observe('medoscope_step_seconds', 0.004)
    expect(await read(metrics, 'medoscope_step_seconds_count')).toBe(1300)
    metrics.observe('medoscope_step_seconds', 1000)
    expect(await read(metrics, 'medoscope_step_seconds_count')).toBe(1301)
    expect(await read(metrics, 'medoscope_step_seconds_sum')).toBeCloseTo(1005.2, 6)
  })
})
