/** A panel of a dashboard file, as far as asking for its data goes. */
interface PanelFile {
  readonly title: string
  readonly type: string
  readonly targets?: readonly TargetFile[]
  readonly panels?: readonly PanelFile[]
}

interface TargetFile {
  readonly refId: string
  readonly expr: string
  readonly datasource: { readonly type: string }
  readonly [key: string]: unknown
}

/**
 * Asks a real Grafana for the data of every panel of a dashboard it has provisioned, as its own page
 * does, and resolves to the titles of those that came back with at least one row.
 */
export async function panelsWithData(
  grafana: string,
  uid: string,
  minutes: number,
): Promise<Set<string>> {
  const found = new Set<string>()
  for (const panel of await panelsOf(grafana, uid)) {
    if (await hasData(grafana, panel, minutes)) found.add(panel.title)
  }
  return found
}

export async function panelTitles(grafana: string, uid: string): Promise<string[]> {
  return (await panelsOf(grafana, uid)).map(({ title }) => title)
}

async function panelsOf(grafana: string, uid: string): Promise<PanelFile[]> {
  const response = await fetch(`${grafana}/api/dashboards/uid/${uid}`)
  if (!response.ok) throw new Error(`Grafana has no dashboard ${uid}: ${response.status}`)
  const { dashboard } = (await response.json()) as { dashboard: { panels: PanelFile[] } }
  return dashboard.panels
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .filter(({ type }) => type !== 'row')
}

async function hasData(grafana: string, panel: PanelFile, minutes: number): Promise<boolean> {
  const to = Date.now()
  const queries = (panel.targets ?? []).map((target) => ({
    ...target,
    // Uids as provisioned: the type's name.
    datasource: { type: target.datasource.type, uid: target.datasource.type },
    expr: target.expr.replace(/\$(job|service|instance)\b/g, '.*'),
    intervalMs: 5000,
    maxDataPoints: 500,
  }))
  const response = await fetch(`${grafana}/api/ds/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queries, from: String(to - minutes * 60_000), to: String(to) }),
  })
  const { results = {} } = (await response.json()) as {
    results?: Record<string, { error?: string; frames?: { data: { values: unknown[][] } }[] }>
  }
  for (const [refId, { error }] of Object.entries(results)) {
    if (error) throw new Error(`${panel.title}, query ${refId}: ${error}`)
  }
  return Object.values(results).some(({ frames = [] }) =>
    frames.some(({ data }) => (data.values[0]?.length ?? 0) > 0),
  )
}
