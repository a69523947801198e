import type { AccumulateSettings } from '../../src/anomaly-clusters/accumulate-settings.ts'
import { AnomalyClusters, type Observed } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { emptyPlaceNull, type PlaceNull, type SeriesNull } from '../../src/baseline/place-null.ts'
import type { PlaceReference } from '../../src/baseline/place-reference.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import type {
  AnomalyCluster,
  AnomalyClusterChange,
  ClusterChangeKind,
} from '../../src/contract/anomaly-cluster.ts'
import { detectorSettings } from '../detector-settings.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handContext, handReference, NO_SCALES } from './hand-clusters.ts'

const START = Date.UTC(2026, 0, 1)
export const BUCKET_S = 30
const PER_SECOND = 2
const SLOW_MS = 60

/** `cart Get`, a span of a service below the entry; with `~` it is slow, with `!` it fails. */
export type Child = string | { readonly call: string; readonly to: Child }

/** A request for `path`: the gateway's span, and below it a span for each child. */
export function get(path: string, ...children: readonly Child[]): HandSpan[] {
  const entry = { service: 'gateway', name: `GET ${path}`, parent: -1, start: 0, duration: 500 }
  // Work of its own, so that it is no mere call, and the same entry whatever is called.
  const render = { service: 'gateway', name: 'render', parent: 0, start: 450, duration: 10 }
  const spans: HandSpan[] = [{ ...entry, kind: 2 }, render]
  children.forEach((child, i) => {
    addChild(spans, child, 0, 1 + i * 70)
  })
  return spans
}

function addChild(spans: HandSpan[], child: Child, parent: number, start: number): void {
  if (typeof child !== 'string') {
    const [name = '', slow] = marked(child.call, '~')
    const duration = slow ? SLOW_MS : 12
    spans.push({ service: 'gateway', name, parent, start, duration, kind: 3 })
    addChild(spans, child.to, spans.length - 1, start + 1)
    return
  }
  const [rest, error] = marked(child, '!')
  const [name, slow] = marked(rest, '~')
  const [service = '', ...operation] = name.split(' ')
  const duration = slow ? SLOW_MS : 10
  const own = { service, name: operation.join(' '), parent, start, duration, kind: 2 }
  spans.push({ ...own, error })
}

function marked(text: string, mark: string): [rest: string, marked: boolean] {
  return text.endsWith(mark) ? [text.slice(0, -1), true] : [text, false]
}

/** What is known of a request beside its spans. */
export interface Judged {
  /** Its set of calls is unusual. */
  readonly unusual?: boolean
  readonly flagged?: boolean
  /** The call path that differs most, if one does: `HandShop.path`. */
  readonly differingPath?: number
}

export type Request = readonly HandSpan[] | ({ readonly spans: readonly HandSpan[] } & Judged)

/** What is watched where. */
export interface Watched {
  /** `cart Get`, the operation of a place; `GET /`, that of an entry; of `failures` the one that nobody knows. */
  readonly at: string
  readonly signal?: SeriesSignal
  /** Self time that deviates, ms. */
  readonly levelMs?: number
  /** Share that deviates normally; one of a hundred where it is not said. */
  readonly baseRate?: number
}

/** A shop with a null that is stated by hand, asked twice a second; it learns what no cluster has. */
export class HandShop {
  readonly traces = new HandTraces()
  readonly reference: PlaceReference
  readonly changes: AnomalyClusterChange[] = []
  /** The last observation: the cluster it belongs to, and whether it is like what was accepted. */
  last: Observed = { cluster: null, accepted: false }
  clusters: AnomalyClusters
  timeMs = START
  /** Goes on with a copy of its own state after each run. */
  readonly #restoring: boolean
  readonly #settings: AccumulateSettings
  readonly #places = new Map<string, number>()
  readonly #strata = new Map<string, number>()
  readonly #paths = new Map<string, number>()

  constructor(changes: Partial<AccumulateSettings> & { restoring?: boolean } = {}) {
    const { restoring = false, ...settings } = changes
    this.#restoring = restoring
    this.#settings = { ...detectorSettings().accumulate, ...settings }
    this.reference = handReference(this.traces)
    this.clusters = this.#fresh()
  }

  /** Has seen these requests, and watches this from now on. */
  watch(requests: readonly (readonly HandSpan[])[], watched: readonly Watched[]): this {
    return this.see(...requests).install(watched)
  }

  /** Has seen a request, which says nothing yet. */
  see(...requests: readonly (readonly HandSpan[])[]): this {
    const { elements, tables } = this.traces
    for (const spans of requests) {
      this.traces.read(spans, () => {
        this.#strata.set(spans[0]!.name, elements.stratum)
        for (let i = 0; i < elements.count; i++) {
          const element = elements.element[i]!
          const { elements: table } = tables
          const name = `${table.serviceText(element)} ${table.operationText(element)}`
          this.#places.set(name, elements.place[i]!)
          this.#paths.set(name, elements.path[i]!)
        }
      })
    }
    return this
  }

