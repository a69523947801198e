import { describe, expect, it } from 'vitest'
import {
  LikeAnomalies,
  MOST_STRAYS,
  type Stray,
} from '../../src/anomaly-clusters/deviation-like.ts'
import { DeviationMembers, MOST_MEMBERS } from '../../src/anomaly-clusters/deviation-members.ts'
import { ProfileDistances } from '../../src/anomaly-clusters/profile-distances.ts'
import { PROFILE_STRIDE, type Profile } from '../../src/profile/profile.ts'

const distances = new ProfileDistances({
  paths: new Int32Array(0),
  knots: new Float64Array(0),
  supported: new Uint8Array(0),
})
const ALPHA = 0.001

/** A profile of these call paths, each called once. */
function profile(paths: readonly number[]): Profile {
  const values = new Float32Array(paths.length * PROFILE_STRIDE)
  for (let i = 0; i < paths.length; i++) values[i * PROFILE_STRIDE] = 1
  return { paths: Int32Array.from(paths), values, status: 1, categories: new Int32Array(0) }
}

function example(hash: number, paths: readonly number[]): Stray['example'] {
  const none = new Int32Array(0)
  const trace = {
    traceId: Uint32Array.of(0, 0, 0, hash),
    id: Uint32Array.of(0, 0, 0, hash),
    start: new Uint32Array(2),
    entrySpan: new Uint32Array(2),
    parent: none,
    element: none,
    status: new Uint8Array(0),
    times: new Float64Array(0),
    categories: none,
  }
  return { profile: profile(paths), trace, nearestNormal: null }
}

/** Feeds normal observations and strays of the given paths, in turns. */
class Stream {
  readonly like = new LikeAnomalies()
  #hash = 0

  normal(count: number): this {
    for (let i = 0; i < count; i++) this.like.observed(2)
    return this
  }

  stray(paths: readonly number[]): this {
    this.like.observed(2)
    const hash = ++this.#hash
    const seen = this.like.seen(2)
    const timeMs = seen * 1000
    const stray = { hash, timeMs, stratum: 2, seen, service: 'cart', series: [] }
    this.like.add({ ...stray, example: example(hash, paths) }, 0)
    return this
  }
}

const STRANGE = [2, 3, 40, 41, 42]

describe('like anomalies', () => {
  it('are a group when several of one kind come within a few observations', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++) stream.stray(STRANGE).normal(3)
    const group = stream.like.strongestGroup(distances, ALPHA)
    expect(group?.strays).toHaveLength(6)
    expect(group?.logEvidence).toBeGreaterThan(12)
  })

  it('are none while they are fewer than five', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 4; i++) stream.stray(STRANGE)
    expect(stream.like.strongestGroup(distances, ALPHA)).toBeNull()
  })

  it('are none where each is strange in its own way', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 8; i++) stream.stray([100 + 10 * i, 101 + 10 * i, 102 + 10 * i])
    expect(stream.like.strongestGroup(distances, ALPHA)).toBeNull()
  })

  it('say little where they come no oftener than flagged observations do anyway', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 12; i++) stream.normal(999).stray(STRANGE)
    expect(stream.like.strongestGroup(distances, ALPHA)?.logEvidence).toBeLessThan(3)
  })

  it('are told apart from other strays that come between them', () => {
    const stream = new Stream().normal(2000)
    for (let i = 0; i < 6; i++)
      stream
        .stray(STRANGE)
        .stray([200 + 10 * i, 201 + 10 * i])
        .normal(2)
    const group = stream.like.strongestGroup(distances, ALPHA)
    expect(group?.strays.map(({ example: { profile: own } }) => [...own.paths])).toEqual(
      Array.from({ length: 6 }, () => STRANGE),
    )
  })

  it('are bounded, and what made room is counted', () => {
    const stream = new Stream()
    for (let i = 0; i < MOST_STRAYS + 10; i++) stream.stray([i + 2])
    expect(stream.like.strays).toHaveLength(MOST_STRAYS)
    expect(stream.like.dropped).toBe(10)
  })

  it('are let go where something else speaks for them', () => {
    const stream = new Stream().stray(STRANGE)
    const [stray] = stream.like.strays
    stream.like.strays = [{ ...stray!, series: [77] }]
    stream.like.release((key) => key === 76)
    expect(stream.like.strays).toHaveLength(1)
    stream.like.release((key) => key === 77)
    expect(stream.like.strays).toHaveLength(0)
  })
})

describe('the members of a cluster', () => {
  const member = (hash: number, paths: readonly number[]) => ({
    hash,
    example: example(hash, paths),
    series: [],
  })

  it('are the same sample whatever the order in which they came', () => {
    const hashes = Array.from({ length: 100 }, (_, i) => (i * 2654435761) >>> 0)
    const sampleOf = (order: readonly number[]): number[] => {
      const members = new DeviationMembers()
      for (const hash of order) if (members.wants(hash)) members.add(member(hash, [2]))
      return members.members.map(({ hash }) => hash)
    }
    const sample = sampleOf(hashes)
    expect(sample).toEqual([...hashes].sort((a, b) => a - b).slice(0, MOST_MEMBERS))
    expect(sampleOf([...hashes].reverse())).toEqual(sample)
  })

  it('are shown by their medoid and a few that differ from it', () => {
    const members = new DeviationMembers()
    for (let i = 0; i < 8; i++) members.add(member(i, [2, 3, 4]))
    members.add(member(8, [2, 3, 4, 5]))
    members.add(member(9, [2, 3, 4, 6]))
    const shown = members.examples(distances).map(({ profile: own }) => [...own.paths])
    expect(shown[0]).toEqual([2, 3, 4])
    expect(shown).toContainEqual([2, 3, 4, 5])
    expect(shown).toContainEqual([2, 3, 4, 6])
    expect(shown).toHaveLength(3)
  })

  it('fall in two where they clearly differ, and not where they do not', () => {
    const mixed = new DeviationMembers()
    for (let i = 0; i < 5; i++) mixed.add(member(i, [2, 3, 4]))
    for (let i = 5; i < 10; i++) mixed.add(member(i, [2, 30, 31, 32]))
    const halves = mixed.halves(distances, 0.3, 3)
    expect(halves?.map((half) => half.length)).toEqual([5, 5])
    for (const half of halves ?? []) {
      expect(new Set(half.map(({ example: { profile: own } }) => own.paths.join())).size).toBe(1)
    }
    const same = new DeviationMembers()
    for (let i = 0; i < 10; i++) same.add(member(i, [2, 3, 4]))
    expect(same.halves(distances, 0.3, 3)).toBeNull()
  })
})
