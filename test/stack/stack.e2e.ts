import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPrograms } from '../../scripts/stack/find-programs.ts'
import { type StackPorts, USUAL_PORTS } from '../../scripts/stack/ports.ts'
import { Stack } from '../../scripts/stack/stack.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { kafkaBrokers } from '../kafka-broker.ts'
import { AlertReceiver, type ToldAlert } from './alert-receiver.ts'
import { panelsWithData, panelTitles } from './panel-queries.ts'
import { openBrowser, takePicture } from './pictures.ts'
import { readyCollector } from './ready-collector.ts'
import { until } from './until.ts'

/** Traces a second. */
const RATE = 100
/**
 * What the shop did before comes at once: enough for some models and a reference of the mix, and so
 * much that two minutes of the fault are no surge of the hour's flagged traces.
 */
const HISTORY = '8m'
/** Most payments fail: critical whatever a slow request is. */
const FAULT = 'errors'
const GUILTY = 'payment'
const DASHBOARDS = ['medoscope-anomalies', 'medoscope-health'] as const
/**
 * Blocks of 400 traces: those of all traffic together take four seconds, so the mix of requests is
 * watched after four minutes; those of one entry take too long for this test to judge them.
 */
const QUICK_DRIFT = [
  'drift.block=1s',
  'drift.block_observations=400',
  'drift.window_blocks=4',
  'drift.least_reference_blocks=60',
]
/** Panels that a healthy run has nothing to show in. */
const MAY_BE_EMPTY: readonly string[] = []

const brokers = await kafkaBrokers()
const programs = { ...findPrograms(), collector: await readyCollector() }
const needed = [brokers, programs.collector, programs.prometheus, programs.alertmanager]
const missing = needed.some((one) => one === null)
if (missing) {
  if (process.env['CI']) throw new Error('a program of the stack is missing, and CI must not skip')
  console.warn('SKIPPED: the stack needs Kafka, a Collector, Prometheus and Alertmanager')
}
for (const name of ['grafana', 'loki'] as const) {
  if (programs[name] === null) console.warn(`SKIPPED: what needs ${name}`)
}

async function ports(): Promise<StackPorts> {
  const names = Object.keys(USUAL_PORTS)
  const free = await freePorts(names.length)
  return Object.fromEntries(names.map((name, i) => [name, free[i]])) as unknown as StackPorts
}

