import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the programs of the stack are; null = not found. */
export interface FoundPrograms {
  readonly prometheus: string | null
  readonly alertmanager: string | null
  /** Home folder with the binary in it. */
  readonly grafana: string | null
  readonly loki: string | null
  readonly collector: string | null
}

/** What to do about a program that is missing. */
export const ADVICE: Readonly<Record<keyof FoundPrograms, string>> = {
  prometheus: 'apt-get install prometheus',
  alertmanager: 'apt-get install prometheus-alertmanager',
  grafana: 'set GRAFANA_HOME to the folder of a Grafana',
  loki: 'set LOKI to a Loki binary',
  collector: 'set OTELCOL to an OpenTelemetry Collector with the Kafka receiver and exporter',
}

const UNPACK = fileURLToPath(new URL('../../../shared/tools/stack/unpack.sh', import.meta.url))

/**
 * Looks on the PATH, in GRAFANA_HOME, LOKI and OTELCOL, and for what is left in the folder beside the
 * checkout that may hold ready ones.
 */
export function findPrograms(): FoundPrograms {
  const { env } = process
  const given = {
    grafana: env['GRAFANA_HOME'],
    loki: env['LOKI'],
    collector: env['OTELCOL'],
  }
  const complete = Object.values(given).every((one) => one !== undefined && one !== '')
  const unpacked = complete ? {} : unpack()
  const existing = (path: string | undefined): string | null =>
    path !== undefined && path !== '' && existsSync(path) ? path : null
  const grafana = existing(given.grafana) ?? existing(unpacked['GRAFANA_HOME'])
  return {
    prometheus: onPath('prometheus'),
    alertmanager: onPath('prometheus-alertmanager') ?? onPath('alertmanager'),
    grafana: grafana !== null && grafanaBinary(grafana) !== null ? grafana : null,
    loki: existing(given.loki) ?? onPath('loki') ?? existing(unpacked['LOKI']),
    collector: existing(given.collector) ?? existing(unpacked['OTELCOL']),
  }
}

/** The binary in a Grafana's home, which releases keep in `bin`. */
export function grafanaBinary(home: string): string | null {
  const candidates = [join(home, 'bin', 'grafana'), join(home, 'grafana')]
  return candidates.find((path) => existsSync(path)) ?? null
}

function onPath(name: string): string | null {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined ? name : null
}

function unpack(): Record<string, string> {
  if (!existsSync(UNPACK) || process.platform !== 'linux' || process.arch !== 'x64') return {}
  const said = execFileSync(UNPACK, { encoding: 'utf8' })
  return Object.fromEntries(
    said
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  )
}
