import { findPrograms } from '../../scripts/stack/find-programs.ts'
import { buildCollector } from '../collector/build-collector.ts'

/**
 * The Collector to test with: OTELCOL, else the one beside the checkout, else one built from the Go
 * module proxy. Null, said loudly, where it cannot be had; in CI that is a fault.
 */
export async function readyCollector(): Promise<string | null> {
  const { collector } = findPrograms()
  if (collector !== null) return collector
  try {
    return await buildCollector()
  } catch (error) {
    if (process.env['CI']) throw error
    console.warn(`SKIPPED: no OpenTelemetry Collector (${String(error)})`)
    return null
  }
}
