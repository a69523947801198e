import { beforeAll, describe, expect, it } from 'vitest'
import { AnomalyClusters } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { fitPlaceNull, type PlaceNull } from '../../src/baseline/place-null.ts'
import { PlaceReference } from '../../src/baseline/place-reference.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import { detectorSettings } from '../detector-settings.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handContext, NO_SCALES } from './hand-clusters.ts'

const START = Date.UTC(2026, 0, 1)
const PER_SECOND = 10
const LEARN_S = 420
const LIVE_S = 150
/** Where judging begins. */
const LIVE = START + LEARN_S * 1000
/** Where the mix, or the shop, changes: seconds after the learning. */
const CHANGE_S = 45

/** What `pricing Quote` does, whatever asked for it: `draw` is in [0, 1). */
interface Quote {
  /** Normally one; 0 = it is missing. */
  readonly lookUps: number
  readonly lookUpMs: number
  readonly lookUpFails: boolean
  /** The optional call. */
  readonly converts: boolean
}

const PLAIN: Quote = { lookUps: 1, lookUpMs: 10, lookUpFails: false, converts: false }

type Behaviour = (draw: number) => Partial<Quote>

/** Two kinds of requests that come through the same `pricing Quote`, and what a fault makes of `common`. */
interface Case {
  readonly what: string
  readonly common: Behaviour
  readonly rare: Behaviour
  /** Share of the rare requests while learning. */
  readonly share: number
  readonly broken: Behaviour
  readonly term: string
  readonly direction: string
  /**
   * Delay at which the fault opened a cluster while the null had one rate for all requests, s; up to
   * the next look at the bucket.
   */
  readonly delayS: number
}

const CASES: readonly Case[] = [
  {
    what: 'optional call',
    common: (draw) => ({ converts: draw < 0.05 }),
    rare: () => ({ converts: true }),
    share: 0.1,
    broken: () => ({ converts: true }),
    term: 'presence',
    direction: 'high',
    delayS: 20,
  },
  {
    what: 'expected call',
    common: () => ({}),
    rare: () => ({ lookUps: 0 }),
    share: 0.015,
    broken: (draw) => ({ lookUps: draw < 0.5 ? 0 : 1 }),
    term: 'presence',
    direction: 'low',
    delayS: 15,
  },
  {
    what: 'number of calls',
    common: () => ({}),
    rare: () => ({ lookUps: 6 }),
    share: 0.05,
    broken: () => ({ lookUps: 4 }),
    term: 'count',
    direction: 'high',
    delayS: 12,
  },
  {
    what: 'share of errors',
    common: (draw) => ({ lookUpFails: draw < 0.002 }),
    rare: (draw) => ({ lookUpFails: draw < 0.3 }),
    share: 0.05,
    broken: (draw) => ({ lookUpFails: draw < 0.3 }),
    term: 'errors',
    direction: 'high',
    delayS: 20,
  },
  {
    what: 'self time',
    common: (draw) => ({ lookUpMs: 10 + 5 * draw }),
    rare: (draw) => ({ lookUpMs: 100 + 50 * draw }),
    share: 0.05,
    broken: (draw) => ({ lookUpMs: 80 + 20 * draw }),
    term: 'self_time',
    direction: 'high',
    delayS: 20,
  },
]

function spansOf(kind: 'common' | 'rare', quote: Quote): HandSpan[] {
  const entry = kind === 'common' ? 'GET /product' : 'GET /report'
  const spans: HandSpan[] = [
    { service: 'shop', name: entry, parent: -1, start: 0, duration: 1000, kind: 2 },
    { service: 'pricing', name: 'Quote', parent: 0, start: 1, duration: 990, kind: 2 },
  ]
  for (let i = 0; i < quote.lookUps; i++) {
    const [duration, error] = [quote.lookUpMs, quote.lookUpFails]
    const start = 2 + i * 155
    spans.push({ service: 'pricing', name: 'look up', parent: 1, kind: 3, start, duration, error })
  }
  if (quote.converts) {
    spans.push({ service: 'pricing', name: 'convert', parent: 1, start: 980, duration: 5 })
  }
  return spans
}

