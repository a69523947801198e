import type { ElementTable } from '../features/element-table.ts'
import type { EvidenceReader, KeptTrace } from '../features/kept-trace.ts'
import type { Profile } from '../features/profile.ts'
import type { TraceElements } from '../features/trace-elements.ts'
import type { PlaceNull } from '../model/place-null.ts'
import type { PlaceReference } from '../model/place-reference.ts'
import type { AnomalyCluster, AnomalyClusterChange } from './anomaly-cluster.ts'
import type { AccumulateSettings } from './settings.ts'

/** What is kept of an observation as an example of its cluster. */
export interface KeptExample {
  readonly profile: Profile
  readonly trace: KeptTrace
  /** The medoid nearest to it. */
  readonly nearestNormal: KeptTrace | null
}

export interface ObservationContext {
  /** End of the observation, data time, ms; not later than the watermark. */
  readonly timeMs: number
  readonly flagged: boolean
  /** Structural p-value; null while there is none. */
  readonly pStructure: number | null
  /** First path that the nearest known shape lacks, else the first that is missing; -1 = none. */
  readonly differingPath: number
  /** Copies the observation; called only when it is wanted as an example. */
  keep(): KeptExample
}

/** Accumulates deviations into anomaly clusters; see docs/concepts.md. */
export class Accumulator {
  readonly counts: Record<string, number> = {}

  constructor(
    _settings: AccumulateSettings,
    _table: ElementTable,
    _reference: PlaceReference,
    _reader: EvidenceReader,
  ) {}

  /** Counts the deviations of one observation; true = it belongs to an open cluster. */
  observe(_elements: TraceElements, _context: ObservationContext): boolean {
    return false
  }

  /** After each record: data time has come this far. Adds what opened, changed and closed to `out`. */
  advance(_watermarkMs: number, _out: AnomalyClusterChange[]): void {}

  /** A new model takes effect. */
  install(_placeNull: PlaceNull, _model: string): void {}

  /** Id of the open cluster that the last observation belongs to, or null. */
  lastCluster(): string | null {
    return null
  }

  open(): AnomalyCluster[] {
    return []
  }

  /** A person says the cluster's behaviour is fine: ends it and learns its places anew. */
  accept(_id: string, _timeMs: number, _out: AnomalyClusterChange[]): boolean {
    return false
  }

  state(): unknown {
    return null
  }

  restore(_state: unknown): void {}
}
