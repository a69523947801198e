import type { TraceAssembler } from '../assemble/trace-assembler.ts'
import type { TraceLogs } from '../assemble/trace-logs.ts'
import type { Model } from '../model/model.ts'
import type { StratumCoverage } from './coverage.ts'
import type { Judge, JudgedCounts } from './judge.ts'
import type { Learner } from './learner.ts'
import type { DetectorSettings } from './settings.ts'
import type { TableRoom, Tables } from './tables.ts'

/** Share of unjudged recent traffic up to which the detector is live. */
const MOST_UNJUDGED = 0.5

/** How far the detector is, for people and for `/api/v1/status`. */
export interface DetectorStatus {
  /** live: most of the recent traffic is judged. */
  readonly state: 'learning' | 'live'
  /** Data time, ms since 1970; 0 before the first span. */
  readonly clockMs: number
  /** Observations judged by this state, restarts included: by reason, and those flagged. */
  readonly judged: JudgedCounts
  /** Observations learned from. */
  readonly learned: number
  readonly calibration: {
    readonly have: number
    /** For a first model. */
    readonly needed: number
    /** Before a single observation can be flagged at alpha: 1/alpha - 1. */
    readonly neededToFlag: number
  }
  readonly strata: readonly StratumStatus[]
  readonly coverage: CoverageStatus
  readonly model: ModelStatus | null
  /** Whose spans came too late to be judged, the most first. */
  readonly late: readonly LateStatus[]
  /** Whose log records name traces and found none, or came too late for theirs, the most first. */
  readonly unjoinedLogs: readonly UnjoinedLogs[]
  /** Whose clocks are ahead of what most services say, the most spans first. */
  readonly clocksAhead: readonly ClockStatus[]
}

export interface UnjoinedLogs {
  readonly service: string
  /** Records whose trace sent no span in time. */
  readonly alone: number
  /** Records that came after their trace was judged. */
  readonly late: number
}

export interface LateStatus {
  readonly service: string
  readonly spans: number
}

export interface ClockStatus {
  readonly service: string
  readonly spans: number
  /** How far the last of them was ahead of data time. */
  readonly aheadMs: number
}

/** How much of the traffic of the last 5 to 10 minutes of data time was judged. */
export interface CoverageStatus {
  readonly seen: number
  /** Judged observations over all; 1 where there was nothing to judge. */
  readonly share: number
  /** Entry operations with traffic, those with most unjudged observations first. */
  readonly entryOperations: readonly (Omit<StratumCoverage, 'stratum'> & {
    readonly name: string
  })[]
  /** What can be told apart at all. */
  readonly room: readonly TableRoom[]
}

export interface StratumStatus {
  readonly name: string
  /** pooled: too rare to be judged by itself, so it is judged with other rare ones. */
  readonly state: 'learning' | 'pooled' | 'live'
  readonly sampled: number
  readonly needed: number
  readonly clusters: number
}

export interface ModelStatus {
  readonly id: string
  readonly version: number
  readonly fittedMs: number
  readonly installedMs: number
  readonly clusters: number
  readonly calibrated: number
}

