import { describe, expect, it } from 'vitest'
import {
  type LoneAnomaly,
  logNormalAgain,
  MOST_WAITING,
  SimilarAnomalies,
} from '../../src/anomaly-clusters/similar-anomalies.ts'
import { alternativeShares } from '../../src/evidence/alternatives.ts'
import { logShareRatio } from '../../src/stats/share-evidence.ts'
import { DISTANCES, example } from './hand-alarms.ts'

const ALPHA = 0.001

/** Feeds normal observations and anomalies of the given paths, in turns. */
class Stream {
  readonly similar = new SimilarAnomalies()
  #hash = 0

  normal(count: number): this {
    for (let i = 0; i < count; i++) this.similar.observed(2)
    return this
  }

  strange(paths: readonly number[], series: readonly number[] = [], stratum = 2): this {
    this.similar.observed(stratum)
    const hash = ++this.#hash
    const seen = this.similar.seen(stratum)
    const timeMs = seen * 10
    const anomaly = { hash, timeMs, stratum, seen, service: 'cart', series }
    this.similar.add({ ...anomaly, example: example(hash, paths) })
    return this
  }
}

const STRANGE = [2, 3, 40, 41, 42]

describe('like anomalies', () => {
  it('are a group when several of one kind come within a few observations', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++) stream.strange(STRANGE).normal(3)
    const group = stream.similar.strongestGroup(DISTANCES, ALPHA)
    expect(group?.anomalies).toHaveLength(6)
    expect(group?.logEvidence).toBeGreaterThan(11)
  })

  it('are none while they are fewer than three', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 2; i++) stream.strange(STRANGE)
    expect(stream.similar.strongestGroup(DISTANCES, ALPHA)).toBeNull()
    expect(stream.strange(STRANGE).similar.strongestGroup(DISTANCES, ALPHA)).not.toBeNull()
  })

  it('are none where each is strange in its own way', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 8; i++) stream.strange([100 + 10 * i, 101 + 10 * i, 102 + 10 * i])
    expect(stream.similar.strongestGroup(DISTANCES, ALPHA)).toBeNull()
  })

  it('are none where there are more than can be told apart, and none is like another', () => {
    for (const count of [9, 12, 20, 40]) {
      const stream = new Stream().normal(2000)
      for (let i = 0; i < count; i++) stream.strange([2, 100 + 3 * i, 101 + 3 * i, 102 + 3 * i])
      expect(stream.similar.strongestGroup(DISTANCES, ALPHA)).toBeNull()
    }
  })

  it('say little where they come no oftener than flagged observations do anyway', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 12; i++) stream.normal(999).strange(STRANGE)
    expect(stream.similar.strongestGroup(DISTANCES, ALPHA)?.logEvidence).toBeLessThan(3)
  })

  it('are told apart from other anomalies that come between them', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++)
      stream
        .strange(STRANGE)
        .strange([200 + 10 * i, 201 + 10 * i])
        .normal(2)
    const group = stream.similar.strongestGroup(DISTANCES, ALPHA)
    expect(group?.anomalies.map(({ example: { profile: own } }) => [...own.paths])).toEqual(
      Array.from({ length: 6 }, () => STRANGE),
    )
  })

  it('are the group that says most, where there are two', () => {
    for (const [first, second] of [
      [9, 5],
      [5, 9],
    ] as const) {
      const stream = new Stream().normal(2000)
      for (let i = 0; i < first; i++) stream.strange(STRANGE).normal(3)
      for (let i = 0; i < second; i++) stream.strange([2, 60, 61, 62]).normal(3)
      expect(stream.similar.strongestGroup(DISTANCES, ALPHA)?.anomalies).toHaveLength(9)
    }
  })

  it('count anew where their stratum will be another one', () => {
    const { similar } = new Stream().normal(20).strange(STRANGE, [], 3)
    similar.forget([3, 9999])
    expect([similar.seen(2), similar.seen(3), similar.seen(9999)]).toEqual([20, 0, 0])
  })

  it('are bounded, and what made room is counted', () => {
    const stream = new Stream()
    expect(MOST_WAITING).toBe(64)
    for (let i = 0; i < MOST_WAITING + 10; i++) stream.strange([i + 2])
    expect(stream.similar.waiting).toHaveLength(MOST_WAITING)
    expect(stream.similar.dropped).toBe(10)
  })

  it('are let go where something else speaks for them', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++) stream.strange(STRANGE, [77])
    const take = (taken: number) =>
      stream.similar.takeGroup(DISTANCES, ALPHA, 1000, (key) => key === taken)
    expect(take(76)).toBeNull()
    expect(stream.similar.waiting).toHaveLength(6)
    expect(take(77)).toBeNull()
    // It is not asked again before another one comes.
    expect(stream.similar.waiting).toHaveLength(6)
    stream.strange(STRANGE)
    take(77)
    expect(stream.similar.waiting).toHaveLength(1)
  })
})

