import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import { Learner } from '../../src/detector/learner.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { POOLED } from '../../src/model/fit-request.ts'
import type { Model } from '../../src/model/model.ts'
import type { KeptTrace } from '../../src/profile/kept-trace.ts'
import { type Profile, unpackProfile } from '../../src/profile/profile.ts'
import { detectorSettings } from '../detector-settings.ts'
import { HandTraces } from '../profile/traces.ts'

const START = Date.UTC(2026, 10, 25, 7)
type Offer = 'learn' | 'learnLater' | 'setAside'

/** Every entry operation has enough to be fitted by itself. */
function settingsOf(changes: Partial<DetectorSettings> = {}): DetectorSettings {
  const { model } = detectorSettings()
  return detectorSettings({ model: { ...model, minObservations: 1 }, ...changes })
}

/** Learners that see the same hand-made traces, one a second, with ids 1, 2, 3 … */
class HandLearner {
  readonly traces = new HandTraces()
  readonly learner: Learner
  /** Takes all that comes, so it tells in which of the two samples a trace belongs. */
  readonly #witness: Learner
  timeMs = START

  constructor(changes: Partial<DetectorSettings> = {}) {
    this.learner = this.another(changes)
    this.#witness = this.another({ alpha: 1 })
  }

  another(changes: Partial<DetectorSettings> = {}): Learner {
    return new Learner(settingsOf(changes), this.traces.tables)
  }

