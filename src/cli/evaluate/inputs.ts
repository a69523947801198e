import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../io/telemetry/log.ts'

/** A line of the verdicts: what `medoscope replay --out` writes, or another detector's. */
export interface VerdictRow {
  readonly id: string
  readonly score: number | null
  readonly p: number | null
  readonly anomalous: boolean
}

/** A line of the anomaly clusters, in the order of the file. */
export interface ClusterRow {
  readonly id: string
  /** Unix s. */
  readonly opened: number
  /** Ranked. */
  readonly services: readonly string[]
  readonly eValue: number
  readonly observations: number
  readonly alerts: boolean
}

/** A line of the labels. */
export interface LabelRow {
  readonly id: string
  /** Unix s. */
  readonly time: number
  /** 1 faulty, 0 normal, -1 undecided. */
  readonly label: number
  /** The incident it lies in, or -1. */
  readonly window: number
  readonly service: string
}

/** An incident. */
export interface Incident {
  /** Unix s. */
  readonly start: number
  readonly end: number
  /** The service at fault. */
  readonly service: string
  readonly visible: boolean
}

export interface Incidents {
  /** Seconds after an incident in which an opened cluster still counts as found. */
  readonly grace: number
  readonly incidents: readonly Incident[]
}

/** Seconds of grace where nothing is said. */
const GRACE_S = 180

type Json = Readonly<Record<string, unknown>>

export async function readVerdicts(path: string): Promise<VerdictRow[]> {
  return readRows(path, (row, at) => ({
    id: textOf(row, 'id', at),
    score: row['score'] == null ? null : numberOf(row, 'score', at),
    p: row['p'] == null ? null : numberOf(row, 'p', at),
    anomalous: row['anomalous'] === true,
  }))
}

/** Without those that never opened; of lines with the same id the last one. */
export async function readClusters(path: string): Promise<ClusterRow[]> {
  const rows = await readRows(path, (row, at) => ({
    id: textOf(row, 'id', at),
    opened: row['opened'] == null ? Number.NaN : timeOf(row, 'opened', at),
    services: Array.isArray(row['services']) ? row['services'].map(String) : [],
    eValue: Number(row['e_value'] ?? 0),
    observations: Number(row['observations'] ?? 0),
    alerts: row['alerts'] !== false,
  }))
  const last = new Map(rows.map((row) => [row.id, row]))
  return [...last.values()]
    .filter(({ opened }) => !Number.isNaN(opened))
    .sort((a, b) => a.opened - b.opened)
}

export async function readLabels(path: string): Promise<LabelRow[]> {
  return readRows(path, (row, at) => ({
    id: textOf(row, 'id', at),
    time: timeOf(row, 'time', at),
    label: numberOf(row, 'label', at),
    window: Number(row['window'] ?? -1),
    service: String(row['service'] ?? ''),
  }))
}

/** A JSON object `{"grace": s, "windows": [{"start", "end", "service", "visible"}]}`, times in unix s or ISO 8601. */
export async function readIncidents(path: string): Promise<Incidents> {
  const at = path
  const whole = objectOf(JSON.parse(await readFile(path, 'utf8')), at)
  const windows = whole['windows']
  if (!Array.isArray(windows)) throw new Error(`${at} wants a list of "windows".`)
  const incidents = windows.map((one, i): Incident => {
    const place = `${at}, window ${i}`
    const row = objectOf(one, place)
    return {
      start: timeOf(row, 'start', place),
      end: timeOf(row, 'end', place),
      service: String(row['service'] ?? ''),
      visible: row['visible'] !== false,
    }
  })
  incidents.sort((a, b) => a.start - b.start)
  return { grace: Number(whole['grace'] ?? GRACE_S), incidents }
}

/** The incidents that labels with a window tell of: from the first to the last observation in each. */
export function incidentsOf(labels: readonly LabelRow[]): Incidents {
  const byWindow = Map.groupBy(
    labels.filter(({ window }) => window >= 0),
    ({ window }) => window,
  )
  const incidents = [...byWindow.values()].map((rows): Incident => {
    const times = rows.map(({ time }) => time)
    return {
      start: times.reduce((least, time) => Math.min(least, time), Infinity),
      end: times.reduce((most, time) => Math.max(most, time), -Infinity),
      service: rows.find(({ service }) => service !== '')?.service ?? '',
      visible: true,
    }
  })
  return { grace: GRACE_S, incidents: incidents.sort((a, b) => a.start - b.start) }
}

async function readRows<T>(path: string, read: (row: Json, at: string) => T): Promise<T[]> {
  const bytes = createReadStream(path)
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  // A pipe does not pass errors on.
  bytes.on('error', (error) => input.destroy(error))
  const rows: T[] = []
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line++
    if (text.trim() === '') continue
    const at = `${path}, line ${line}`
    rows.push(read(objectOf(parsed(text, at), at), at))
  }
  return rows
}

function parsed(text: string, at: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${at} is no JSON: ${messageOf(error)}`)
  }
}

function objectOf(value: unknown, at: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new Error(`${at} is no JSON object.`)
}

function textOf(row: Json, key: string, at: string): string {
  const value = row[key]
  if (typeof value === 'string') return value
  throw new Error(`${at} wants a text "${key}", not ${JSON.stringify(value)}.`)
}

function numberOf(row: Json, key: string, at: string): number {
  const value = row[key]
  if (typeof value === 'number') return value
  throw new Error(`${at} wants a number "${key}", not ${JSON.stringify(value)}.`)
}

/** Unix s, given so or in ISO 8601. */
function timeOf(row: Json, key: string, at: string): number {
  const value = row[key]
  const time = typeof value === 'string' ? Date.parse(value) / 1000 : Number(value)
  if (value != null && !Number.isNaN(time)) return time
  throw new Error(`${at} wants a time "${key}", not ${JSON.stringify(value)}.`)
}
