import { writeFileSync } from 'node:fs'
import { anomaliesDashboard } from './anomalies.ts'
import { dashboard } from './dashboard.ts'
import { healthDashboard } from './health.ts'

/** The dashboards by the name of their file. */
export const DASHBOARDS = {
  'anomalies.json': anomaliesDashboard,
  'health.json': healthDashboard,
} as const

/** The text of a dashboard's file. */
export function dashboardText(name: keyof typeof DASHBOARDS): string {
  return `${JSON.stringify(dashboard(DASHBOARDS[name]), null, 2)}\n`
}

// npm run dashboards
if (import.meta.main) {
  for (const name of Object.keys(DASHBOARDS) as (keyof typeof DASHBOARDS)[]) {
    writeFileSync(new URL(name, import.meta.url), dashboardText(name))
  }
}
