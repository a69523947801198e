import type { AssemblerCounts } from '../assemble/assembler-counts.ts'
import type { TraceAssembler } from '../assemble/trace-assembler.ts'
import { emptyTraceLogCounts, type TraceLogCounts, type TraceLogs } from '../assemble/trace-logs.ts'
import type { Judge, JudgedCounts } from './judge.ts'
import type { Learner } from './learner.ts'
import type { NewErrors } from './new-errors.ts'
import type { Overflow, Tables } from './tables.ts'

/** Plain numbers for the shell to publish; those in the first four groups only rise. */
export interface DetectorCounts {
  readonly records: RecordCounts
  readonly assembled: AssemblerCounts
  readonly judged: JudgedCounts
  readonly learned: {
    readonly observations: number
    readonly quarantined: number
    /** Of the latter and the unusual ones: those that nothing will be learned from any more. */
    readonly forgotten: number
  }
  /** What found no room, by kind. */
  readonly overflow: Overflow
  /** Those that did not come for long and gave their room back. */
  readonly forgotten: Readonly<
    Record<'texts' | 'elements' | 'paths' | 'places' | 'strata' | 'templates', number>
  >
  readonly accumulated: Readonly<Record<string, number>>
  /** Spans of medoscope itself that were left out. */
  readonly ownSpans: number
  /** Log records that name a trace, by what became of them. */
  readonly tracedLogs: TraceLogCounts & { readonly waiting: number }
  /** Error lines before there was a model: those that were told, and those that were not for want of room. */
  readonly newErrors: { readonly told: number; readonly untold: number }
  readonly openTraces: number
  readonly openSpans: number
}

export interface RecordCounts {
  taken: number
  bytes: number
  spans: number
  /** Left out for being no good, while the rest of their record was kept. */
  rejectedSpans: number
  undecodable: number
  keyed: number
  /** Log records, and of these the ones that no session takes. */
  logRecords: number
  keylessLogs: number
}

export function detectorCounts(
  records: RecordCounts,
  traceLogs: TraceLogs | null,
  newErrors: NewErrors,
  dropped: AssemblerCounts,
  assemblers: readonly TraceAssembler[],
  tables: Tables,
  learner: Learner,
  judge: Judge,
): DetectorCounts {
  const { names, values, elements } = tables
  return {
    records: { ...records },
    assembled: sumCounts(dropped, assemblers),
    judged: { ...judge.counts },
    learned: {
      observations: learner.learned,
      quarantined: learner.quarantined,
      forgotten: learner.forgotten,
    },
    overflow: tables.overflow(),
    forgotten: {
      texts: names.ids.forgotten + values.ids.forgotten,
      elements: elements.operations.ids.forgotten + elements.elements.ids.forgotten,
      paths: elements.paths.ids.forgotten,
      places: elements.places.ids.forgotten,
      strata: elements.strata.ids.forgotten,
      templates: tables.templates.forgotten,
    },
    accumulated: judge.clusters.counts,
    ownSpans: tables.ownSpans,
    tracedLogs: {
      ...(traceLogs?.counts ?? emptyTraceLogCounts()),
      waiting: traceLogs?.waiting ?? 0,
    },
    newErrors: { told: newErrors.told, untold: newErrors.untold },
    openTraces: assemblers.reduce((sum, { openTraces }) => sum + openTraces, 0),
    openSpans: assemblers.reduce((sum, { openSpans }) => sum + openSpans, 0),
  }
}

function sumCounts(
  dropped: AssemblerCounts,
  assemblers: readonly TraceAssembler[],
): AssemblerCounts {
  const total = { ...dropped }
  for (const { counts } of assemblers) addCounts(total, counts)
  return total
}

export function addCounts(total: AssemblerCounts, more: AssemblerCounts): void {
  for (const name of Object.keys(total) as (keyof AssemblerCounts)[]) total[name] += more[name]
}
