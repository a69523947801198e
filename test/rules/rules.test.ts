import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Reason } from '../../src/contract/anomaly.ts'
import { METRICS } from '../../src/io/telemetry/metrics-table.ts'
import { hasProgram } from '../dashboards/has-program.ts'
import { faultsOf, knownSeries, RULES_FILE, type Rule, rules } from '../dashboards/known-metrics.ts'

const path = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const read = (relative: string): string => readFileSync(path(relative), 'utf8')

interface RuleTest {
  readonly alert_rule_test?: readonly {
    readonly alertname: string
    readonly exp_alerts: readonly unknown[]
  }[]
}

const alerts = rules().filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined)

let known: ReadonlyMap<string, readonly string[]>
beforeAll(async () => {
  known = await knownSeries()
})

/** `MedoscopeConsumerLag` → `consumer-lag`. */
function runbookName(alert: string): string {
  return alert
    .replace(/^Medoscope/, '')
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
}

describe('the rules', () => {
  it('name only metrics and labels that exist', () => {
    expect(alerts.length).toBeGreaterThanOrEqual(11)
    for (const rule of rules()) {
      expect(faultsOf(rule.expr, known), rule.alert ?? rule.record).toEqual([])
    }
  })

  it('ask only for reasons that verdicts have', () => {
    const reasons = { normal: 1, time: 1, shape: 1, learning: 1, incomplete: 1 } as const
    const all = Object.keys(reasons satisfies Record<Reason, 1>)
    const asked = rules().flatMap(({ expr }) =>
      [...expr.matchAll(/medoscope_observations_total\{reason=~?"([^"]*)"/g)].flatMap(([, text]) =>
        (text ?? '').split('|'),
      ),
    )
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter((reason) => !all.includes(reason))).toEqual([])
  })

  it('ask only for existing metrics in their texts', () => {
    let asked = 0
    for (const { alert, annotations } of alerts) {
      for (const [, template = ''] of (annotations?.['description'] ?? '').matchAll(
        /printf "([^"]*)"/g,
      )) {
        asked++
        expect(faultsOf(template.replaceAll('%q', '"x"'), known), alert).toEqual([])
      }
    }
    expect(asked).toBe(19)
  })

  it.each(alerts)('$alert says what it is, how urgent, what to do and where to look', (rule) => {
    const { alert, labels, annotations } = rule
    expect(['critical', 'warning', 'info', 'none']).toContain(labels?.['severity'])
    expect(annotations?.['summary']?.length).toBeGreaterThan(10)
    expect(annotations?.['description']).toMatch(/[.}]$/)
    expect(annotations?.['runbook_url']).toBe(
      `http://localhost:9464/runbooks/${runbookName(alert)}.md`,
    )
    const uid = annotations?.['dashboard_url']?.match(/\/d\/([\w-]+)/)?.[1] ?? ''
    const name = uid.replace('medoscope-', '')
    expect(JSON.parse(read(`dashboards/${name}.json`))).toMatchObject({ uid })
  })

  it.each(alerts)('$alert has a runbook with all its parts', ({ alert }) => {
    const file = `docs/runbooks/${runbookName(alert)}.md`
    expect(existsSync(path(file)), file).toBe(true)
    const text = read(file)
    expect(text.startsWith(`# ${alert}\n`)).toBe(true)
    for (const part of ['Meaning', 'First look', 'Commands', 'Fix', 'Escalate']) {
      expect(text, `${file}: ${part}`).toContain(`\n## ${part}\n`)
    }
  })

  it('has runbooks that name only configuration keys that exist', () => {
    const config = parse(read('config/medoscope.yaml')) as Record<string, unknown>
    let named = 0
    for (const { alert } of alerts) {
      const text = read(`docs/runbooks/${runbookName(alert)}.md`)
      for (const [, key = ''] of text.matchAll(/`([a-z]+(?:\.[a-z_]+)+)`/g)) {
        // Attributes of spans and settings of the broker are written alike.
        if (/^(service|message)\./.test(key)) continue
        named++
        const value = key
          .split('.')
          .reduce<unknown>((tree, step) => (tree as Record<string, unknown>)?.[step], config)
        expect(value, `${alert}: ${key}`).toBeDefined()
      }
    }
    expect(named).toBeGreaterThan(10)
  })

  it('are tested for firing and for keeping quiet, each alert', () => {
    const { tests } = parse(read('config/rules/medoscope_test.yml')) as { tests: RuleTest[] }
    const cases = tests.flatMap((test) => test.alert_rule_test ?? [])
    for (const { alert } of alerts) {
      const own = cases.filter((one) => one.alertname === alert)
      expect(
        own.some((one) => one.exp_alerts.length > 0),
        `${alert} fires`,
      ).toBe(true)
      if (alert === 'Watchdog') continue
      expect(
        own.some((one) => one.exp_alerts.length === 0),
        `${alert} keeps quiet`,
      ).toBe(true)
    }
  })

  it.skipIf(!hasProgram('promtool'))('pass promtool and its tests of the rules', () => {
    const file = fileURLToPath(RULES_FILE)
    const run = (...args: string[]): string => execFileSync('promtool', args, { encoding: 'utf8' })
    expect(run('check', 'rules', '--lint=all', '--lint-fatal', file)).toContain('SUCCESS')
    expect(run('check', 'config', path('config/prometheus.yml'))).toContain('SUCCESS')
    expect(run('test', 'rules', path('config/rules/medoscope_test.yml'))).toContain('SUCCESS')
  })
})

