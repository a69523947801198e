import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import type { FitRequest, FitResult } from '../../src/detector/fit.ts'
import type { StreamDetector } from '../../src/service/ports.ts'
import { anomaly } from './publications.ts'

/** The one cluster that is open in it, until it is accepted. */
export const OPEN_CLUSTER = 'c-open'

interface State {
  taken: number
  positions: Map<string, bigint>
  open: { partition: string; offset: bigint; strange: boolean }[]
  fittingSince: number | null
  result: FitResult | null
  models: number
  accepted: boolean
}

/**
 * A detector small enough to predict: a record is judged when two more have come, and is an anomaly
 * when its first byte is 1. Every `fitEvery` records it asks for a model, and refuses to go on when
 * it has none `fitWithin` records later.
 */
export class FakeDetector implements StreamDetector {
  learnOnly = false
  readonly #fitEvery: number
  readonly #fitWithin: number
  #request: FitRequest | null = null
  #state: State

  constructor(fitEvery = 0, fitWithin = 3, state?: unknown) {
    this.#fitEvery = fitEvery
    this.#fitWithin = fitWithin
    this.#state = structuredClone((state as State | undefined) ?? emptyState())
  }

  get blocked(): boolean {
    const { fittingSince, taken, result } = this.#state
    return fittingSince !== null && taken >= fittingSince + this.#fitWithin && result === null
  }

  get models(): number {
    return this.#state.models
  }

  step(records: readonly LogRecord[], from: number, output: StepOutput): number {
    const state = this.#state
    for (let index = from; index < records.length; index++) {
      if (this.blocked) return index
      if (state.fittingSince !== null && state.taken >= state.fittingSince + this.#fitWithin) {
        state.models++
        state.fittingSince = state.result = null
      }
      const record = records[index]
      if (record === undefined) continue
      state.taken++
      state.positions.set(record.partition, record.offset + 1n)
      const { partition, offset, body } = record
      state.open.push({ partition, offset, strange: body[0] === 1 })
      if (state.open.length > 2) this.#judge(output)
      if (this.#fitEvery > 0 && state.taken % this.#fitEvery === 0 && state.fittingSince === null) {
        state.fittingSince = state.taken
        this.#request = {} as FitRequest
      }
    }
    return records.length
  }

  takeFitRequest(): FitRequest | null {
    const request = this.#request
    this.#request = null
    return request
  }

  install(result: FitResult): void {
    this.#state.result = result
  }

  fitNow(): void {
    this.#state.models++
  }

  accept(cluster: string, output: StepOutput): boolean {
    if (cluster !== OPEN_CLUSTER || this.#state.accepted) return false
    this.#state.accepted = true
    output.clusterChanges.push({ change: 'accepted', cluster: { id: cluster } } as never)
    return true
  }

  unaccept(cluster: string): boolean {
    return cluster === OPEN_CLUSTER && this.#state.accepted
  }

  describeSignature(): boolean {
    return false
  }

  flush(output: StepOutput): void {
    while (this.#state.open.length > 0) this.#judge(output)
  }

  drop(partition: string): void {
    this.#state.positions.delete(partition)
    this.#state.open = this.#state.open.filter((each) => each.partition !== partition)
  }

  lowWatermarks(): Map<string, bigint> {
    const low = new Map(this.#state.positions)
    for (const { partition, offset } of this.#state.open) {
      const known = low.get(partition)
      if (known === undefined || offset < known) low.set(partition, offset)
    }
    return low
  }

  positions(): Map<string, bigint> {
    return new Map(this.#state.positions)
  }

  snapshot(): unknown {
    return structuredClone(this.#state)
  }

  #judge(output: StepOutput): void {
    const judged = this.#state.open.shift()
    if (judged?.strange && !this.learnOnly) {
      output.anomalies.push({ ...anomaly, id: `${judged.partition}#${judged.offset}` })
    }
  }
}

function emptyState(): State {
  return {
    taken: 0,
    positions: new Map(),
    open: [],
    fittingSince: null,
    result: null,
    models: 0,
    accepted: false,
  }
}
