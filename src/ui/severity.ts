import type { Severity } from '../contract/anomaly-cluster.ts'
import { type Html, html } from './html.ts'

export function severityBadge(severity: Severity): Html {
  return html`<span class="badge ${severity}">${severity}</span>`
}