describe.skipIf(missing)('the whole stack with real programs', () => {
  const dir = mkdtempSync(join(tmpdir(), 'medoscope-stack-'))
  const folder = process.env['PICTURES'] ?? dir
  let receiver: AlertReceiver
  let stack: Stack
  const withData = new Map<string, Set<string>>(DASHBOARDS.map((uid) => [uid, new Set()]))
  const delays: Record<string, number> = {}

  beforeAll(async () => {
    receiver = await AlertReceiver.start()
    stack = new Stack({
      programs,
      ports: await ports(),
      dir,
      brokers: brokers?.join(',') ?? '',
      load: RATE,
      history: HISTORY,
      set: ['model.refresh=1m', ...QUICK_DRIFT],
      scrapeSeconds: 2,
      // Its two minutes are tested with the rules.
      waits: { MedoscopeDown: '20s' },
      webhook: receiver.url,
      say: (line) => process.stderr.write(`${line}\n`),
    })
    await stack.start()
  })

  afterAll(async () => {
    for (const name of ['medoscope', 'load', 'collector']) {
      const program = stack?.program(name)
      if (program?.failed) console.warn(`${name} ended by itself:\n${program.log()}`)
    }
    await stack?.stop()
    await receiver?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  async function metric(name: string): Promise<number | null> {
    const response = await fetch(`${stack.url('medoscope')}/metrics`)
    const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `))
    return line === undefined ? null : Number(line.split(' ')[1])
  }

  /** Everything that the web hook was told, once each. */
  const told = (): string[] => [
    ...new Set(receiver.told.map(({ status, labels }) => JSON.stringify({ status, ...labels }))),
  ]

  async function clusters(): Promise<unknown> {
    return (await fetch(`${stack.url('medoscope')}/api/v1/anomaly-clusters`)).json()
  }

  async function flip(fault: string, state: 'on' | 'off'): Promise<number> {
    const response = await fetch(`${stack.url('faults')}/faults/${fault}/${state}`, {
      method: 'POST',
    })
    expect(response.ok).toBe(true)
    return Date.now()
  }

  async function lookAtPanels(): Promise<void> {
    if (programs.grafana === null) return
    for (const uid of DASHBOARDS) {
      for (const title of await panelsWithData(stack.url('grafana'), uid, 15)) {
        withData.get(uid)?.add(title)
      }
    }
  }

  it('learns from spans that came through a Collector and Kafka', async () => {
    const progress = async (): Promise<unknown> => ({
      load: stack.program('load')?.log(3),
      spans: await metric('medoscope_spans_total'),
      observations: await metric('medoscope_observations_learned_total'),
      model: await metric('medoscope_model_version'),
    })
    await until('a first model', async () => (await metric('medoscope_live')) === 1, progress)
    await until(
      'the present',
      () => stack.program('load')?.log().includes('the history is sent'),
      progress,
    )
    // A second model is made from twice as much.
    const isBetter = async (): Promise<boolean> =>
      ((await metric('medoscope_model_version')) ?? 0) >= 2
    await until('a better model', isBetter, progress)
    expect(await metric('medoscope_undecodable_records_total')).toBe(0)
  })

  it.skipIf(programs.grafana === null)(
    'shows in Grafana that nothing is strange, without alarming anybody',
    async () => {
      const browser = await openBrowser()
      // Its absence is told of by the pictures of a fault, below.
      if (browser === null) return
      const url = `${stack.url('grafana')}/d/medoscope-anomalies?kiosk&from=now-3m&to=now`
      const file = join(folder, 'quiet.png')
      mkdirSync(folder, { recursive: true })
      const text = await takePicture(browser, { url, file, width: 1400, height: 900 })
      await browser.close()
      expect(text).toContain('At a glance')
      expect(text).toMatch(/Since\s+–/)
      expect(text).not.toMatch(/does not have a time field|no data to show/i)
    },
  )

  it('tells a web hook of a fault: the right service, with a runbook that opens', async () => {
    const started = await flip(FAULT, 'on')
    const labels = { service: GUILTY }
    const seen = async (): Promise<unknown> => ({ told: told(), clusters: await clusters() })
    const first = await until('the alert', () => receiver.find('firing', labels), seen)
    delays['alert_s'] = Math.round((first.atMs - started) / 1000)
    // It may begin as a warning: its first seconds hold calls from before the fault.
    const page = { ...labels, alertname: 'MedoscopeAnomalyClusterCritical', severity: 'critical' }
    const alert = await until('the page', () => receiver.find('firing', page), seen)
    delays['page_s'] = Math.round((alert.atMs - started) / 1000)
    expect(alert.receiver).toBe('page')
    expect(alert.annotations['description']).toMatch(/of the calls deviate, normally/)
    const runbook = new URL(alert.annotations['runbook_url'] ?? '')
    const opened = await fetch(`${stack.url('medoscope')}${runbook.pathname}`)
    expect(await opened.text()).toContain('# MedoscopeAnomalyClusterCritical')
    const cluster = new URL(alert.annotations['cluster_url'] ?? '')
    const text = await (await fetch(`${stack.url('medoscope')}${cluster.pathname}`)).text()
    expect(text).toContain(GUILTY)
  })

  it.skipIf(programs.grafana === null)('shows it in Grafana, and in pictures', async () => {
    const shown = withData.get('medoscope-anomalies')
    const wanted = ['Open anomaly clusters', 'The day as lanes']
    await until(
      'the panels of the cluster',
      async () => {
        await lookAtPanels()
        return wanted.every((title) => shown?.has(title))
      },
      () => [...(shown ?? [])],
    )
    const browser = await openBrowser()
    if (browser === null) {
      if (process.env['CI']) throw new Error('Chromium is missing, and CI must not skip')
      console.warn('SKIPPED: pictures need Chromium')
      return
    }
    // Pictures that are kept show a fault that has lasted.
    if (process.env['PICTURES']) await delay(20_000)
    mkdirSync(folder, { recursive: true })
    const base = stack.url('grafana')
    const dashboard = async (uid: string, height: number): Promise<void> => {
      const file = join(folder, `${uid.replace('medoscope-', '')}.png`)
      const url = `${base}/d/${uid}?kiosk&from=now-8m&to=now`
      const text = await takePicture(browser, { url, file, width: 1400, height })
      expect(text).not.toMatch(/panel plugin not found|failed to load|bad_data|parse error/i)
      expect(text).toContain('At a glance')
    }
    const cluster = async (): Promise<void> => {
      const { clusters: open } = (await clusters()) as {
        clusters: { id: string; suspect: string }[]
      }
      const id = open.find(({ suspect }) => suspect === GUILTY)?.id
      expect(id, JSON.stringify(open)).toBeDefined()
      const url = `${stack.url('medoscope')}/clusters/${id}`
      const file = join(folder, 'cluster.png')
      expect(await takePicture(browser, { url, file, width: 1200, height: 900 })).toMatch(/fails/)
    }
    // All at once: the fault goes on meanwhile.
    await Promise.all([
      dashboard('medoscope-anomalies', 1160),
      dashboard('medoscope-health', 1240),
      cluster(),
    ])
    await browser.close()
  })

  it('tells when the fault is over', async () => {
    const mended = await flip(FAULT, 'off')
    const labels = { service: GUILTY }
    const alert = await until(
      'the end of the alert',
      () => receiver.end(labels, mended),
      async () => ({ told: told(), clusters: await clusters() }),
    )
    delays['resolved_s'] = Math.round((alert.atMs - mended) / 1000)
    const guilty = receiver.told.filter((one) => one.labels['service'] === GUILTY)
    const changes = guilty.map(({ status, labels: { alertname, cluster, severity } }) =>
      [status, alertname, cluster, severity].join(' '),
    )
    process.stderr.write(`${[...new Set(changes)].join('\n')}\n`)
  })

  /** What was told beside what these tests caused, in words. */
  function others(expected: (alert: ToldAlert) => boolean): string[] {
    const rest = receiver.told.filter((alert) => !expected(alert))
    const words = rest.map(({ status, labels, annotations }) =>
      labels['alertname'] === 'Watchdog'
        ? 'Watchdog'
        : `${status} ${annotations['summary']}: ${annotations['description']}`,
    )
    return [...new Set(words)]
  }

  it('tells of nothing else but the watchdog', () => {
    expect(others(({ labels }) => labels['service'] === GUILTY)).toEqual(['Watchdog'])
    const watchdog = receiver.told.find(({ labels }) => labels['alertname'] === 'Watchdog')
    expect(watchdog?.receiver).toBe('dead-man')
  })

  it('tells of a changed mix of requests as drift, and of its end', async () => {
    const series = (name: string): string =>
      `medoscope_drift_${name}{stratum="(all)",stream="share"}`
    const seen = async (): Promise<unknown> => ({
      told: told(),
      state: await metric(series('state')),
      threshold: await metric(series('threshold')),
      statistic: await metric(series('statistic')),
    })
    await until(
      'a reference of the mix',
      async () => ((await metric(series('threshold'))) ?? 0) > 0,
      seen,
    )
    expect(await metric(series('state'))).toBe(0)
    const changed = await flip('mix', 'on')
    const labels = { alertname: 'MedoscopeDrift', stratum: '(all)', stream: 'share' }
    const alert = await until('the drift alert', () => receiver.find('firing', labels), seen)
    delays['drift_s'] = Math.round((alert.atMs - changed) / 1000)
    expect(alert.receiver).toBe('team')
    expect(alert.annotations['runbook_url']).toMatch(/drift\.md$/)
    const back = await flip('mix', 'off')
    const isOver = (): ToldAlert | undefined => receiver.end(labels, back)
    const over = await until('the end of drift', isOver, seen)
    delays['drift_over_s'] = Math.round((over.atMs - back) / 1000)
    const rest = others(
      ({ labels: { service, alertname } }) => service === GUILTY || alertname === 'MedoscopeDrift',
    )
    expect(rest).toEqual(['Watchdog'])
  })

  it.skipIf(programs.grafana === null || programs.loki === null)(
    'leaves no panel empty',
    async () => {
      const titles = new Map<string, string[]>()
      for (const uid of DASHBOARDS) titles.set(uid, await panelTitles(stack.url('grafana'), uid))
      const empty = (): string[] =>
        DASHBOARDS.flatMap((uid) =>
          (titles.get(uid) ?? []).filter((title) => !withData.get(uid)?.has(title)),
        ).filter((title) => !MAY_BE_EMPTY.includes(title))
      const areFull = async (): Promise<boolean> => {
        await lookAtPanels()
        return empty().length === 0
      }
      await until('data in every panel', areFull, empty)
    },
  )

  it('has rules that all have been evaluated without error', async () => {
    const response = await fetch(`${stack.url('prometheus')}/api/v1/rules`)
    const { data } = (await response.json()) as {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }
    }
    const rules = data.groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThanOrEqual(19)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
  })

  it('says that medoscope is down, and is told so by Prometheus alone', async () => {
    const stopped = Date.now()
    await stack.program('medoscope')?.stop()
    // The other alerts of the job are muted meanwhile.
    const labels = { alertname: 'MedoscopeDown' }
    const alert = await until('the alert', () => receiver.find('firing', labels), told)
    delays['down_s'] = Math.round((alert.atMs - stopped) / 1000)
    process.stderr.write(`${JSON.stringify(delays)}\n`)
    expect(alert.receiver).toBe('page')
  })
})
