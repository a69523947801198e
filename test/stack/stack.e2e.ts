import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPrograms } from '../../scripts/stack/find-programs.ts'
import { Stack, type StackPorts, USUAL_PORTS } from '../../scripts/stack/stack.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { kafkaBrokers } from '../kafka-broker.ts'
import { AlertReceiver, type ToldAlert } from './alert-receiver.ts'
import { panelsWithData, panelTitles } from './panel-queries.ts'
import { openBrowser, takePicture } from './pictures.ts'
import { readyCollector } from './ready-collector.ts'

/** Traces a second. At this rate there is a first model after a minute and a half. */
const RATE = 60
const GUILTY = 'pricing'
const DASHBOARDS = ['medoscope-anomalies', 'medoscope-health'] as const
/**
 * Blocks of 400 traces: those of all traffic together take seven seconds, so the mix of requests is
 * watched after three minutes; those of one entry take too long for this test to judge them.
 */
const QUICK_DRIFT = [
  'drift.block=1s',
  'drift.block_observations=400',
  'drift.window_blocks=4',
  'drift.least_reference_blocks=20',
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

async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T> | T,
): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>
    await delay(500)
  }
  throw new Error(`${what}: not within ${seconds} s`)
}

describe.skipIf(missing)('the whole stack with real programs', () => {
  const dir = mkdtempSync(join(tmpdir(), 'medoscope-stack-'))
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
      set: ['model.refresh=1m', ...QUICK_DRIFT],
      scrapeSeconds: 1,
      webhook: receiver.url,
      say: (line) => process.stderr.write(`${line}\n`),
    })
    await stack.start()
  })

  afterAll(async () => {
    for (const name of ['medoscope', 'load', 'collector']) {
      const program = stack?.program(name)
      if (program && !program.running) console.warn(`${name} ended by itself:\n${program.log()}`)
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
    await until('a first model', 240, async () => (await metric('medoscope_live')) === 1)
    expect(await metric('medoscope_undecodable_records_total')).toBe(0)
    // A second model is made from three times as much.
    await until(
      'a better model',
      180,
      async () => ((await metric('medoscope_model_version')) ?? 0) >= 2,
    )
  })

  it('tells a web hook of a fault: the right service, with a runbook that opens', async () => {
    const started = await flip('slow_dependency', 'on')
    const labels = { alertname: 'MedoscopeAnomalyCluster', service: GUILTY }
    const alert = await until('the alert', 180, () => receiver.find('firing', labels)).catch(
      async (error: unknown) => {
        const response = await fetch(`${stack.url('medoscope')}/api/v1/anomaly-clusters`)
        const told = receiver.told.map(({ status, labels }) => ({ status, ...labels }))
        throw new Error(`${String(error)}; told: ${JSON.stringify(told)}; ${await response.text()}`)
      },
    )
    delays['alert_s'] = Math.round((alert.atMs - started) / 1000)
    expect(alert.receiver).toBe('page')
    expect(alert.labels).toMatchObject({
      severity: 'critical',
      term: 'self_time',
      direction: 'high',
    })
    expect(alert.annotations['description']).toMatch(/of the calls deviate, normally/)
    const runbook = new URL(alert.annotations['runbook_url'] ?? '')
    const page = await fetch(`${stack.url('medoscope')}${runbook.pathname}`)
    expect(await page.text()).toContain('# MedoscopeAnomalyCluster')
    const cluster = new URL(alert.annotations['cluster_url'] ?? '')
    const text = await (await fetch(`${stack.url('medoscope')}${cluster.pathname}`)).text()
    expect(text).toContain(GUILTY)
  })

  it.skipIf(programs.grafana === null)('shows it in Grafana, and in pictures', async () => {
    // Time for the accumulated evidence, and for Loki to have it.
    await delay(20_000)
    await lookAtPanels()
    const shown = withData.get('medoscope-anomalies')
    expect(shown).toContain('Open anomaly clusters')
    expect(shown).toContain('What was strange, where and when')
    const browser = await openBrowser()
    if (browser === null) {
      if (process.env['CI']) throw new Error('Chromium is missing, and CI must not skip')
      console.warn('SKIPPED: pictures need Chromium')
      return
    }
    const folder = process.env['PICTURES'] ?? dir
    mkdirSync(folder, { recursive: true })
    const base = stack.url('grafana')
    for (const [uid, height] of [
      ['medoscope-anomalies', 1160],
      ['medoscope-health', 1240],
    ] as const) {
      const file = join(folder, `${uid.replace('medoscope-', '')}.png`)
      const url = `${base}/d/${uid}?kiosk&from=now-8m&to=now`
      const text = await takePicture(browser, { url, file, width: 1400, height })
      expect(text).not.toMatch(/panel plugin not found|failed to load|bad_data|parse error/i)
      expect(text).toContain('At a glance')
    }
    const { clusters } = (await (
      await fetch(`${stack.url('medoscope')}/api/v1/anomaly-clusters`)
    ).json()) as {
      clusters: { id: string; services: string[] }[]
    }
    const id = clusters.find(({ services }) => services[0] === GUILTY)?.id ?? ''
    const url = `${stack.url('medoscope')}/clusters/${id}`
    const text = await takePicture(browser, {
      url,
      file: join(folder, 'cluster.png'),
      width: 1200,
      height: 900,
    })
    expect(text).toMatch(/slower/)
    await browser.close()
  })

  it('tells when the fault is over', async () => {
    const mended = await flip('slow_dependency', 'off')
    const labels = { alertname: 'MedoscopeAnomalyCluster', service: GUILTY }
    const alert = await until('the end of the alert', 300, () =>
      receiver.find('resolved', labels, mended),
    )
    delays['resolved_s'] = Math.round((alert.atMs - mended) / 1000)
    const told = receiver.told.filter((one) => one.labels['service'] === GUILTY)
    const changes = told.map(({ status, labels: { cluster, severity, term, place } }) =>
      [status, cluster, severity, term, place].join(' '),
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
    const drift = 'medoscope_drift_state{stratum="(all)",stream="share"}'
    await until(
      'a reference of the mix',
      240,
      async () => (await metric('medoscope_drift_threshold{stratum="(all)",stream="share"}')) !== 0,
    )
    expect(await metric(drift)).toBe(0)
    const changed = await flip('mix', 'on')
    const labels = { alertname: 'MedoscopeDrift', stratum: '(all)', stream: 'share' }
    const alert = await until('the drift alert', 180, () => receiver.find('firing', labels))
    delays['drift_s'] = Math.round((alert.atMs - changed) / 1000)
    expect(alert.receiver).toBe('team')
    expect(alert.annotations['runbook_url']).toMatch(/drift\.md$/)
    const back = await flip('mix', 'off')
    const over = await until('the end of drift', 300, () => receiver.find('resolved', labels, back))
    delays['drift_over_s'] = Math.round((over.atMs - back) / 1000)
    const told = others(
      ({ labels: { service, alertname } }) => service === GUILTY || alertname === 'MedoscopeDrift',
    )
    expect(told).toEqual(['Watchdog'])
  })

  it.skipIf(programs.grafana === null || programs.loki === null)(
    'leaves no panel empty',
    async () => {
      await delay(15_000)
      await lookAtPanels()
      for (const uid of DASHBOARDS) {
        const titles = await panelTitles(stack.url('grafana'), uid)
        const shown = withData.get(uid) ?? new Set()
        const empty = titles.filter((title) => !shown.has(title) && !MAY_BE_EMPTY.includes(title))
        expect(empty, uid).toEqual([])
      }
      process.stderr.write(`${JSON.stringify(delays)}\n`)
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
    // `for: 2m` of the real rule; the other alerts of the job are muted meanwhile.
    await stack.program('medoscope')?.stop()
    const alert = await until('the alert', 200, () =>
      receiver.find('firing', { alertname: 'MedoscopeDown' }),
    )
    expect(alert.receiver).toBe('page')
  })
})