  /** Gives the next trace to `use` with the sample that it belongs in. */
  next(entry: string, use: (belongs: 'fit' | 'calibration') => void): void {
    this.timeMs += 1000
    const method = { 'http.request.method': 'GET' }
    this.traces.read(
      [
        { service: 'shop', name: entry, parent: -1, start: 0, duration: 20, attributes: method },
        { service: 'cart', name: 'read', parent: 0, start: 2, duration: 8 },
      ],
      () => {
        const before = this.#witness.calibrationSize
        this.#offerTo(this.#witness, 'learn')
        use(this.#witness.calibrationSize > before ? 'calibration' : 'fit')
      },
    )
  }

  /** Offers the next `n` traces. */
  offer(how: Offer, n: number, entry = 'home'): void {
    for (let i = 0; i < n; i++) this.next(entry, () => this.#offerTo(this.learner, how))
  }

  stratumOf(entry: string): number {
    let stratum = -1
    this.next(entry, () => {
      stratum = this.traces.elements.stratum
    })
    return stratum
  }

  /** The profile and the kept trace of the next trace, by a learner that learns only this one. */
  kept(entry: string): { stratum: number; profile: Profile; trace: KeptTrace } {
    for (;;) {
      let found: { stratum: number; profile: Profile; trace: KeptTrace } | null = null
      this.next(entry, (belongs) => {
        if (belongs !== 'fit') return
        const alone = this.another()
        this.#offerTo(alone, 'learn')
        const { request, traces } = alone.fitRequest(1, this.timeMs, null)
        const profile = unpackProfile(request.sample, 0)
        found = { stratum: this.traces.elements.stratum, profile, trace: traces[0]! }
      })
      if (found) return found
    }
  }

  #offerTo(learner: Learner, how: Offer): void {
    const { elements, scratch } = this.traces
    learner[how](elements, scratch, this.timeMs)
  }
}

/** A model with one cluster for each medoid, in order. */
function modelOf(medoids: readonly ReturnType<HandLearner['kept']>[]): Model {
  const strata = Map.groupBy(medoids, ({ stratum }) => stratum)
  return {
    strata: [...strata].map(([stratum, list]) => ({
      stratum,
      clusters: list.map(({ profile, trace }) => ({ medoid: profile, members: [trace] })),
    })),
  } as unknown as Model
}

function idsOf(traces: readonly KeptTrace[]): string[] {
  return traces.map(({ id }) => id.join('.'))
}

describe('what a learner keeps', () => {
  it('is each observation in exactly one of two samples, while there is room', () => {
    const hand = new HandLearner()
    hand.offer('learn', 200)
    const home = hand.stratumOf('home')
    const { learner } = hand
    expect(learner.sampledOf(home)).toBeGreaterThan(60)
    expect(learner.calibrationSize).toBeGreaterThan(60)
    expect(learner.sampledOf(home) + learner.calibrationSize).toBe(200)
    expect(learner.sampledOf(home + 1)).toBe(0)
  })

  it('is counted by whether it was learned, set aside or left out', () => {
    const hand = new HandLearner()
    hand.offer('learn', 5)
    hand.offer('setAside', 3)
    hand.learner.leaveOut(0, hand.timeMs)
    expect(hand.learner).toMatchObject({ learned: 5, quarantined: 4 })
  })

  it('tells how places behave only by what was learned', () => {
    const hand = new HandLearner()
    hand.offer('learn', 3)
    const before = structuredClone(hand.learner.places.state())
    hand.offer('setAside', 3)
    hand.learner.leaveOut(0, hand.timeMs)
    expect(hand.learner.places.state()).toEqual(before)
    hand.offer('learn', 1)
    expect(hand.learner.places.state()).not.toEqual(before)
  })

  it('is shared out between entry operations when a fit is asked for', () => {
    const { sample } = detectorSettings()
    const hand = new HandLearner({ sample: { ...sample, size: 10, stratumFloor: 2 } })
    hand.offer('learn', 60, 'home')
    hand.offer('learn', 60, 'search')
    const [home, search] = [hand.stratumOf('home'), hand.stratumOf('search')]
    // Whoever comes first gets no more than a quarter before it is known who else comes.
    expect([hand.learner.sampledOf(home), hand.learner.sampledOf(search)]).toEqual([2, 2])
    hand.learner.fitRequest(1, hand.timeMs, null)
    hand.offer('learn', 60, 'home')
    expect(hand.learner.sampledOf(home)).toBe(5)
  })
})

describe('a flagged observation', () => {
  const { bucketMs } = detectorSettings().accumulate

  it('waits, and enters the samples once no anomaly cluster came for it', () => {
    const hand = new HandLearner()
    const firstMs = hand.timeMs + 1000
    hand.offer('setAside', 20)
    const home = hand.stratumOf('home')
    // Four buckets of evidence open one, if one will.
    for (const timeMs of [hand.timeMs, firstMs + 4 * bucketMs - 1]) {
      hand.learner.advance(timeMs)
      expect([hand.learner.sampledOf(home), hand.learner.calibrationSize]).toEqual([0, 0])
    }
    hand.learner.advance(hand.timeMs + 4 * bucketMs)
    expect(hand.learner.sampledOf(home)).toBeGreaterThan(3)
    expect(hand.learner.sampledOf(home) + hand.learner.calibrationSize).toBe(20)
  })

  it('is forgotten where its entry operation became part of an anomaly cluster meanwhile', () => {
    const hand = new HandLearner()
    hand.offer('setAside', 20, 'home')
    hand.offer('setAside', 20, 'search')
    const home = hand.stratumOf('home')
    hand.learner.leaveOut(home, hand.timeMs)
    hand.learner.advance(hand.timeMs + 4 * bucketMs)
    expect(hand.learner.forgotten).toBe(20)
    expect(hand.learner.sampledOf(home)).toBe(0)
    const search = hand.stratumOf('search')
    expect(hand.learner.sampledOf(search) + hand.learner.calibrationSize).toBe(20)
    expect(hand.learner.quarantined).toBe(41)
  })

  it('is learned where it comes after an incident', () => {
    const hand = new HandLearner()
    hand.offer('learn', 1)
    const home = hand.stratumOf('home')
    hand.learner.leaveOut(home, hand.timeMs)
    const before = hand.learner.sampledOf(home) + hand.learner.calibrationSize
    hand.offer('setAside', 20)
    hand.learner.advance(hand.timeMs + 4 * bucketMs)
    expect(hand.learner.sampledOf(home) + hand.learner.calibrationSize).toBe(before + 20)
  })
})

describe('what a learner refers to', () => {
  const { bucketMs } = detectorSettings().accumulate
  const used = (hand: HandLearner): IdSets => {
    const ids = new IdSets()
    hand.learner.use(ids)
    return ids
  }

  it('are the entry operations, calls and texts of its samples, and of what waits', () => {
    const hand = new HandLearner()
    expect([...used(hand).strata]).toEqual([])
    hand.offer('learn', 20, 'home')
    const learned = used(hand)
    const home = hand.stratumOf('home')
    expect([...learned.strata]).toEqual([home])
    expect([[...learned.paths].length, [...learned.elements].length]).toEqual([2, 2])
    expect([...learned.values].length).toBeGreaterThan(1)
    hand.offer('setAside', 20, 'search')
    const search = hand.stratumOf('search')
    expect([...used(hand).strata]).toEqual([home, search])
    expect([...used(hand).paths]).toHaveLength(4)
  })

  it('is given up with the entry operation, unless something of it waits', () => {
    const hand = new HandLearner()
    hand.offer('learn', 20, 'home')
    hand.offer('learn', 20, 'search')
    hand.offer('setAside', 1, 'search')
    const [home, search] = [hand.stratumOf('home'), hand.stratumOf('search')]
    const place = hand.traces.elements.place[0]!
    hand.timeMs += bucketMs
    hand.offer('learn', 1, 'home')
    expect(hand.learner.places.request().places).toContain(place)
    const idle = new IdSets()
    idle.strata.addAll([home, search])
    idle.places.add(place)
    hand.learner.giveUp(idle)
    expect(hand.learner.places.request().places).not.toContain(place)
    expect(hand.learner.sampledOf(home)).toBe(0)
    expect(hand.learner.sampledOf(search)).toBeGreaterThan(0)
  })

  it('is not taken for what has its number later', () => {
    const hand = new HandLearner()
    hand.offer('setAside', 20)
    const home = hand.stratumOf('home')
    hand.learner.leaveOut(home, hand.timeMs)
    const gone = new IdSets()
    gone.strata.add(home)
    hand.learner.forget(gone)
    hand.learner.advance(hand.timeMs + 4 * bucketMs)
    expect(hand.learner.forgotten).toBe(0)
    expect(hand.learner.sampledOf(home) + hand.learner.calibrationSize).toBe(20)
  })
})

describe('an unusual observation', () => {
  it('waits like a flagged one, but tells how places behave and counts as learned', () => {
    const hand = new HandLearner()
    const before = structuredClone(hand.learner.places.state())
    hand.offer('learnLater', 10)
    expect(hand.learner).toMatchObject({ learned: 10, quarantined: 0, calibrationSize: 0 })
    expect(hand.learner.places.state()).not.toEqual(before)
  })
})

describe('a request for a fit', () => {
  it('puts together what is kept of entry operations that are too rare by themselves', () => {
    const { model } = detectorSettings()
    const hand = new HandLearner({ model: { ...model, minObservations: 20 } })
    hand.offer('learn', 80, 'home')
    for (const rare of ['about', 'terms', 'press']) hand.offer('learn', 16, rare)
    hand.offer('learn', 3, 'once')
    const [home, about, terms, press] = ['home', 'about', 'terms', 'press'].map((entry) =>
      hand.stratumOf(entry),
    )
    const { request } = hand.learner.fitRequest(1, hand.timeMs, null)
    expect(new Set(request.sampleStratum)).toEqual(new Set([POOLED, home]))
    expect([...request.pooled]).toEqual([about, terms, press])
    const rare = [about, terms, press].reduce<number>(
      (sum, s) => sum + hand.learner.sampledOf(s!),
      0,
    )
    expect(request.sampleStratum.filter((stratum) => stratum === POOLED)).toHaveLength(rare)
    expect(hand.learner.awaited(null)).toBe(1)
  })

  it('says what was asked for and how to fit', () => {
    const changes = { seed: 11, alpha: 0.02 }
    const hand = new HandLearner(changes)
    hand.offer('learn', 10)
    const { model, features } = settingsOf(changes)
    const { request } = hand.learner.fitRequest(7, 123_456, null)
    expect(request).toMatchObject({
      ...changes,
      version: 7,
      timeMs: 123_456,
      minObservations: model.minObservations,
      maxClustersPerStratum: model.maxClustersPerStratum,
      minSupport: model.minSupport,
      categories: features.categories.length,
    })
    expect(request.places).toEqual(hand.learner.places.request())
  })

  it('holds both samples by entry operation, in order, each profile beside its trace', () => {
    const hand = new HandLearner()
    for (let i = 0; i < 30; i++) hand.offer('learn', 1, i % 3 === 0 ? 'search' : 'home')
    const [search, home] = [hand.stratumOf('search'), hand.stratumOf('home')]
    expect(search).toBeLessThan(home)
    const { request, traces } = hand.learner.fitRequest(1, hand.timeMs, null)
    const strata = [...request.sampleStratum]
    expect(strata).toEqual(strata.toSorted((a, b) => a - b))
    expect(new Set(strata)).toEqual(new Set([search, home]))
    expect(request.sample.count).toBe(strata.length)
    expect(traces).toHaveLength(strata.length)
    expect(new Set(idsOf(traces)).size).toBe(traces.length)
    const paths = new Map<number, string>()
    for (const [i, stratum] of strata.entries()) {
      const profile = unpackProfile(request.sample, i)
      expect(profile.paths).toHaveLength(2)
      paths.set(stratum, profile.paths.join(' '))
      // Every third trace was a search.
      expect(traces[i]!.id[3]! % 3 === 1).toBe(stratum === search)
      expect(traces[i]!.categories[0]).not.toBe(0)
    }
    expect(paths.get(search)).not.toBe(paths.get(home))
    expect([...request.sampleWeight]).toEqual(strata.map(() => 1))
    expect([...request.previousSlot]).toEqual(strata.map(() => -1))
    expect(request.calibration.count + request.sample.count).toBe(30)
    const calibrating = [...request.calibrationStratum]
    expect(calibrating).toHaveLength(request.calibration.count)
    for (const [i, stratum] of calibrating.entries()) {
      expect(unpackProfile(request.calibration, i).paths.join(' ')).toBe(paths.get(stratum))
    }
  })

  it('marks the medoids of the model before, and brings back those that have left the sample', () => {
    const hand = new HandLearner()
    hand.offer('learn', 12, 'search')
    hand.offer('learn', 12, 'home')
    const plain = hand.learner.fitRequest(1, hand.timeMs, null)
    const gone = hand.kept('search')
    const strata = [...plain.request.sampleStratum]
    const still = strata.lastIndexOf(gone.stratum)
    const stillThere = {
      stratum: gone.stratum,
      profile: unpackProfile(plain.request.sample, still),
      trace: plain.traces[still]!,
    }
    const { request, traces } = hand.learner.fitRequest(2, hand.timeMs, modelOf([gone, stillThere]))
    expect(request.sample.count).toBe(plain.request.sample.count + 1)
    // Behind the others of its entry operation.
    const added = still + 1
    expect([...request.sampleStratum]).toEqual(strata.toSpliced(added, 0, gone.stratum))
    expect([...request.sampleWeight]).toEqual(strata.map(() => 1).toSpliced(added, 0, 0))
    const slots = strata.map((_, i): number => (i === still ? 1 : -1))
    expect([...request.previousSlot]).toEqual(slots.toSpliced(added, 0, 0))
    expect(idsOf(traces)).toEqual(idsOf(plain.traces).toSpliced(added, 0, ...idsOf([gone.trace])))
    expect(unpackProfile(request.sample, added)).toEqual(gone.profile)
  })

  it('takes a medoid for the same only within its entry operation', () => {
    const hand = new HandLearner()
    hand.offer('learn', 12, 'home')
    const { request, traces } = hand.learner.fitRequest(1, hand.timeMs, null)
    const elsewhere = {
      stratum: request.sampleStratum[0]! + 1,
      profile: unpackProfile(request.sample, 0),
      trace: traces[0]!,
    }
    const again = hand.learner.fitRequest(2, hand.timeMs, modelOf([elsewhere])).request
    expect(again.sample.count).toBe(request.sample.count + 1)
    expect([...again.previousSlot]).toEqual([...request.previousSlot, 0])
  })
})

describe('a learner that is restored', () => {
  it('goes on as if it had never stopped', () => {
    const hand = new HandLearner({ alpha: 0.25 })
    hand.offer('learn', 20)
    hand.offer('setAside', 3)
    hand.learner.leaveOut(0, hand.timeMs)
    const restored = hand.another({ alpha: 0.25 })
    restored.restore(structuredClone(hand.learner.state()))
    expect(restored).toMatchObject({ learned: 20, quarantined: 4 })
    expect(restored.state()).toEqual(hand.learner.state())
    const { elements, scratch } = hand.traces
    for (let i = 0; i < 20; i++) {
      hand.next('home', () => {
        for (const learner of [hand.learner, restored]) {
          if (i % 2 === 0) learner.setAside(elements, scratch, hand.timeMs)
          else learner.learn(elements, scratch, hand.timeMs)
          learner.advance(hand.timeMs)
        }
      })
    }
    expect(restored.state()).toEqual(hand.learner.state())
    expect(restored.fitRequest(1, hand.timeMs, null)).toEqual(
      hand.learner.fitRequest(1, hand.timeMs, null),
    )
  })
})
