import { describe, expect, it } from 'vitest'
import { driftView } from '../../../src/detector/drift-view.ts'
import { DriftMonitor } from '../../../src/drift/drift-monitor.ts'
import { feedDrift } from '../../../src/io/telemetry/drift-metrics.ts'
import { Metrics } from '../../../src/io/telemetry/metrics.ts'
import { detectorSettings } from '../../detector-settings.ts'

describe('metrics of drift', () => {
  it('name the strata by their text, all strata as (all), and say how many are not listed', async () => {
    const monitor = new DriftMonitor(detectorSettings().drift)
    for (let i = 0; i < 60; i++) for (let n = 0; n <= i; n++) monitor.observe(i, 0.5, 1, n)
    const metrics = new Metrics(false)
    feedDrift(
      metrics,
      driftView(monitor, (id) => `gateway GET /${id}`),
    )
    const lines = (await metrics.render()).split('\n')
    const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}{`))
    expect(of('medoscope_drift_state')).toHaveLength(1 + 50 * 2)
    expect(of('medoscope_drift_state')).toContain(
      'medoscope_drift_state{stratum="(all)",stream="share"} 0',
    )
    expect(of('medoscope_drift_statistic')).toContain(
      'medoscope_drift_statistic{stratum="gateway GET /59",stream="distance"} 0',
    )
    expect(lines).toContain('medoscope_drift_strata_unlisted 10')
    expect(of('medoscope_drift_changes_total')).toContain(
      'medoscope_drift_changes_total{state="drifting"} 0',
    )
  })

  it('say 2 for a stream that drifts, with its distance in thresholds', async () => {
    const metrics = new Metrics(false)
    const common = { stratum: null, stream: 'share', observations: 9 } as const
    const changes = { learning: 0, stable: 1, suspected: 1, drifting: 1 }
    const status = [{ ...common, state: 'drifting', ratio: 2.5, threshold: 0.12 } as const]
    feedDrift(metrics, { status, changes, setAside: 7 })
    const text = await metrics.render()
    expect(text).toContain('medoscope_drift_state{stratum="(all)",stream="share"} 2\n')
    expect(text).toContain('medoscope_drift_statistic{stratum="(all)",stream="share"} 2.5\n')
    expect(text).toContain('medoscope_drift_threshold{stratum="(all)",stream="share"} 0.12\n')
    expect(text).toContain('medoscope_drift_blocks_set_aside_total 7\n')
  })
})
