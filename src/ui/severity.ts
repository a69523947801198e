import { type Html, html } from './html.ts'

/** How urgent a cluster is. */
export type Severity = 'critical' | 'warning' | 'info'

/** What severities are called on the pages. */
export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  warning: 'warning',
  info: 'information',
}

export function severityBadge(severity: Severity): Html {
  return html`<span class="badge ${severity}">${SEVERITY_WORDS[severity]}</span>`
}