describe('a group of similar anomalies', () => {
  const anomaly = (changes: Partial<LoneAnomaly>): LoneAnomaly => ({
    ...{
      hash: 1,
      example: example(1, STRANGE),
      series: [],
      timeMs: 0,
      stratum: 2,
      seen: 0,
      service: '',
    },
    ...changes,
  })
  const group = (...anomalies: readonly Partial<LoneAnomaly>[]) => ({
    anomalies: anomalies.map(anomaly),
    logEvidence: 14,
  })

  it('is taken out once its evidence has passed the threshold', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++) stream.strange(STRANGE).normal(3)
    stream.strange([200, 201])
    const copy = new SimilarAnomalies()
    copy.restore(structuredClone(stream.similar.state()))
    for (const similar of [stream.similar, copy]) {
      const taken = similar.takeGroup(DISTANCES, ALPHA, 10, () => false)
      expect(taken?.anomalies).toHaveLength(6)
      expect(similar.waiting.map(({ example: { profile } }) => [...profile.paths])).toEqual([
        [200, 201],
      ])
      expect(similar.takeGroup(DISTANCES, ALPHA, 10, () => false)).toBeNull()
    }
  })

  it('has an alarm that says since when, how often, and whom most of them blame', () => {
    const { similar } = new Stream().normal(100)
    const members = [
      { timeMs: 50, seen: 60, service: 'ads' },
      { timeMs: 20, seen: 41, service: 'mail' },
      { timeMs: 70, seen: 80, service: 'mail' },
      { timeMs: 10, seen: 5, stratum: 3, service: '' },
    ]
    const alarm = similar.alarmOf(group(...members), () => 'shop', 90, ALPHA)
    expect(alarm).toEqual({
      on: 'similar anomalies',
      signal: 'similarAnomalies',
      subject: 2,
      series: -1,
      openedMs: 90,
      closedMs: null,
      peak: 14,
      n: 60,
      c: 4,
      score: 4,
      firstMs: 10,
      lastMs: 70,
      baseRate: ALPHA,
      service: 'mail',
      seenAtLast: 100,
      countedSince: 0,
    })
    const next = similar.alarmOf(group({}), (stratum) => `shop ${stratum}`, 95, ALPHA)
    expect(next).toMatchObject({ series: -2, service: 'shop 2' })
    const tied = group({ service: 'b' }, { service: 'a' })
    expect(similar.alarmOf(tied, () => '', 95, ALPHA).service).toBe('a')
  })

  it('counts another one of its kind, with what came since the last', () => {
    const { similar } = new Stream().normal(100)
    const alarm = similar.alarmOf(group({ timeMs: 50, seen: 91 }), () => 'shop', 90, ALPHA)
    for (let i = 0; i < 10; i++) similar.observed(2)
    const counted = { ...alarm, n: alarm.n + 4, countedSince: 4 }
    const more = { ...alarm, n: 20, c: 2, lastMs: 80, seenAtLast: 110, countedSince: 0 }
    expect(similar.withAnother(alarm, 80)).toEqual(more)
    expect(similar.withAnother(counted, 80)).toEqual(more)
    expect(similar.withAnother(alarm, 30).lastMs).toBe(50)
  })

  it('leaves out what waited for half an hour', () => {
    const similar = new SimilarAnomalies()
    for (const timeMs of [0, 1, 1_800_000, 1_800_001]) similar.add(anomaly({ timeMs }))
    expect(similar.waiting.map(({ timeMs }) => timeMs)).toEqual([1, 1_800_000, 1_800_001])
    expect(similar.dropped).toBe(1)
  })

  /** ln of the mean over what is claimed, from each member but the last on: Shiryaev and Roberts. */
  function evidenceOf({ similar }: Stream): number {
    const { waiting } = similar
    const strata = [...new Set(waiting.map(({ stratum }) => stratum))]
    const sum = (logs: readonly number[]) =>
      Math.log(logs.reduce((total, log) => total + Math.exp(log), 0))
    const from = waiting.slice(0, -1).map((start, i) => {
      const c = waiting.length - 1 - i
      let n = 0
      for (const stratum of strata) {
        const before = waiting.slice(0, i + 1).findLast((one) => one.stratum === stratum)
        n += similar.seen(stratum) - (before?.seen ?? 0)
      }
      const base = Math.max(ALPHA, 2 / (n + start.seen + 2))
      const claims = [...alternativeShares(0.02, 0.9)].map((share) => {
        const ratio = logShareRatio(n, c, Math.max(share, 2 * base), 0.1, base, 0.001)
        return c < 0.02 * n ? Math.min(0, ratio) : ratio
      })
      return sum(claims) - Math.log(3)
    })
    return sum(from)
  }

  it.each([
    { what: 'in a row', before: 2000, gap: 0, strata: [2] },
    { what: 'of a quarter', before: 2000, gap: 3, strata: [2] },
    { what: 'of less than is claimed', before: 3000, gap: 99, strata: [2] },
    { what: 'of an entry that is hardly known', before: 0, gap: 2, strata: [2] },
    { what: 'of two entries', before: 2000, gap: 5, strata: [2, 3] },
  ])('has the evidence of its share: $what', ({ before, gap, strata }) => {
    const stream = new Stream().normal(before)
    for (let i = 0; i < 7; i++) {
      stream.strange(STRANGE, [], strata[i % strata.length]).normal(gap)
    }
    const group = stream.similar.strongestGroup(DISTANCES, ALPHA)
    expect(group?.anomalies).toHaveLength(7)
    expect(group?.logEvidence).toBeCloseTo(evidenceOf(stream), 9)
  })

  it('begins with its medoid, which need not be the first that came', () => {
    const stream = new Stream().normal(2000)
    stream.strange([2, 3, 4, 5, 99])
    for (let i = 0; i < 5; i++) stream.strange(STRANGE)
    const group = stream.similar.strongestGroup(DISTANCES, ALPHA)
    expect([...group!.anomalies[0]!.example.profile.paths]).toEqual(STRANGE)
  })

  it('is normal again the later, the smaller its share was', () => {
    expect(logNormalAgain(0.5, 0, ALPHA)).toBeCloseTo(0, 9)
    expect(logNormalAgain(0.5, 20, ALPHA)).toBeGreaterThan(logNormalAgain(0.1, 20, ALPHA))
    expect(logNormalAgain(0.001, 20, ALPHA)).toBe(logNormalAgain(0.02, 20, ALPHA))
    expect(logNormalAgain(1, 20, ALPHA)).toBe(logNormalAgain(0.99, 20, ALPHA))
    expect(logNormalAgain(0.1, 40, ALPHA)).toBeGreaterThan(logNormalAgain(0.1, 20, ALPHA))
  })

  it('counts observations by stratum, of however many', () => {
    const similar = new SimilarAnomalies()
    for (const stratum of [2, 500, 2, 63, 64]) similar.observed(stratum)
    expect([2, 500, 63, 64, 3, 9999].map((one) => similar.seen(one))).toEqual([2, 1, 1, 1, 0, 0])
  })
})
