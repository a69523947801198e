import { bootstrapIntervals, type Interval } from '../../stats/bootstrap-intervals.ts'
import type { ClusterRow, Incidents, LabelRow } from './inputs.ts'

/** What came of one incident. */
export interface IncidentScore {
  readonly start: number
  readonly service: string
  readonly visible: boolean
  /** Whether a cluster was opened between its start and its end plus the grace, and one that alerts. */
  readonly found: boolean
  readonly alerting: boolean
  readonly clusters: number
  /** Seconds from the start to the first such opening. */
  readonly delay: number | null
  /** Whether the strongest of them names the service at fault first, or among its first three. */
  readonly at1: boolean
  readonly at3: boolean
  /** The first three services that it names. */
  readonly named: readonly string[]
}

export interface IncidentSummary {
  readonly windows: number
  readonly found: number
  readonly alerting: number
  readonly at1: number
  readonly at3: number
  readonly delayMedian: number | null
  readonly clustersPerFound: number | null
}

export interface ClusterScore {
  readonly visible: IncidentSummary
  readonly all: IncidentSummary
  readonly clusters: number
  /** Clusters that alert and were opened outside every incident and its grace; all of them, alerting or not. */
  readonly false: number
  readonly outside: number
  /** Time outside incidents: minutes that hold a labelled observation, else all between the first and the last incident. */
  readonly quietHours: number
  readonly falsePerHour: number | null
  readonly perWindow: readonly IncidentScore[]
  readonly intervals: Readonly<Record<string, Interval | null>>
}

/** @param clusters by the time of their opening */
export function scoreClusters(
  clusters: readonly ClusterRow[],
  { incidents, grace }: Incidents,
  labels: readonly LabelRow[],
): ClusterScore {
  const isInside = (time: number): boolean =>
    incidents.some(({ start, end }) => time >= start && time <= end + grace)
  const perWindow = incidents.map(({ start, end, service, visible }): IncidentScore => {
    const inside = clusters.filter(({ opened }) => opened >= start && opened <= end + grace)
    const [strongest] = inside.toSorted(
      (a, b) => b.eValue - a.eValue || b.observations - a.observations,
    )
    const services = strongest?.services ?? []
    return {
      start,
      service,
      visible,
      found: inside.length > 0,
      alerting: inside.some(({ alerts }) => alerts),
      clusters: inside.length,
      delay: inside[0] ? inside[0].opened - start : null,
      at1: services[0] === service,
      at3: services.slice(0, 3).includes(service),
      named: services.slice(0, 3),
    }
  })
  const outside = clusters.filter(({ opened }) => !isInside(opened))
  const falses = outside.filter(({ alerts }) => alerts)
  const quiet = labels.map(({ time }) => time).filter((time) => !isInside(time))
  const minutes = new Set(quiet.map((time) => Math.floor(time / 60)))
  const quietHours = labels.length > 0 ? minutes.size / 60 : hoursBetween(incidents, grace)
  return {
    visible: summaryOf(perWindow.filter(({ visible }) => visible)),
    all: summaryOf(perWindow),
    clusters: clusters.length,
    false: falses.length,
    outside: outside.length,
    quietHours,
    falsePerHour: quietHours === 0 ? null : falses.length / quietHours,
    perWindow,
    intervals: intervalsOf(perWindow, falses, minutes),
  }
}

/** Incidents are drawn for what is found, quiet minutes for what is false. */
function intervalsOf(
  perWindow: readonly IncidentScore[],
  falses: readonly ClusterRow[],
  quiet: ReadonlySet<number>,
): Record<string, Interval | null> {
  const minutes = [...quiet]
  const opened = minutes.map(
    (minute) => falses.filter((one) => Math.floor(one.opened / 60) === minute).length,
  )
  const incidents = [...perWindow.keys()]
  const units = opened.map((_, i) => perWindow.length + i)
  return bootstrapIntervals([incidents, units], (weights) => {
    const share = (holds: (one: IncidentScore) => boolean): number | null => {
      const met = perWindow.reduce((sum, one, i) => sum + (holds(one) ? (weights[i] ?? 0) : 0), 0)
      return perWindow.length === 0 ? null : met / perWindow.length
    }
    const alarms = opened.reduce((sum, n, i) => sum + n * (weights[perWindow.length + i] ?? 0), 0)
    return {
      found: share(({ found }) => found),
      alerting: share(({ alerting }) => alerting),
      at1: share(({ at1 }) => at1),
      falsePerHour: minutes.length === 0 ? null : (60 * alarms) / minutes.length,
    }
  })
}

function summaryOf(part: readonly IncidentScore[]): IncidentSummary {
  const found = part.filter((one) => one.found)
  const delays = found.map(({ delay }) => delay ?? 0).sort((a, b) => a - b)
  const clusters = found.reduce((sum, one) => sum + one.clusters, 0)
  return {
    windows: part.length,
    found: found.length,
    alerting: part.filter(({ alerting }) => alerting).length,
    at1: part.filter(({ at1 }) => at1).length,
    at3: part.filter(({ at3 }) => at3).length,
    delayMedian: delays[Math.floor((delays.length - 1) / 2)] ?? null,
    clustersPerFound: found.length === 0 ? null : clusters / found.length,
  }
}

function hoursBetween(incidents: Incidents['incidents'], grace: number): number {
  const [first] = incidents
  const last = incidents.at(-1)
  if (!first || !last) return 0
  const within = incidents.reduce((sum, { start, end }) => sum + end - start + grace, 0)
  return Math.max(0, last.end - first.start - within) / 3600
}