  /** A model takes effect that was fitted `fittedAgoS` ago. */
  install(watched: readonly Watched[], fittedAgoS = 0): this {
    const fittedMs = this.timeMs - fittedAgoS * 1000
    const places = this.#nullOf(watched)
    this.clusters.install({ id: 'model-1', fittedMs, places, scales: NO_SCALES })
    return this
  }

  place(name: string): number {
    return this.#places.get(name)!
  }

  path(name: string): number {
    return this.#paths.get(name)!
  }

  stratum(entry: string): number {
    return this.#strata.get(entry)!
  }

  run(seconds: number, request: (i: number) => Request): this {
    const { elements } = this.traces
    for (let i = 0; i < seconds * PER_SECOND; i++) {
      this.timeMs += 1000 / PER_SECOND
      const asked = request(i)
      const {
        spans,
        unusual = false,
        flagged = false,
        differingPath = -1,
      } = 'spans' in asked ? asked : { spans: asked }
      this.traces.read(spans, () => {
        const pStructure = unusual ? 1e-6 : 1
        const context = handContext(this.traces, this.timeMs, {
          flagged,
          pStructure,
          differingPath,
        })
        this.last = this.clusters.observe(elements, context)
        if (this.last.cluster === null) this.reference.learn(elements, this.timeMs)
        this.reference.learnStructure(elements.stratum, unusual, this.timeMs)
      })
      this.clusters.advance(this.timeMs, this.changes)
    }
    if (this.#restoring) {
      const state = structuredClone(this.clusters.state())
      this.clusters = this.#fresh()
      this.clusters.restore(state)
    }
    return this
  }

  accept(letter: string): boolean {
    const id = [...this.#letters()].find(([, known]) => known === letter)?.[0] ?? letter
    return this.clusters.accept(id, this.timeMs, this.changes)
  }

  /** What was told, without mere updates, of clusters named A, B, … in the order of their first mention. */
  story(): string[] {
    const letters = this.#letters()
    return this.changes
      .filter(({ change }) => change !== 'updated')
      .map(({ change, cluster }) => `${change} ${letters.get(cluster.id)}`)
  }

  told(kind: ClusterChangeKind): AnomalyCluster[] {
    return this.changes.filter(({ change }) => change === kind).map(({ cluster }) => cluster)
  }

  /** When something was told first, s after the start. */
  toldAtS(kind: ClusterChangeKind): number {
    const first = this.changes.find(({ change }) => change === kind)
    return ((first?.timeMs ?? Number.NaN) - START) / 1000
  }

  /** What was learned of a place: occurrences of ended buckets, and those that failed. */
  learned(place: number): { n: number; errors: number } {
    const { places, records, n, errors } = this.reference.request()
    const i = places.indexOf(place)
    const [from, to] = i < 0 ? [0, 0] : [records[i]!, records[i + 1]!]
    const sum = (of: Uint32Array): number => of.slice(from, to).reduce((a, b) => a + b, 0)
    return { n: sum(n), errors: sum(errors) }
  }

  /** ... of an entry's sets of calls. */
  learnedOfEntry(stratum: number): { n: number; unusual: number } {
    const { strata, strataRecords, observations, unusual } = this.reference.request()
    const i = strata.indexOf(stratum)
    const [from, to] = i < 0 ? [0, 0] : [strataRecords[i]!, strataRecords[i + 1]!]
    const sum = (of: Uint32Array): number => of.slice(from, to).reduce((a, b) => a + b, 0)
    return { n: sum(observations), unusual: sum(unusual) }
  }

  #letters(): Map<string, string> {
    const letters = new Map<string, string>()
    for (const { cluster } of this.changes) {
      if (!letters.has(cluster.id)) letters.set(cluster.id, 'ABCDEFGH'[letters.size]!)
    }
    return letters
  }

  #fresh(): AnomalyClusters {
    const { elements, evidence } = this.traces.tables
    return new AnomalyClusters(this.#settings, elements, this.reference, evidence)
  }

  #nullOf(watched: readonly Watched[]): PlaceNull {
    const places = new Map<number, SeriesNull[]>()
    const strata = new Map<number, SeriesNull[]>()
    let unknownEntry: SeriesNull | null = null
    const known = new Set(this.#places.values())
    for (const { at, signal = 'errors', levelMs = 0, baseRate = 0.01 } of watched) {
      const normal = levelMs === 0 ? baseRate : 5e6
      const series = { signal, level: levelMs * 1e6, baseRate, rho: 0.01, normal }
      if (signal === 'failures') {
        unknownEntry = series
        known.delete(this.place(at))
        continue
      }
      const [rows, of] =
        signal === 'structure' ? [strata, this.stratum(at)] : [places, this.place(at)]
      rows.set(of, [...(rows.get(of) ?? []), series])
    }
    const ascending = [...places].sort((a, b) => a[0] - b[0])
    return {
      ...emptyPlaceNull(this.#settings.bucketMs),
      known: [...known].sort((a, b) => a - b),
      unknownEntry,
      places: ascending.map(([place, series]) => ({ place, series })),
      strata: [...strata].map(([stratum, series]) => ({
        stratum,
        usual: [],
        tailNs: null,
        series,
      })),
    }
  }
}