describe('every metric of the table', () => {
  const texts = [
    read('dashboards/anomalies.json'),
    read('dashboards/health.json'),
    readFileSync(RULES_FILE, 'utf8'),
    ...[...new Set(alerts.map(({ alert }) => runbookName(alert)))].map((name) =>
      read(`docs/runbooks/${name}.md`),
    ),
  ].join('\n')

  it('is shown by a dashboard, used by a rule, or read in a runbook', () => {
    const unused = Object.keys(METRICS).filter(
      (name) => !new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(texts),
    )
    expect(unused).toEqual([])
  })

  it('exists when a runbook names it', () => {
    for (const name of texts.match(/(?<![:\w])medoscope_[a-z0-9_]*[a-z0-9]\b(?![:])/g) ?? []) {
      // Fields of our records in Loki, and variables of the dashboards, begin with the same word.
      if (
        /^medoscope_(url|test|signal|services|anomaly_cluster_(id|sentence|change|first_ms|closed_ms|rate)|medoid_trace_id)$/.test(
          name,
        )
      )
        continue
      expect(known.has(name), name).toBe(true)
    }
  })
})

describe.skipIf(!hasProgram('amtool'))('Alertmanager', () => {
  const config = path('config/alertmanager.yml')
  const routed = (...labels: string[]): string => {
    const args = ['config', 'routes', 'test', `--config.file=${config}`, ...labels]
    return spawnSync('amtool', args, { encoding: 'utf8' }).stdout.trim()
  }

  it('takes the configuration', () => {
    expect(execFileSync('amtool', ['check-config', config], { encoding: 'utf8' })).toContain(
      'SUCCESS',
    )
  })

  it.each([
    ['dead-man', ['alertname=Watchdog', 'severity=none', 'job=medoscope']],
    ['page', ['alertname=MedoscopeAnomalyClusterCritical', 'severity=critical', 'service=pay']],
    ['team', ['alertname=MedoscopeAnomalyCluster', 'severity=warning', 'service=pay']],
    ['page', ['alertname=MedoscopeAnomalySurge', 'severity=critical']],
    ['page', ['alertname=MedoscopeDown', 'severity=critical']],
    ['team', ['alertname=MedoscopeDrift', 'severity=warning']],
    ['team', ['alertname=SomethingElse', 'severity=info']],
  ])('tells %s of %j', (receiver, labels) => {
    expect(routed(...labels)).toBe(receiver)
  })

  it('tells of each cluster by itself, and nothing of what a bigger thing explains', () => {
    const { route, inhibit_rules: inhibitions } = parse(read('config/alertmanager.yml')) as {
      route: { routes: { matchers: string[]; group_by?: string[] }[] }
      inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[]
    }
    const clusterRoutes = route.routes.filter(({ matchers }) =>
      matchers[0]?.includes('AnomalyCluster'),
    )
    expect(clusterRoutes.map(({ group_by }) => group_by)).toEqual([
      ['alertname', 'cluster'],
      ['alertname', 'cluster'],
    ])
    const names = alerts.map(({ alert }) => alert)
    for (const { source_matchers, target_matchers } of inhibitions) {
      const [source = ''] = source_matchers.map((one) => one.match(/"(\w+)"/)?.[1])
      expect(names).toContain(source)
      // A source that its own target matchers leave in would be muted by others of its kind.
      expect(target_matchers.every((one) => matches(one, source))).toBe(false)
      expect(target_matchers.every((one) => matches(one, 'Watchdog'))).toBe(false)
    }
  })
})

/** Whether an alert name passes a matcher such as `alertname=~"a|b"`. */
function matches(matcher: string, name: string): boolean {
  const [, operator = '', value = ''] = matcher.match(/^alertname(=~|!~|!=|=)"([^"]*)"$/) ?? []
  if (operator === '') throw new Error(`not a matcher of names: ${matcher}`)
  const same = operator.includes('~') ? new RegExp(`^(?:${value})$`).test(name) : value === name
  return operator.startsWith('!') ? !same : same
}
