import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { ROOT } from '../stack/config-files.ts'
import type { AlertLabels, ListedCluster, Telling, WatchRecord } from './cluster-watch.ts'
import { EXPECTED } from './expected.ts'
import { keptRun, spansFile } from './kept-run.ts'
import { THIRD_ROUND_MS } from './run-realapp.ts'
import { type Score, score } from './score.ts'

const run = promisify(execFile)

/** A change of a cluster as the file sink writes it. */
interface ChangeLine {
  readonly type: string
  readonly id: string
  readonly time: string
  readonly state: string
  readonly place: string
  readonly term: string
  readonly services: readonly string[]
  readonly sentence: string
  readonly severity?: string
  readonly alerts?: boolean
  readonly first: string
  readonly opened: string
  readonly closed: string | null
}

/**
 * What this medoscope tells of the spans of an earlier run. Its times are those of the data: what the
 * way through the Collector and Kafka took is missing from the delays.
 */
export async function replayRun(dir: string, signal: AbortSignal): Promise<Score> {
  const { windows, startMs } = keptRun(dir)
  const work = await mkdtemp(join(dir, 'replay-'))
  try {
    const told = join(work, 'told.jsonl')
    const file = join(work, 'medoscope.yaml')
    const config = {
      input: { files: [spansFile(dir)], otlp_http: { enabled: false } },
      output: { file: { path: told } },
      state: { path: join(work, 'state') },
      admin: { enabled: false },
    }
    await writeFile(file, stringify(config))
    const args = [join(ROOT, 'src/main.ts'), 'run', '--config', file]
    await run(process.execPath, args, { signal, maxBuffer: 64 * 1024 * 1024 })
    return score(
      windows,
      recordOf(await readFile(told, 'utf8')),
      EXPECTED,
      startMs + THIRD_ROUND_MS,
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function recordOf(told: string): WatchRecord {
  const changes = told
    .split('\n')
    .filter((line) => line.startsWith('{"type":"anomaly_cluster"'))
    .map((line) => JSON.parse(line) as ChangeLine)
  const tellings = changes.map(tellingOf)
  return {
    tellings,
    alerts: tellings.filter(({ cluster }) => cluster.state === 'open').map(labelsOf),
  }
}

function tellingOf(line: ChangeLine): Telling {
  const cluster: ListedCluster = {
    ...line,
    severity: line.severity ?? 'unknown',
    firstMs: Date.parse(line.first),
    openedMs: Date.parse(line.opened),
    closedMs: line.closed === null ? null : Date.parse(line.closed),
  }
  return { atMs: Date.parse(line.time), cluster }
}

/** As the alert would be labelled. */
function labelsOf({ atMs, cluster }: Telling): AlertLabels {
  const { id, services, severity, suspect } = cluster
  const labels = `service=${suspect ?? services[0] ?? ''} severity=${severity}`
  return { atMs, cluster: id, labels }
}
