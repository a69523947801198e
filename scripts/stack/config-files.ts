import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { StackPorts } from './ports.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

type Tree = Record<string, unknown>

/** Path of a file in config/. */
export function config(file: string): string {
  return join(ROOT, 'config', file)
}

/** config/prometheus.yml with the addresses of this stack. */
export function prometheusConfig(
  ports: StackPorts,
  scrapeSeconds: number | null,
  rules: string,
): string {
  const file = parse(readFileSync(config('prometheus.yml'), 'utf8')) as Tree
  const target = (port: number): Tree[] => [{ targets: [`127.0.0.1:${port}`] }]
  file['rule_files'] = [rules]
  file['alerting'] = { alertmanagers: [{ static_configs: target(ports.alertmanager) }] }
  file['scrape_configs'] = (file['scrape_configs'] as Tree[]).map((job) => ({
    ...job,
    static_configs: target(ports.medoscope),
  }))
  if (scrapeSeconds !== null) {
    const every = `${scrapeSeconds}s`
    file['global'] = { scrape_interval: every, evaluation_interval: every }
  }
  return stringify(file)
}

/** The rules of config/rules with these `for:`; throws where there is no such alert. */
export function ruleFile(waits: Readonly<Record<string, string>>): string {
  const file = parse(readFileSync(config('rules/medoscope.rules.yml'), 'utf8')) as {
    groups: { rules: Tree[] }[]
  }
  const rules = file.groups.flatMap((group) => group.rules)
  for (const [alert, wait] of Object.entries(waits)) {
    const rule = rules.find((one) => one['alert'] === alert)
    if (rule?.['for'] === undefined) throw new Error(`No alert ${alert} waits for anything`)
    rule['for'] = wait
  }
  return stringify(file)
}

/** config/alertmanager.yml; with a web hook, told to it at once and again soon, as a test wants it. */
export function alertmanagerConfig(webhook: string | null): string {
  const text = readFileSync(config('alertmanager.yml'), 'utf8')
  if (webhook === null) return text
  const file = parse(text) as { route: Tree & { routes: Tree[] }; receivers: Tree[] }
  const receivers = file.receivers.map((receiver) => ({
    ...receiver,
    webhook_configs: [{ url: `${webhook}/${receiver['name']}`, send_resolved: true }],
  }))
  const quick = { group_wait: '1s', group_interval: '2s' }
  const routes = file.route.routes.map((route) => ({ ...route, ...quick }))
  return stringify({ ...file, route: { ...file.route, ...quick, routes }, receivers })
}