export function statusOf(
  settings: DetectorSettings,
  learner: Learner,
  judge: Judge,
  clockMs: number,
  tables: Tables,
  assemblers: readonly TraceAssembler[],
  traceLogs: TraceLogs | null,
): DetectorStatus {
  const { model } = judge
  const clusters = new Map(model?.strata.map((one) => [one.stratum, one.clusters.length]))
  const pooled = new Set(model?.pooled)
  const strata: StratumStatus[] = []
  for (let stratum = 2; stratum < tables.elements.strata.size; stratum++) {
    if (tables.elements.strata.ids.isFree(stratum)) continue
    strata.push({
      name: tables.elements.stratumText(stratum),
      state: clusters.has(stratum) ? 'live' : pooled.has(stratum) ? 'pooled' : 'learning',
      sampled: learner.sampledOf(stratum),
      needed: settings.model.minObservations,
      clusters: clusters.get(stratum) ?? 0,
    })
  }
  return {
    state: model && judge.coverage.unjudgedShare <= MOST_UNJUDGED ? 'live' : 'learning',
    clockMs,
    judged: { ...judge.counts },
    learned: learner.learned,
    calibration: {
      have: learner.calibrationSize,
      needed: settings.model.minCalibration,
      neededToFlag: Math.ceil(1 / settings.alpha) - 1,
    },
    strata,
    coverage: coverageStatus(judge, tables),
    model: model && modelStatus(model),
    late: lateOf(assemblers, tables),
    unjoinedLogs: traceLogs ? unjoinedOf(traceLogs, tables) : [],
    clocksAhead: clocksAheadOf(assemblers, tables),
  }
}

/** Over all partitions; services for which there was no room are one at the end. */
function lateOf(assemblers: readonly TraceAssembler[], tables: Tables): LateStatus[] {
  const spans = new Map<string, number>()
  let more = 0
  for (const assembler of assemblers) {
    const { services, others } = assembler.lateServices()
    for (const one of services) {
      const name = serviceName(tables, one.service)
      spans.set(name, (spans.get(name) ?? 0) + one.spans)
    }
    more += others
  }
  const late = mostFirst(Array.from(spans, ([service, count]) => ({ service, spans: count })))
  return more > 0 ? [...late, { service: '(other)', spans: more }] : late
}

function clocksAheadOf(assemblers: readonly TraceAssembler[], tables: Tables): ClockStatus[] {
  const ahead = new Map<string, ClockStatus>()
  for (const assembler of assemblers) {
    for (const { service, spans, offsetMs } of assembler.clockDisagreement()) {
      const name = serviceName(tables, service)
      const all = spans + (ahead.get(name)?.spans ?? 0)
      ahead.set(name, { service: name, spans: all, aheadMs: offsetMs })
    }
  }
  return mostFirst([...ahead.values()])
}

/** Services for which there was no room are one at the end. */
function unjoinedOf(traceLogs: TraceLogs, tables: Tables): UnjoinedLogs[] {
  const found = new Map<string, { service: string; alone: number; late: number }>()
  const { late, lone } = traceLogs.unjoined()
  for (const [what, { services, others }] of [
    ['late', late],
    ['alone', lone],
  ] as const) {
    const add = (service: string, records: number): void => {
      const known = found.get(service) ?? { service, alone: 0, late: 0 }
      known[what] += records
      found.set(service, known)
    }
    for (const one of services) add(serviceName(tables, one.service), one.spans)
    if (others > 0) add('(other)', others)
  }
  const total = (one: UnjoinedLogs): number => one.alone + one.late
  return [...found.values()].sort((a, b) => total(b) - total(a) || (a.service < b.service ? -1 : 1))
}

function mostFirst<T extends { readonly service: string; readonly spans: number }>(list: T[]): T[] {
  return list.sort((a, b) => b.spans - a.spans || (a.service < b.service ? -1 : 1))
}

function serviceName(tables: Tables, service: number): string {
  return tables.values.text(service) || '(no service)'
}

function coverageStatus({ coverage }: Judge, tables: Tables): CoverageStatus {
  return {
    seen: coverage.seen,
    share: 1 - coverage.unjudgedShare,
    entryOperations: coverage.strata().map(({ stratum, ...counts }) => ({
      name: tables.elements.stratumText(stratum),
      ...counts,
    })),
    room: tables.room(),
  }
}

function modelStatus(model: Model): ModelStatus {
  const { id, version, fittedMs, installedMs, calibration } = model
  const clusters = model.strata.reduce((sum, stratum) => sum + stratum.clusters.length, 0)
  return { id, version, fittedMs, installedMs, clusters, calibrated: calibration.count }
}