/** Park and Miller's generator: the same draws everywhere. */
function* draws(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

interface Second {
  readonly share: number
  readonly common: Behaviour
}

/** A shop that learned the case; it can be asked again and again what would open. */
class Shop {
  readonly #traces = new HandTraces()
  readonly #case: Case
  readonly #places: PlaceNull

  constructor(one: Case) {
    this.#case = one
    const { accumulate, sample } = detectorSettings()
    const { elements } = this.#traces.tables
    const options = { bucketMs: accumulate.bucketMs, halfLifeMs: sample.halfLifeMs, seed: 1 }
    const reference = new PlaceReference(elements, options)
    this.#run(
      START,
      LEARN_S,
      () => one,
      (timeMs) => reference.learn(this.#traces.elements, timeMs),
    )
    this.#places = fitPlaceNull(reference.request())
  }

  /** Clusters that open in traffic like this. */
  opened(second: (s: number) => Second): AnomalyClusterChange[] {
    const { elements, evidence } = this.#traces.tables
    const { accumulate } = detectorSettings()
    const reference = new PlaceReference(elements, { ...accumulate, halfLifeMs: 1e9, seed: 1 })
    const clusters = new AnomalyClusters(accumulate, elements, reference, evidence)
    const places = this.#places
    clusters.install({ id: 'model-1', fittedMs: LIVE, places, scales: NO_SCALES })
    const changes: AnomalyClusterChange[] = []
    this.#run(LIVE, LIVE_S, second, (timeMs) => {
      clusters.observe(this.#traces.elements, handContext(this.#traces, timeMs))
      clusters.advance(timeMs, changes)
    })
    return changes.filter(({ change }) => change === 'opened')
  }

  #run(
    fromMs: number,
    seconds: number,
    second: (s: number) => Second,
    take: (timeMs: number) => void,
  ): void {
    const drawn = draws(20_260_101 + seconds)
    for (let i = 0; i < seconds * PER_SECOND; i++) {
      const { share, common } = second(i / PER_SECOND)
      const kind = drawn.next().value < share ? 'rare' : 'common'
      const behaviour = kind === 'rare' ? this.#case.rare : common
      const quote = { ...PLAIN, ...behaviour(drawn.next().value) }
      this.#traces.read(spansOf(kind, quote), () => take(fromMs + (i * 1000) / PER_SECOND))
    }
  }
}

function sentences(opened: readonly AnomalyClusterChange[]): string[] {
  return opened.map(({ cluster }) => cluster.sentence)
}

/** When the first one opened, s after the change; NaN: none did. */
function delayS(opened: readonly AnomalyClusterChange[]): number {
  return ((opened[0]?.timeMs ?? Number.NaN) - LIVE) / 1000 - CHANGE_S
}

describe.each(CASES)('the $what below an operation that two kinds of requests share', (one) => {
  const { common, share, broken } = one
  let shop: Shop

  beforeAll(() => {
    shop = new Shop(one)
  })

  it.each([0, 0.3, 0.9])('opens nothing when the rare kind becomes %f of all', (after) => {
    const opened = shop.opened((s) => ({ share: s < CHANGE_S ? share : after, common }))
    expect(sentences(opened)).toEqual([])
  })

  it('opens a cluster as soon as with one rate for all when the common kind changes', () => {
    const opened = shop.opened((s) => ({ share, common: s < CHANGE_S ? common : broken }))
    expect(opened[0]?.cluster).toMatchObject({ term: one.term, direction: one.direction })
    expect(delayS(opened)).toBeGreaterThan(0)
    expect(delayS(opened)).toBeLessThanOrEqual(one.delayS)
  })

  it('opens a cluster when the common kind changes while the rare one has become a third', () => {
    const opened = shop.opened((s) => ({
      share: s < 5 ? share : 0.33,
      common: s < CHANGE_S ? common : broken,
    }))
    expect(opened[0]?.cluster).toMatchObject({ term: one.term, direction: one.direction })
    expect(delayS(opened)).toBeGreaterThan(0)
  })
})
