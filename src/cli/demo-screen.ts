import type { Anomaly } from '../contract/anomaly.ts'
import type { AnomalyClusterChange } from '../contract/anomaly-cluster.ts'
import type { InstalledModel } from '../contract/installed-model.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import type { DemoScenario } from '../simulate/demo-scenario.ts'
import { binomialBand } from './binomial-band.ts'
import { contrastText } from './contrast.ts'
import type { DemoResult, FaultRow } from './demo-tally.ts'
import type { styler } from './style.ts'

const SHOWN_A_FAULT = 3

/** What the demo prints while it runs, in the order of data time. */
export class DemoScreen {
  readonly #write: (line: string) => void
  readonly #style: ReturnType<typeof styler>
  readonly #scenario: DemoScenario
  readonly #startMs: number
  #chapter = -1
  #ended = -1
  #shown = 0
  #contrasted = false
  #learningAt = 0

  constructor(
    write: (line: string) => void,
    style: ReturnType<typeof styler>,
    scenario: DemoScenario,
    startMs: number,
  ) {
    this.#write = write
    this.#style = style
    this.#scenario = scenario
    this.#startMs = startMs
  }

  begin(endpoint: string): void {
    const { tracesPerSecond, durationMs } = this.#scenario
    this.#write(this.#style('bold', 'medoscope demo'))
    this.#write(
      `A simulated shop sends ${tracesPerSecond} traces a second, and what its services log, as OTLP to ${endpoint},`,
    )
    this.#write(`${Math.round(durationMs / 60_000)} minutes of its time as fast as they go.`)
    this.#write('')
  }

  /** Progress of learning, every ten seconds of data time, until the first fault. */
  learning(status: DetectorStatus): void {
    const at = status.clockMs - this.#startMs
    if (at < this.#learningAt || this.#chapter >= 0) return
    this.#learningAt = (Math.floor(at / 10_000) + 1) * 10_000
    const { have, neededToFlag } = status.calibration
    const live = status.strata.filter(({ state }) => state === 'live').length
    const missing = Math.max(0, neededToFlag - have)
    const next = missing > 0 ? `${missing} more until alpha can be kept` : 'judging'
    this.#line(
      at,
      `${status.state.padEnd(8)} ${status.learned} traces, ${live} of ${status.strata.length} ` +
        `entry operations have a model, calibrated on ${have}: ${next}`,
    )
  }

  installed({ version, strata, installedMs, calibrated, clusters }: InstalledModel): void {
    this.#line(
      installedMs - this.#startMs,
      `${this.#style('green', `model ${version}`)}  ${clusters.length} normal clusters of ${strata} ` +
        `entry operations, calibrated on ${calibrated} traces`,
    )
  }

  /** Data time has come this far: announces faults that begin or end. */
  advance(clockMs: number): void {
    const { faults, titles } = this.#scenario
    for (;;) {
      const open = faults[this.#ended + 1]
      if (this.#ended < this.#chapter && open && clockMs >= this.#startMs + open.toMs) {
        this.#ended++
        this.#line(open.toMs, this.#style('dim', `fault ${this.#ended + 1} ends`))
        continue
      }
      const next = faults[this.#chapter + 1]
      if (!next || clockMs < this.#startMs + next.fromMs) return
      this.#chapter++
      this.#shown = 0
      const head = `fault ${this.#chapter + 1} of ${faults.length}: ${next.kind} in ${next.service}.`
      this.#write('')
      this.#line(next.fromMs, `${this.#style('yellow', head)} ${titles[this.#chapter] ?? ''}`)
    }
  }

  anomaly(anomaly: Anomaly, injected: boolean): void {
    if (!injected || this.#chapter < 0) return
    const { verdict, summary } = anomaly
    if (this.#shown < SHOWN_A_FAULT) {
      this.#shown++
      this.#line(verdict.timeMs - this.#startMs, `${this.#style('red', 'anomaly')}  ${summary}`)
    }
    const plain = verdict.contributions.some(({ measure }) => measure === 'self_time')
    if (this.#contrasted || !plain || verdict.reason !== 'time') return
    this.#contrasted = true
    this.#write(indented(contrastText(anomaly, this.#style)))
  }

  cluster({ change, timeMs, cluster }: AnomalyClusterChange): void {
    if (change !== 'opened' && change !== 'closed') return
    const head =
      change === 'opened' ? this.#style('red', 'CLUSTER') : this.#style('green', 'closed ')
    const suspect = change === 'opened' ? ` [suspect: ${cluster.services[0] ?? '?'}]` : ''
    this.#line(timeMs - this.#startMs, `${head}  ${cluster.sentence}${suspect}`)
  }

  end(result: DemoResult, alpha: number): void {
    const { normal, flagged, falseClusters, faults } = result
    this.#write('')
    for (const line of tableLines(faults)) this.#write(line)
    this.#write('')
    const [low, high] = binomialBand(normal, alpha, 0.99)
    const rate = normal === 0 ? 0 : flagged / normal
    this.#write(
      `false positives: ${flagged} of ${normal} traces that no fault changed, ` +
        `${(rate / alpha).toFixed(2)} x alpha (${alpha}); ` +
        `99 % band ${(low / normal / alpha).toFixed(2)} to ${(high / normal / alpha).toFixed(2)}`,
    )
    this.#write(
      `false clusters: ${falseClusters} (opened outside every fault; the shop has slow episodes of its own, ` +
        'which two minutes of learning may not have seen)',
    )
  }

  #line(atMs: number, text: string): void {
    const seconds = Math.max(0, Math.floor(atMs / 1000))
    const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
    this.#write(`${this.#style('dim', clock)}  ${text}`)
  }
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `         ${line}`))
    .join('\n')
}

const HEAD = ['fault', 'service', 'anomalies', 'first', 'cluster', 'closed', 'named', '']

/** The last table, aligned; times in seconds of data time. */
function tableLines(rows: readonly FaultRow[]): string[] {
  const seconds = (s: number | null): string => (s === null ? '-' : `${s.toFixed(1)} s`)
  const cells = rows.map((row) => [
    row.kind,
    row.service,
    `${row.anomalies} of ${row.affected}`,
    seconds(row.firstAnomalyS),
    row.clusters === 0 ? '-' : `after ${seconds(row.openedS)}`,
    row.clusters === 0 ? '-' : seconds(row.closedS),
    row.named ?? '-',
    row.named === row.service ? 'guilty' : row.found ? 'another' : 'NOT FOUND',
  ])
  const widths = HEAD.map((head, i) =>
    Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)),
  )
  return [HEAD, ...cells].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
