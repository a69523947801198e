import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parser as logqlParser } from '@grafana/lezer-logql'
import { beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { DASHBOARDS, dashboardText } from '../../dashboards/write.ts'
import { anomalyRecord, clusterChangeRecord } from '../../src/otlp/anomaly-record.ts'
import { exampleCluster } from '../ui/example-cluster.ts'
import { hasProgram } from './has-program.ts'
import { faultsOf, knownSeries } from './known-metrics.ts'
import { withoutVariables } from './promql.ts'

interface Target {
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly expr: string
}

interface PanelJson {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly panels?: readonly PanelJson[]
}

interface DashboardJson {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly editable: boolean
  readonly panels: readonly PanelJson[]
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr: string }[]
  }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string }[]
  }
}

/** Panel types that Grafana 10 and 13 both know. */
const PANEL_TYPES = [
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'logs',
  'heatmap',
  'state-timeline',
]

const NAMES = Object.keys(DASHBOARDS) as (keyof typeof DASHBOARDS)[]
const FILES = NAMES.map((name) => {
  const text = readFileSync(new URL(`../../dashboards/${name}`, import.meta.url), 'utf8')
  return { name, text, json: JSON.parse(text) as DashboardJson }
})

let known: ReadonlyMap<string, readonly string[]>
beforeAll(async () => {
  known = await knownSeries()
})

function panelsOf(json: DashboardJson): PanelJson[] {
  return json.panels
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .filter((p) => p.type !== 'row')
}

describe.each(FILES)('the dashboard $name', ({ name, text, json }) => {
  const panels = panelsOf(json)
  const targets = panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({ title: panel.title, ...target })),
  )

  it('is what the generator writes (npm run dashboards)', () => {
    expect(text).toBe(dashboardText(name))
  })

  it('is in the classic schema and cannot be edited in place', () => {
    expect(json.schemaVersion).toBeGreaterThanOrEqual(39)
    expect(json.schemaVersion).toBeLessThanOrEqual(42)
    expect(json.editable).toBe(false)
    expect(text).not.toContain('"apiVersion"')
  })

  it('says of every panel what it shows, in which unit, from where', () => {
    for (const panel of panels) {
      expect(PANEL_TYPES).toContain(panel.type)
      expect(panel.title).toMatch(/^[A-Z]/)
      expect(panel.description, panel.title).toMatch(/\.$/)
      expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy()
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0)
    }
    for (const target of targets)
      expect(target.datasource.uid).toBe(`\${${target.datasource.type}}`)
  })

  it('gives every panel a number and a place of its own', () => {
    expect(new Set(json.panels.map((panel) => panel.id)).size).toBe(json.panels.length)
    const cells = new Set<string>()
    for (const { title, gridPos } of json.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x},${y}`), `${title} overlaps at ${x},${y}`).toBe(false)
          cells.add(`${x},${y}`)
        }
      }
    }
  })

  it('names only metrics and labels that exist, and rates counters', () => {
    const queries = [
      ...targets.filter((target) => target.datasource.type === 'prometheus'),
      ...json.annotations.list.map((one) => ({ title: one.name, expr: one.expr })),
    ]
    expect(queries.length).toBeGreaterThan(10)
    for (const { title, expr } of queries) {
      expect(faultsOf(withoutVariables(expr), known), `${title}: ${expr}`).toEqual([])
    }
    for (const { definition } of json.templating.list) {
      const metric = definition?.match(/^label_values\((\w+).*, (\w+)\)$/)
      if (!definition) continue
      expect(known.get(metric?.[1] ?? '')).toContain(metric?.[2])
    }
  })

  it('lets Grafana choose the range of a rate', () => {
    for (const { title, expr, datasource } of targets) {
      if (datasource.type !== 'prometheus') continue
      expect(expr.match(/\[\d+\w+\]/), title).toBeNull()
    }
  })

  it('asks Loki for labels and metadata that the records carry', () => {
    for (const { title, expr } of targets.filter((t) => t.datasource.type === 'loki')) {
      logqlParser.parse(withoutVariables(expr)).iterate({
        enter: ({ type }) => {
          if (type.isError) throw new Error(`${title}: does not parse: ${expr}`)
        },
      })
      const fields = expr.match(/\b(medoscope_\w+|event_name)\b/g) ?? []
      for (const field of fields) expect(RECORD_FIELDS, `${title}: ${field}`).toContain(field)
    }
  })

  it.skipIf(!hasProgram('promtool'))('passes promtool as rules', () => {
    const rules = targets
      .filter((target) => target.datasource.type === 'prometheus')
      .map(({ expr }, i) => ({ record: `panel:query:q${i}`, expr: withoutVariables(expr) }))
    const dir = mkdtempSync(join(tmpdir(), 'medoscope-rules-'))
    const file = join(dir, 'panels.yml')
    writeFileSync(file, stringify({ groups: [{ name: 'panels', rules }] }))
    const said = execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })
    expect(said).toContain(`${rules.length} rules found`)
    rmSync(dir, { recursive: true })
  })
})

/** Attributes of our records as Loki names them. */
const RECORD_FIELDS = (() => {
  const cluster = exampleCluster({ state: 'resolved', closedMs: 1, mergedFrom: ['c-1'] })
  const change = clusterChangeRecord({ change: 'closed', timeMs: 1, cluster })
  const trace = cluster.representative
  if (!trace) throw new Error('the example has a representative')
  const anomaly = anomalyRecord({
    id: 'a-1',
    verdict: {
      id: trace.traceId,
      timeMs: 1,
      kind: 'trace',
      score: 0.5,
      p: 0.001,
      pShape: 1,
      pTime: 0.0005,
      anomalous: true,
      cluster: 'n-1',
      reason: 'time',
      stratum: 'frontend GET /',
      services: ['frontend'],
      contributions: [],
      model: 'm-1',
    },
    anomalyCluster: cluster.id,
    spanId: '0123456789abcdef',
    summary: 'A summary.',
    trace,
    nearestNormal: cluster.nearestNormal,
  })
  const resource = ['medoscope_signal', 'service_name']
  return [...Object.keys(change.attributes), ...Object.keys(anomaly.attributes)]
    .map((key) => key.replaceAll('.', '_'))
    .concat(resource)
})()

describe('the check of queries', () => {
  it('finds what is wrong', () => {
    const of = (expr: string): string[] => faultsOf(expr, known)
    expect(of('sum(medoscope_nothing)')).toEqual(['there is no medoscope_nothing'])
    expect(of('medoscope_live{place="x"}')).toEqual(['medoscope_live has no label place'])
    expect(of('medoscope_spans_total')).toEqual([
      'medoscope_spans_total counts: rate or increase it',
    ])
    expect(of('sum by (place) (medoscope_live)')).toEqual([
      'no metric of the query has a label place',
    ])
    expect(of('sum(')[0]).toContain('does not parse')
    expect(of('sum by (reason) (rate(medoscope_observations_total[5m]))')).toEqual([])
  })
})
