import type { ElementTable } from '../features/element-table.ts'
import type { TraceElements } from '../features/trace-elements.ts'

/** What the fit gets: plain typed arrays. */
export interface PlaceReferenceRequest {
  readonly bucketMs: number
}

export interface PlaceReferenceOptions {
  readonly bucketMs: number
  /** Age at which a bucket's weight in the reference has halved. */
  readonly halfLifeMs: number
  readonly seed: number
}

/** Bounded, decayed sample of how every place behaves while all is well. */
export class PlaceReference {
  constructor(_table: ElementTable, _options: PlaceReferenceOptions) {}

  /** Takes in an observation that was neither flagged nor part of an open cluster. */
  learn(_elements: TraceElements, _timeMs: number): void {}

  request(): PlaceReferenceRequest {
    return { bucketMs: 0 }
  }

  state(): unknown {
    return null
  }

  restore(_state: unknown): void {}
}
