import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './figures.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const COLUMNS = 16
/** How often the process's memory is looked at; its high-water mark is what is read. */
const LOOK_MS = 50

/** Whether `medoscope cluster` and the reader of Parquet are there. */
export function hasClusterCommand(): boolean {
  return existsSync(join(ROOT, 'src/cli/cluster.ts'))
}

/** The command on a million rows of Parquet: from its start to its exit, all that it writes included. */
export async function millionRows(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'million-'))
  try {
    const file = join(folder, 'million.parquet')
    await writeParquet(file)
    const start = performance.now()
    const command = ['cluster', file, '--k', '60', '--distance', 'euclidean', '--json']
    const child = spawn(process.execPath, [join(ROOT, 'bin/medoscope.js'), ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    let megabytes = 0
    let cpuSeconds = 0
    const look = setInterval(() => {
      cpuSeconds = Math.max(cpuSeconds, processorSeconds(child.pid ?? 0))
      megabytes = Math.max(megabytes, mostResident(child.pid ?? 0))
    }, LOOK_MS)
    const [code] = await once(child, 'exit')
    clearInterval(look)
    if (code !== 0) throw new Error(`medoscope cluster ended with ${code}.`)
    const seconds = (performance.now() - start) / 1000
    const what = 'medoscope cluster, n 1,000,000, p 16, k 60, from Parquet, its output written'
    return [
      { name: 'million_s', value: seconds, what: `seconds, ${what}`, bar: 'under 60' },
      { name: 'million_cpu_s', value: cpuSeconds, what: 'processor time of all threads', bar: '' },
      {
        name: 'million_mb',
        value: megabytes,
        what: `MB resident at most, ${what}`,
        bar: 'under 2,000',
      },
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** 60 overlapping groups, made by the database itself. */
async function writeParquet(file: string): Promise<void> {
  // By a name that is not literal: where there is no reader of Parquet there is no such package.
  const name: string = '@duckdb/node-api'
  const { DuckDBInstance } = await import(name)
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const noise = '(random() + random() + random() - 1.5)'
  const columns = Array.from({ length: COLUMNS }, (_, j) => {
    const mix = `sin((i % 60) * 12.9898 + ${j} * 78.233) * 43758.5453`
    return `(10 * (${mix} - floor(${mix})) + 2 * ${noise})::FLOAT AS x${j}`
  })
  await connection.run('SELECT setseed(0.5)')
  await connection.run(
    `COPY (SELECT ${columns.join(', ')} FROM range(1000000) t(i)) TO '${file}' (FORMAT parquet)`,
  )
  connection.closeSync()
}

function mostResident(pid: number): number {
  try {
    const [, kib] = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/) ?? []
    return (Number(kib ?? 0) * 1024) / 1e6
  } catch {
    return 0
  }
}

/** Ticks of 10 ms in user and system mode: fields 14 and 15, counted behind the name in brackets. */
function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
  } catch {
    return 0
  }
}
