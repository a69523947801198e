import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { findPrograms } from '../../scripts/stack/find-programs.ts'

const path = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const { collector, loki } = findPrograms()
if (collector === null)
  console.warn('SKIPPED: no Collector to validate config/collector*.yaml with (OTELCOL)')
if (loki === null) console.warn('SKIPPED: no Loki to validate config/loki.yaml with (LOKI)')

describe.skipIf(collector === null)('the Collector', () => {
  const validate = (...files: string[]): number | null =>
    spawnSync(collector ?? '', ['validate', ...files.map((file) => `--config=${file}`)]).status

  it.each([
    [['collector.yaml']],
    [['collector-anomalies.yaml']],
    [['collector.yaml', 'collector-anomalies.yaml', 'collector-jaeger.yaml']],
  ])('takes %j', (files) => {
    expect(validate(...files.map((file) => path(`config/${file}`)))).toBe(0)
  })

  it('would refuse a key that is not there', () => {
    const dir = mkdtempSync(join(tmpdir(), 'medoscope-config-'))
    const broken = join(dir, 'collector.yaml')
    const text = readFileSync(path('config/collector.yaml'), 'utf8')
    writeFileSync(broken, text.replace('partition_traces_by_id', 'partition_traces_by'))
    expect(validate(broken)).not.toBe(0)
    rmSync(dir, { recursive: true })
  })
})

describe.skipIf(loki === null)('Loki', () => {
  it('takes its configuration', () => {
    const args = [
      `-config.file=${path('config/loki.yaml')}`,
      '-config.expand-env=true',
      '-verify-config',
    ]
    const dir = mkdtempSync(join(tmpdir(), 'medoscope-loki-'))
    execFileSync(loki ?? '', args, { env: { ...process.env, LOKI_DIR: dir }, stdio: 'ignore' })
    rmSync(dir, { recursive: true })
  })
})

describe("Grafana's provisioning", () => {
  const sources = parse(
    readFileSync(path('config/grafana/provisioning/datasources/medoscope.yaml'), 'utf8'),
  ) as { datasources: { uid: string; type: string; url: string; isDefault?: boolean }[] }

  it('has one data source of each kind that the dashboards choose from, one of them the default', () => {
    const types = sources.datasources.map(({ type }) => type)
    expect(new Set(types).size).toBe(types.length)
    expect(sources.datasources.filter(({ isDefault }) => isDefault)).toHaveLength(1)
    for (const file of readdirSync(path('dashboards')).filter((name) => name.endsWith('.json'))) {
      const text = readFileSync(path(`dashboards/${file}`), 'utf8')
      for (const [, type] of text.matchAll(/"datasource": \{\s+"type": "(\w+)"/g)) {
        expect(types).toContain(type)
      }
    }
  })

  it('refers to its own data sources only, and takes addresses from the environment', () => {
    const text = JSON.stringify(sources)
    const uids = sources.datasources.map(({ uid }) => uid)
    for (const [, uid] of text.matchAll(/"datasourceUid":"(\w+)"/g)) expect(uids).toContain(uid)
    for (const { url } of sources.datasources) expect(url).toMatch(/^\$\{[A-Z]+_URL\}$/)
  })
})
