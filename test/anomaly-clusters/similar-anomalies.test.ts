import { describe, expect, it } from 'vitest'
import { MOST_WAITING, SimilarAnomalies } from '../../src/anomaly-clusters/similar-anomalies.ts'
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

  strange(paths: readonly number[], series: readonly number[] = []): this {
    this.similar.observed(2)
    const hash = ++this.#hash
    const seen = this.similar.seen(2)
    const timeMs = seen * 10
    const anomaly = { hash, timeMs, stratum: 2, seen, service: 'cart', series }
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
    expect(group?.logEvidence).toBeGreaterThan(12)
  })

  it('are none while they are fewer than five', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 4; i++) stream.strange(STRANGE)
    expect(stream.similar.strongestGroup(DISTANCES, ALPHA)).toBeNull()
  })

  it('are none where each is strange in its own way', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 8; i++) stream.strange([100 + 10 * i, 101 + 10 * i, 102 + 10 * i])
    expect(stream.similar.strongestGroup(DISTANCES, ALPHA)).toBeNull()
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

  it('are bounded, and what made room is counted', () => {
    const stream = new Stream()
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
