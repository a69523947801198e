import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import type { PlaceNull, SeriesNull } from '../../src/baseline/place-null.ts'
import { type SeriesSignal, SIGNALS } from '../../src/baseline/signals.ts'
import { categoryVote } from '../../src/evidence/path-votes.ts'
import { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { OccurrenceScan } from '../../src/profile/occurrence-scan.ts'
import { logShareRatio } from '../../src/stats/share-evidence.ts'
import { type HandSpan, HandTraces, mailed } from '../profile/traces.ts'
import { handNull, handSeries } from './hand-null.ts'

/** How one request of the page goes. */
interface Request {
  readonly cartMs?: number
  readonly fails?: boolean
  readonly pageFails?: boolean
  /** Calls of the cart by the page. */
  readonly carts?: number
  readonly ads?: boolean
  readonly new?: boolean
  readonly rooted?: boolean
}

function spansOf(request: Request): HandSpan[] {
  const { cartMs = 10, fails = false, carts = 1, ads = false, rooted = true } = request
  const { pageFails = false } = request
  const page = { service: 'shop', name: 'GET /', start: 0, duration: 500, kind: 2 }
  const spans: HandSpan[] = [
    { ...page, parent: rooted ? -1 : 70, error: pageFails },
    // With work of its own the page calls nobody in particular: its element stays the same.
    { service: 'shop', name: 'render', parent: 0, start: 1, duration: 1 },
  ]
  const call = (name: string, duration: number, error = false): void => {
    const start = spans.length * 20
    spans.push({ service: name, name: 'Get', parent: 0, start, duration, kind: 2, error })
  }
  for (let i = 0; i < carts; i++) call('cart', cartMs, fails)
  if (ads) call('ads', 5)
  if (request.new) call('mail', 5)
  return spans
}

/** A monitor of the shop, which has a place for the page, the cart and the ads. */
class Shop {
  readonly traces = new HandTraces()
  readonly table = this.traces.tables.elements
  readonly cart: number
  readonly ads: number
  readonly page: number
  readonly entry: number
  monitor: SeriesMonitor
  readonly #scan = new OccurrenceScan()

  constructor(signals: Readonly<Partial<Record<'page' | 'cart' | 'ads', readonly SeriesNull[]>>>) {
    this.traces.read(spansOf({ ads: true }), () => {})
    const [page = 0, render = 0, cart = 0, ads = 0] = this.traces.elements.place
    this.page = page
    this.cart = cart
    this.ads = ads
    this.entry = this.traces.elements.stratum
    const { page: ofPage = [], cart: ofCart = [], ads: ofAds = [] } = signals
    const places = { [page]: ofPage, [render]: [], [cart]: ofCart, [ads]: ofAds }
    this.monitor = this.monitorOf(handNull(places))
  }

  monitorOf(placeNull: PlaceNull): SeriesMonitor {
    return new SeriesMonitor(placeNull, this.table, CONSTANTS)
  }

  see(request: Request = {}, times = 1): this {
    for (let i = 0; i < times; i++) {
      this.traces.read(spansOf(request), () => {
        this.#scan.read(this.traces.elements)
        this.monitor.count(this.traces.elements, this.#scan)
      })
    }
    return this
  }

  seeStructure(unusual: boolean, path = 0): this {
    this.monitor.countStructure(this.entry, unusual, path)
    return this
  }

  seeCategories(values: readonly number[]): this {
    this.monitor.countCategories(this.entry, Int32Array.from(values), this.#scan, 1)
    return this
  }

  series(signal: SeriesSignal, subject: number): number {
    return this.monitor.series.find(SIGNALS[signal].number, subject)
  }

  /** Occurrences and deviating ones of a series in the running bucket. */
  counted(signal: SeriesSignal, subject: number): [n: number, c: number] {
    const { n, c } = this.monitor.running(this.series(signal, subject))
    return [n, c]
  }

  /** Names of the series in which the last request deviates. */
  deviating(): string[] {
    const { count, series } = this.monitor.deviations.ofObservation
    return [...series.slice(0, count)].map((one) => this.monitor.series.signal(one).name)
  }
}

const TAILS = [
  handSeries('selfTimeP90', { level: 20e6 }),
  handSeries('selfTimeP99', { level: 40e6 }),
  handSeries('selfTimeP10', { level: 5e6 }),
]

describe('what deviates in a request', () => {
  it('is the tail that its self time lies in, beyond its level', () => {
    const shop = new Shop({ cart: TAILS })
    expect(shop.see({ cartMs: 20 }).deviating()).toEqual([])
    expect(shop.see({ cartMs: 21 }).deviating()).toEqual(['selfTimeP90'])
    expect(shop.see({ cartMs: 40 }).deviating()).toEqual(['selfTimeP90'])
    expect(shop.see({ cartMs: 41 }).deviating()).toEqual(['selfTimeP90', 'selfTimeP99'])
    expect(shop.see({ cartMs: 5 }).deviating()).toEqual([])
    expect(shop.see({ cartMs: 4 }).deviating()).toEqual(['selfTimeP10'])
    expect(shop.counted('selfTimeP90', shop.cart)).toEqual([6, 3])
    expect(shop.counted('selfTimeP99', shop.cart)).toEqual([6, 1])
    expect(shop.counted('selfTimeP10', shop.cart)).toEqual([6, 1])
    expect(shop.monitor.evidence.recent.median(shop.series('selfTimeP90', shop.cart))).toBe(40e6)
  })

  it('is an error, where there is a series for it', () => {
    const shop = new Shop({ cart: [handSeries('errors')] })
    expect(shop.see({ fails: true, cartMs: 99 }).deviating()).toEqual(['errors'])
    expect(shop.see().deviating()).toEqual([])
    expect(shop.counted('errors', shop.cart)).toEqual([2, 1])
    expect(new Shop({}).see({ fails: true }).deviating()).toEqual([])
  })

  it('is said once of an observation, and counted as often as it is there', () => {
    const shop = new Shop({ cart: [handSeries('errors')] }).see({ fails: true, carts: 3 })
    expect(shop.deviating()).toEqual(['errors'])
    expect(shop.counted('errors', shop.cart)).toEqual([3, 3])
  })

  it('is more calls than normal, against the parents that make any', () => {
    const shop = new Shop({ cart: [handSeries('count', { level: 2 })] })
    expect(shop.see({ carts: 2 }).deviating()).toEqual([])
    expect(shop.see({ carts: 3 }).deviating()).toEqual(['count'])
    expect(shop.see({ carts: 0 }).deviating()).toEqual([])
    expect(shop.counted('count', shop.cart)).toEqual([2, 1])
    expect(shop.monitor.evidence.recent.median(shop.series('count', shop.cart))).toBe(3)
  })

  it('is an expected child that is missing, against all its parents', () => {
    const shop = new Shop({ cart: [handSeries('presence')], ads: [handSeries('presence')] })
    expect(shop.see({ ads: true }).deviating()).toEqual([])
    expect(shop.see({ ads: false }).deviating()).toEqual(['presence'])
    expect(shop.counted('presence', shop.ads)).toEqual([2, 1])
    expect(shop.counted('presence', shop.cart)).toEqual([2, 0])
    expect(shop.see({ carts: 2, ads: false }).counted('presence', shop.ads)).toEqual([3, 2])
  })

  it('is an optional child that is there', () => {
    const shop = new Shop({ cart: [handSeries('presence')], ads: [handSeries('appearance')] })
    expect(shop.see({ ads: true }).deviating()).toEqual(['appearance'])
    expect(shop.see({ ads: false }).deviating()).toEqual([])
    expect(shop.counted('appearance', shop.ads)).toEqual([2, 1])
  })

  it('says nothing of children where spans are missing', () => {
    const all = { cart: [handSeries('presence'), handSeries('count', { level: 1 })] }
    const shop = new Shop({ ...all, ads: [handSeries('appearance')] })
    expect(shop.see({ carts: 2, ads: true, rooted: false }).deviating()).toEqual([])
    expect(shop.see({ carts: 0, rooted: false }).deviating()).toEqual([])
    expect(shop.counted('presence', shop.cart)).toEqual([0, 0])
  })

  it('is a child in a place that is not known, unless something failed', () => {
    const shop = new Shop({ page: [handSeries('unseen')] })
    expect(shop.see().deviating()).toEqual([])
    expect(shop.see({ new: true }).deviating()).toEqual(['unseen'])
    const { votes } = shop.monitor.evidence
    const path = votes.leader(shop.series('unseen', shop.page))
    expect(shop.table.pathText(path)).toContain('mail Get')
    expect(shop.see({ new: true, fails: true }).deviating()).toEqual([])
    expect(shop.counted('unseen', shop.page)).toEqual([3, 1])
  })

  it('is counted as unmonitored where the null knows no place', () => {
    const shop = new Shop({})
    shop.see({ new: true })
    expect(shop.monitor.deviations.unmonitored).toBe(1)
    expect(shop.monitor.deviations.unknownRuns).toBe(1)
  })
})

describe('a call that is missing', () => {
  type Call = 'answered' | 'unanswered' | 'not made'

  /** An entry with one page for each of these calls. */
  function pagesOf(...calls: Call[]): HandSpan[] {
    const spans: HandSpan[] = [
      { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 900, kind: 2 },
    ]
    calls.forEach((call, i) => {
      const page = spans.length
      const start = 1 + 100 * i
      const own = { service: 'shop', start, duration: 50 }
      spans.push({ ...own, name: 'page', parent: 0 })
      if (call === 'not made') return
      const get = { ...own, name: 'Get', parent: page, duration: 20, kind: 3 }
      // At an address where nobody ever did.
      const attributes = { 'server.address': '192.0.2.7' }
      spans.push(call === 'unanswered' ? { ...get, attributes } : get)
      if (call === 'unanswered') return
      spans.push({ ...own, service: 'cart', name: 'Get', parent: page + 1, duration: 10, kind: 2 })
    })
    return spans
  }

  it('was made and not answered, or not made by the same parent', () => {
    const traces = new HandTraces()
    const table = traces.tables.elements
    const scan = new OccurrenceScan()
    traces.read(pagesOf('answered'), () => {})
    const [entry = 0, page = 0, client = 0, cart = 0] = traces.elements.place
    const known = { [entry]: [], [page]: [], [client]: [handSeries('presence')], [cart]: [] }
    const monitor = new SeriesMonitor(handNull(known), table, CONSTANTS)
    const missing = (...calls: Call[]): [c: number, unanswered: number] => {
      monitor.deviations.clear()
      traces.read(pagesOf(...calls), () => {
        scan.read(traces.elements)
        monitor.count(traces.elements, scan)
      })
      const { c, unanswered } = monitor.running(0)
      return [c, unanswered]
    }
    expect(missing('answered')).toEqual([0, 0])
    expect(missing('unanswered')).toEqual([1, 1])
    expect(missing('not made')).toEqual([1, 0])
    expect(missing('answered', 'unanswered', 'not made', 'not made')).toEqual([3, 1])
    monitor.endSeries(0, false)
    expect(monitor.evidence.since.of.unanswered[0]).toBe(1)
  })
})

describe('what deviates in an entry', () => {
  it('is an unusual set of calls, also where the null does not know the entry', () => {
    const shop = new Shop({}).see()
    expect(shop.seeStructure(false).deviating()).toEqual([])
    expect(shop.see().seeStructure(true, -5).deviating()).toEqual(['structure'])
    expect(shop.counted('structure', shop.entry)).toEqual([2, 1])
    const series = shop.series('structure', shop.entry)
    expect(shop.monitor.evidence.votes.leader(series)).toBe(-5)
    expect(shop.monitor.series.late).toEqual([[SIGNALS.structure.number, shop.entry]])
    expect(shop.monitor.series.rows.of.baseRate[series]).toBe(0.02)
  })

  it('is a failing request where the null does not know how often its entry fails', () => {
    const assumed = handSeries('failures', { baseRate: 0.02 })
    const shop = new Shop({})
    shop.monitor = shop.monitorOf({ ...handNull({}), unknownEntry: assumed })
    const { number } = SIGNALS.failures
    expect(shop.see({}, 3).monitor.series.late).toEqual([])
    expect(shop.see({ fails: true }).deviating()).toEqual([])
    expect(shop.see({ fails: true, pageFails: true }).deviating()).toEqual(['failures'])
    expect(shop.monitor.series.late).toEqual([[number, shop.entry]])
    // Those from before it was watched are counted as well, and no judged set of calls.
    expect(shop.counted('failures', shop.entry)).toEqual([5, 1])
    expect(shop.monitor.findTouched()).toBe(1)
    const series = shop.series('failures', shop.entry)
    expect(shop.monitor.evidence.votes.leader(series)).toBe(shop.traces.elements.path[2])
    const known = { [shop.page]: [handSeries('errors')] }
    shop.monitor = shop.monitorOf({ ...handNull(known), unknownEntry: assumed })
    expect(shop.see({ pageFails: true }).deviating()).toEqual(['errors'])
    shop.monitor = shop.monitorOf(handNull({}))
    expect(shop.see({ pageFails: true }).deviating()).toEqual([])
  })

  it('is an unusual value of a category, the first that is', () => {
    const shop = new Shop({})
    const ofEntry = { [shop.entry]: [handSeries('category')] }
    shop.monitor = shop.monitorOf(handNull({}, ofEntry, [[1], [2, 3]]))
    shop.see().seeStructure(false)
    expect(shop.seeCategories([1, 3]).deviating()).toEqual([])
    expect(shop.seeCategories([1, 4]).deviating()).toEqual(['category'])
    expect(shop.counted('category', shop.entry)).toEqual([1, 1])
    const { votes } = shop.monitor.evidence
    expect(votes.leader(shop.series('category', shop.entry))).toBe(categoryVote(1, 4))
  })
})

describe('the running bucket', () => {
  it('touches each series once, those of children by their parents', () => {
    const shop = new Shop({
      page: [handSeries('unseen'), handSeries('errors')],
      cart: [...TAILS, handSeries('presence')],
      ads: [handSeries('appearance')],
    })
    const ofEntry = { [shop.entry]: [handSeries('structure'), handSeries('category')] }
    const { monitor: before } = shop
    const touched = (): string[] => {
      const count = shop.monitor.findTouched()
      return [...shop.monitor.touched.slice(0, count)]
        .map((one) => shop.monitor.series.signal(one).name)
        .sort()
    }
    expect(touched()).toEqual([])
    expect(shop.see({ new: true }).see().monitor).toBe(before)
    const tails = ['selfTimeP10', 'selfTimeP90', 'selfTimeP99']
    expect(touched()).toEqual(['appearance', 'errors', 'presence', ...tails, 'unseen'])
    before.deviations.clear()
    expect(touched()).toEqual([])
    shop.monitor = shop.monitorOf(handNull({}, ofEntry))
    shop.see().seeStructure(false)
    expect(touched()).toEqual(['category', 'structure'])
  })

  it('is elevated where more than normal deviates', () => {
    const shop = new Shop({ cart: [handSeries('errors', { baseRate: 0.5 })] })
    const series = shop.series('errors', shop.cart)
    expect(shop.see().monitor.isElevated(series)).toBe(false)
    expect(shop.see({ fails: true }).monitor.isElevated(series)).toBe(false)
    expect(shop.see({ fails: true }).monitor.isElevated(series)).toBe(true)
  })

  it('is weighed for a share against the normal one', () => {
    const shop = new Shop({ cart: [handSeries('errors')] }).see({}, 8).see({ fails: true }, 2)
    const series = shop.series('errors', shop.cart)
    const { alternativeRho } = CONSTANTS
    const ratio = logShareRatio(10, 2, 0.3, alternativeRho, 0.01, 0.01)
    expect(shop.monitor.ratioOf(series, 0.3)).toBeCloseTo(ratio, 12)
    expect(shop.monitor.prefix(series)).toBeGreaterThan(0)
    shop.monitor.evidence.restart(series)
    // The rest of a bucket that closed a series does not count.
    expect(shop.monitor.ratioOf(series, 0.3)).toBe(0)
    expect(shop.monitor.prefix(series)).toBe(-Infinity)
    expect(shop.counted('errors', shop.cart)).toEqual([0, 0])
  })

  it('goes into the evidence when it ends, and counts anew after it', () => {
    const shop = new Shop({ cart: [handSeries('errors')] }).see({}, 8).see({ fails: true }, 2)
    const series = shop.series('errors', shop.cart)
    const { monitor } = shop
    monitor.evidence.bucket = 3
    monitor.note(77, 1000)
    monitor.endSeries(series, false)
    monitor.deviations.clear()
    expect(shop.counted('errors', shop.cart)).toEqual([0, 0])
    const { n, c, firstMs, lastMs } = monitor.evidence.since.of
    expect([n[series], c[series], firstMs[series], lastMs[series]]).toEqual([10, 2, 1000, 1000])
    expect(monitor.standing(series)).toBeGreaterThan(0)
  })

  it('may hold where a change began: at each look', () => {
    const shop = new Shop({ cart: [handSeries('errors')] }).see({}, 5)
    const series = shop.series('errors', shop.cart)
    const { deviations } = shop.monitor
    deviations.mark()
    expect(deviations.onsets(series).count).toBe(0)
    shop.see({ fails: true }, 2)
    deviations.mark()
    shop.see({ fails: true })
    const { count, n, c, most } = deviations.onsets(series)
    expect([count, most]).toEqual([2, 9])
    expect([...n.slice(0, 2), ...c.slice(0, 2)]).toEqual([5, 7, 0, 2])
    for (let i = 0; i < 20; i++) deviations.mark()
    expect(deviations.onsets(series).count).toBe(9)
    deviations.clear()
    shop.see({ fails: true })
    expect(deviations.onsets(series).count).toBe(0)
  })
})

describe('a monitor under a new null', () => {
  it('goes on with the evidence of the series that both have', () => {
    const shop = new Shop({ cart: [...TAILS, handSeries('errors')] })
    shop.see({}, 8).see({ fails: true }, 2).seeStructure(true)
    const before = shop.monitor
    const old = shop.series('errors', shop.cart)
    before.evidence.bucket = 3
    before.note(77, 1000)
    before.endSeries(old, false)
    shop.monitor = shop.monitorOf(handNull({ [shop.cart]: [handSeries('errors')] }))
    shop.monitor.takeOver(before, () => false)
    const series = shop.series('errors', shop.cart)
    expect(series).not.toBe(old)
    expect(shop.monitor.evidence.bucket).toBe(3)
    expect(shop.monitor.standing(series)).toBe(before.standing(old))
    expect(shop.monitor.evidence.sketches.rows.of.size[series]).toBe(1)
    // The structure of an entry that the new null does not know is monitored on.
    expect(shop.series('structure', shop.entry)).toBeGreaterThanOrEqual(0)
  })

  it('watches the failures of an entry on while an alarm is open, else until the null knows them', () => {
    const shop = new Shop({})
    const unknownEntry = handSeries('failures')
    const knowing = handNull({ [shop.page]: [handSeries('errors')] })
    const before = shop.monitorOf({ ...handNull({}), unknownEntry })
    shop.monitor = before
    shop.see({ pageFails: true })
    before.endSeries(shop.series('failures', shop.entry), true)
    const goesOn = (next: PlaceNull, isOpen: boolean): boolean => {
      shop.monitor = shop.monitorOf({ ...next, unknownEntry })
      shop.monitor.takeOver(before, () => isOpen)
      return shop.series('failures', shop.entry) >= 0
    }
    expect([goesOn(handNull({}), false), goesOn(handNull({}), true)]).toEqual([true, true])
    expect([goesOn(knowing, false), goesOn(knowing, true)]).toEqual([false, true])
  })

  it('has a threshold that all series share, and the similar anomalies', () => {
    const { monitor } = new Shop({ cart: TAILS })
    const bucketsPerWeek = (7 * 24 * 3600) / 30
    expect(monitor.logThreshold(1)).toBeCloseTo(Math.log(4 * bucketsPerWeek), 12)
    expect(monitor.logThreshold(2)).toBeCloseTo(Math.log(2 * bucketsPerWeek), 12)
  })

  it('is the same from a state', () => {
    const shop = new Shop({ cart: [...TAILS, handSeries('presence')] })
    shop.see({ cartMs: 90, new: true }, 9).seeStructure(true, 4)
    shop.monitor.deviations.mark()
    shop.monitor.note(5, 1000)
    const state = structuredClone(shop.monitor.state())
    const other = SeriesMonitor.restore(state, shop.table, CONSTANTS)
    expect(other.state()).toEqual(shop.monitor.state())
    expect(other.deviations.unmonitored).toBe(shop.monitor.deviations.unmonitored)
    const series = shop.series('selfTimeP90', shop.cart)
    expect(other.prefix(series)).toBe(shop.monitor.prefix(series))
    expect(other.running(series)).toEqual(shop.monitor.running(series))
  })
})

describe('the own time of a call', () => {
  const LEVEL_NS = 5e6
  /** A call of 20 ms, of which the one who answers, if there is a span of it, takes 18. */
  const spans = (answers: boolean, error = false): HandSpan[] => [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 30, kind: 2 },
    { service: 'shop', name: 'Pay', parent: 0, start: 1, duration: 20, kind: 3, error },
    ...(answers
      ? [{ service: 'bank', name: 'Pay', parent: 1, start: 2, duration: 18, kind: 2 }]
      : []),
  ]

  /**
   * Of one request: slow calls, missing answers, calls that failed without an answer, as counted.
   * `said`: of answers.
   */
  function counted(
    answers: boolean,
    error = false,
    said: readonly SeriesSignal[] = ['presence'],
    traces = new HandTraces(),
  ): number[] {
    const table = traces.tables.elements
    traces.read(spans(true), () => {})
    const [, call = 0, answer = 0] = traces.elements.place
    const slow = handSeries('selfTimeP90', { level: LEVEL_NS })
    const ofAnswers = said.map((signal) => handSeries(signal))
    const places = { [call]: [slow, handSeries('noAnswer')], [answer]: ofAnswers }
    const monitor = new SeriesMonitor(handNull(places), table, CONSTANTS)
    const scan = new OccurrenceScan()
    traces.read(spans(answers, error), () => {
      scan.read(traces.elements)
      monitor.count(traces.elements, scan)
    })
    const { c } = monitor.deviations.bySeries.of
    const of = (signal: SeriesSignal, place: number): number =>
      c[monitor.series.find(SIGNALS[signal].number, place)] ?? 0
    return [of('selfTimeP90', call), of('presence', answer), of('noAnswer', call)]
  }

  it('is not what the other side takes of which there is no span', () => {
    expect(counted(true)).toEqual([0, 0, 0])
    expect(counted(false)).toEqual([0, 1, 0])
    expect(counted(false, true)).toEqual([0, 0, 1])
  })

  it('is all of it where there never is a span of the other side', () => {
    expect(counted(false, false, [])).toEqual([1, 0, 0])
  })

  it('is not what the other side takes where its spans are missing now and then', () => {
    expect(counted(true, false, ['errors'])).toEqual([0, 0, 0])
    expect(counted(false, false, ['errors'])).toEqual([0, 0, 0])
  })

  it('is all of it where the other side seldom has spans, or may seldom have some', () => {
    expect(counted(false, false, ['errors', 'appearance'])).toEqual([1, 0, 0])
    // Below an entry nothing is said of what seldom comes.
    const traces = new HandTraces()
    const entry = { service: 'shop', name: 'Pay', parent: -1, start: 1, duration: 20, kind: 3 }
    const answer = { service: 'bank', name: 'Pay', parent: 0, start: 2, duration: 18, kind: 2 }
    traces.read([entry, answer], () => {})
    expect(counted(false, false, ['errors'], traces)).toEqual([1, 0, 0])
  })
})

describe('how long a message waited', () => {
  const traces = new HandTraces()
  const { elements } = traces
  const scan = new OccurrenceScan()
  traces.read(mailed(30), () => {})
  const [place = 0] = elements.place
  const table = traces.tables.elements

  /** A monitor that has read some messages, and how the last one deviates. */
  function seen(nulls: Readonly<Record<number, readonly SeriesNull[]>>, ...waits: number[]) {
    const monitor = new SeriesMonitor(handNull(nulls), table, CONSTANTS)
    let deviating: string[] = []
    const read = (spans: readonly HandSpan[]): void =>
      traces.read(spans, () => {
        scan.read(elements)
        monitor.count(elements, scan)
        const { count, series } = monitor.deviations.ofObservation
        deviating = [...series.slice(0, count)].map((one) => monitor.series.signal(one).name)
      })
    for (const wait of waits) read(mailed(wait))
    return { monitor, read, deviating: () => deviating }
  }

  const watched = { [place]: [handSeries('wait', { level: 30e6, normal: 20e6 })] }

  it('deviates beyond its level, of all messages that are known to have waited for so long', () => {
    const { monitor, read, deviating } = seen(watched, 30)
    const series = monitor.series.find(SIGNALS.wait.number, place)
    const counted = () => {
      const { n, c } = monitor.running(series)
      return [n, c]
    }
    expect([deviating(), counted()]).toEqual([[], [1, 0]])
    read(mailed(31))
    expect([deviating(), counted()]).toEqual([['wait'], [2, 1]])
    // Whose message nobody is known to have sent says nothing.
    read([{ ...mailed(0)[2]!, parent: -1 }])
    expect(elements.place[0]).toBe(place)
    expect([deviating(), counted()]).toEqual([[], [2, 1]])
    expect(monitor.evidence.recent.median(series)).toBe(31e6)
    // One that waited for nothing is one.
    read(mailed(0))
    expect(counted()).toEqual([3, 1])
    const all = seen({ [place]: [handSeries('wait', { level: -1 })] }, 0)
    expect(all.deviating()).toEqual(['wait'])
  })

  it('is marked within its bucket, and is among what was touched in it', () => {
    const { monitor, read } = seen(watched, 10, 10)
    const series = monitor.series.find(SIGNALS.wait.number, place)
    read([{ ...mailed(0)[2]!, parent: -1 }])
    monitor.deviations.mark()
    for (let i = 0; i < 3; i++) read(mailed(90))
    const { count, n, c } = monitor.deviations.onsets(series)
    expect([count, n[0], c[0]]).toEqual([1, 2, 0])
    expect([...monitor.touched.slice(0, monitor.findTouched())]).toEqual([series])
    const restored = SeriesMonitor.restore(structuredClone(monitor.state()), table, CONSTANTS)
    expect(restored.running(series)).toEqual(monitor.running(series))
    expect(restored.deviations.onsets(series).n[0]).toBe(2)
  })

  it('is no matter where nothing is said of it', () => {
    expect(seen({ [place]: [handSeries('errors')] }, 900).deviating()).toEqual([])
    expect(seen({}, 900).deviating()).toEqual([])
  })
})
