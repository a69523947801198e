import { join } from 'node:path'
import { cluster, Dice, folder, percent, say, writeCsv } from '../kit.ts'

/**
 * 20,000 security events, and time to look at 20. By number, logins are what there is to see: medoids stand
 * for as many rows as they can. The risk of each event as its weight, and samples stratified by severity,
 * put in front what is one event in a thousand.
 */
const dice = new Dice(6)
const RISK: Readonly<Record<string, number>> = { low: 1, medium: 5, critical: 100 }
const KINDS = [
  { kind: 'login', severity: 'low', share: 600, bytes: 400, port: 443, failures: 0 },
  { kind: 'wrong password', severity: 'low', share: 250, bytes: 350, port: 443, failures: 2 },
  { kind: 'port scan', severity: 'medium', share: 100, bytes: 60, port: 30_000, failures: 40 },
  { kind: 'brute force', severity: 'medium', share: 48, bytes: 300, port: 22, failures: 300 },
  { kind: 'exfiltration', severity: 'critical', share: 1, bytes: 90_000, port: 8443, failures: 1 },
  { kind: 'privilege gained', severity: 'critical', share: 1, bytes: 900, port: 22, failures: 5 },
]
const urn = KINDS.flatMap((one) => Array<typeof one>(one.share).fill(one))
const events = Array.from({ length: 20_000 }, () => {
  const one = dice.pick(urn)
  const about = (value: number): number => Math.max(0, Math.round(dice.normal(value, value / 5)))
  return {
    severity: one.severity,
    bytes: about(one.bytes),
    port: one.port,
    failures: about(one.failures),
    hour: dice.below(24),
    risk: RISK[one.severity] ?? 1,
    kind: one.kind,
  }
})
const table = writeCsv(join(folder(), 'events.csv'), events)
const critical = KINDS.filter(({ severity }) => severity === 'critical').map(({ kind }) => kind)

function look(name: string, ...more: string[]): void {
  const flags = ['--k', '20', '--ignore', 'kind', '--method', 'onebatch', ...more]
  const { medoids } = cluster(table, ...flags)
  const kinds = new Set(medoids.map(({ values }) => values['kind']))
  const seen = critical.filter((kind) => kinds.has(kind))
  say(
    `${name}: ${kinds.size} of ${KINDS.length} kinds, critical ones ${seen.length} of ${critical.length}`,
  )
}

const rare = events.filter(({ severity }) => severity === 'critical').length
say(`${events.length} events, ${rare} critical (${percent(rare / events.length)}), 20 to look at`)
look('by number          ', '--ignore', 'risk')
look('by risk, stratified', '--weights', 'risk', '--stratify', 'severity')
