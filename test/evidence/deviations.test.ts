import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import type { SeriesNull } from '../../src/baseline/place-null.ts'
import { type SeriesSignal, SIGNALS } from '../../src/baseline/signals.ts'
import { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { OccurrenceScan } from '../../src/profile/occurrence-scan.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handNull, handSeries } from './hand-null.ts'

/** A page with so many parts, each of which asks a store unless it is among those that do not. */
function page(parts: readonly string[], without: readonly number[] = []): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50_000, kind: 2 },
    // Work of its own, here and below, so that it is the same operation whomever it calls.
    { service: 'shop', name: 'render', parent: 0, start: 1, duration: 1 },
  ]
  parts.forEach((name, i) => {
    const start = 10 + 20 * i
    spans.push({ service: name, name: 'Get', parent: 0, start, duration: 12, kind: 2 })
    const parent = spans.length - 1
    spans.push({ service: name, name: 'work', parent, start, duration: 1 })
    if (without.includes(i)) return
    spans.push({ service: 'store', name: 'Read', parent, start: start + 1, duration: 10, kind: 2 })
  })
  return spans
}

/** All that was seen of some pages before; then what is monitored in each place, by what happens there. */
class Pages {
  readonly traces = new HandTraces()
  readonly places = new Map<string, number>()
  readonly #scan = new OccurrenceScan()
  #monitor: SeriesMonitor | null = null

  see(spans: readonly HandSpan[]): this {
    const { elements, tables } = this.traces
    this.traces.read(spans, () => {
      this.#scan.read(elements)
      this.#monitor?.count(elements, this.#scan)
      for (let i = 0; i < elements.count; i++) {
        this.places.set(tables.elements.placeText(elements.place[i]!), elements.place[i]!)
      }
    })
    return this
  }

  watch(seriesOf: (place: string) => readonly SeriesNull[]): this {
    const rows = [...this.places].map(([text, place]) => [place, seriesOf(text)] as const)
    const placeNull = handNull(Object.fromEntries(rows))
    this.#monitor = new SeriesMonitor(placeNull, this.traces.tables.elements, CONSTANTS)
    return this
  }

  get monitor(): SeriesMonitor {
    return this.#monitor!
  }

  /** Series of the only place that has one of the signal. */
  series(signal: SeriesSignal): number {
    const found = [...this.places.values()]
      .map((place) => this.monitor.series.find(SIGNALS[signal].number, place))
      .filter((series) => series >= 0)
    expect(found).toHaveLength(1)
    return found[0]!
  }
}

describe('what is remembered of what deviates', () => {
  it('is how long it took and how many there were; of what is missing or there, nothing', () => {
    const one = new Pages().see(page(['cart', 'ads']))
    const seriesOf = (place: string): SeriesNull[] => {
      if (place.endsWith('> cart Get')) {
        return [
          handSeries('selfTimeP90', { level: 1e6 }),
          handSeries('count', { level: 1 }),
          handSeries('appearance'),
        ]
      }
      return place.startsWith('cart Get > store') ? [handSeries('presence')] : []
    }
    one.watch(seriesOf).see(page(['cart', 'cart', 'cart'], [0, 1, 2]))
    const median = (signal: SeriesSignal) => one.monitor.evidence.recent.median(one.series(signal))
    expect(median('selfTimeP90')).toBe(11e6)
    expect(median('count')).toBe(3)
    expect(median('presence')).toBe(0)
    expect(median('appearance')).toBe(0)
  })
})

describe('a request of very many calls', () => {
  it('deviates in each of many places', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz']
    const names = ['x', 'y', 'z'].flatMap((first) => letters.map((letter) => first + letter))
    const one = new Pages().see(page(names)).watch((place) => {
      return place.includes('> store') ? [handSeries('selfTimeP90', { level: 1e6 })] : []
    })
    one.see(page(names))
    const { count, series } = one.monitor.deviations.ofObservation
    expect(count).toBe(names.length)
    expect([...series.slice(0, count)].sort((a, b) => a - b)).toEqual([...names.keys()])
    expect([...names.keys()].map((i) => one.monitor.running(i).c)).toEqual(names.map(() => 1))
  })

  it('misses what one of its last calls lacks, and no more', () => {
    const parts = Array<string>(200).fill('part')
    const one = new Pages().see(page(parts)).watch((place) => {
      return place.includes('> store') ? [handSeries('presence')] : []
    })
    one.see(page(parts))
    const counted = () => one.monitor.running(one.series('presence'))
    expect(counted()).toMatchObject({ n: 200, c: 0 })
    one.see(page(parts, [3, 198, 199]))
    expect(counted()).toMatchObject({ n: 400, c: 3 })
  })
})
