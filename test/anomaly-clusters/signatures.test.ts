import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Extent, Mark } from '../../src/anomaly-clusters/episode.ts'
import { Signatures } from '../../src/anomaly-clusters/signatures.ts'
import { CONSTANTS } from '../../src/baseline/constants.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const BUCKET = 30_000

function mark(what: string, share = 0.6, size = 5): Mark {
  return { what, share, size }
}

function extent(
  fromMs: number,
  minutes: number,
  marks: readonly Mark[] = [mark('a')],
  failing = false,
): Extent {
  return { fromMs, toMs: fromMs + minutes * MINUTE, marks, failing }
}

/** Night after night the same 20 minutes. */
function nights(count: number, signatures = new Signatures(BUCKET)): Signatures {
  for (let i = 0; i < count; i++) signatures.add(`cluster-${i}`, extent(i * DAY, 20))
  return signatures
}

const acceptance = { cluster: 'cluster-0', atMs: 0, by: 'ada', reason: 'backup', untilMs: 30 * DAY }

describe('what comes again', () => {
  it('is like what was there before at once, and known after two that ended by themselves', () => {
    const recalled = [1, 2, 3].map((count) => {
      const found = nights(count).recall(extent(count * DAY, 1), count * DAY)
      return { times: found?.times, known: found?.known, excess: found?.excess }
    })
    expect(recalled).toEqual([
      { times: 2, known: false, excess: null },
      { times: 3, known: true, excess: null },
      { times: 4, known: true, excess: null },
    ])
  })

  it('is known after four where requests failed', () => {
    const signatures = new Signatures(BUCKET)
    const known: unknown[] = []
    for (let i = 0; i < 5; i++) {
      const failing = extent(i * DAY, 5, [mark('a')], true)
      known.push(signatures.recall(failing, i * DAY)?.known)
      signatures.add(`cluster-${i}`, failing)
    }
    expect(known).toEqual([undefined, false, false, false, true])
  })

  it('is something else in another place', () => {
    expect(nights(3).recall(extent(3 * DAY, 1, [mark('b')]), 3 * DAY)).toBeNull()
  })

  it.each([
    ['longer', extent(3 * DAY, 31)],
    ['more often', extent(3 * DAY, 20, [mark('a', 0.95)])],
    ['larger', extent(3 * DAY, 20, [mark('a', 0.6, 8)])],
    ['elsewhere', extent(3 * DAY, 20, [mark('a'), mark('b')])],
    ['elsewhere', extent(3 * DAY, 20, [mark('a')], true)],
  ])('says that it is %s', (excess, now) => {
    const recalled = nights(3).recall(now, 3 * DAY)
    expect(recalled).toMatchObject({ known: true, excess })
  })

  it('may show in another place, where it shows in twice as many of before', () => {
    const signatures = new Signatures(BUCKET)
    const wide = ['a', 'b', 'c', 'd'].map((what) => mark(what))
    for (let i = 0; i < 3; i++) signatures.add(`cluster-${i}`, extent(i * DAY, 20, wide))
    const excess = (...marks: Mark[]) =>
      signatures.recall(extent(3 * DAY, 20, marks), 3 * DAY)?.excess
    expect(excess(mark('a'), mark('b'), mark('new'))).toBeNull()
    expect(excess(mark('a'), mark('new'))).toBe('elsewhere')
  })

  it('is one signature, however many of its places show in a night', () => {
    // What slows a database: of its twelve callers another three are seen to each time.
    const signatures = new Signatures(BUCKET)
    const told: unknown[] = []
    for (let i = 0; i < 8; i++) {
      const seen = [i, i + 1, i + 2].map((caller) => mark(`caller ${(5 * caller) % 12}`))
      const now = extent(i * DAY, 20, [mark('the most used'), mark('the next'), ...seen])
      told.push(signatures.recall(extent(i * DAY, 1, [mark('the most used')]), i * DAY)?.times)
      signatures.add(`cluster-${i}`, now)
    }
    expect(told).toEqual([undefined, 2, 3, 4, 5, 6, 7, 8])
    expect(signatures.size).toBe(1)
  })

  it('may be half as long again, and half as much', () => {
    const now = extent(3 * DAY, 30, [mark('a', 0.89, 7.4)])
    expect(nights(3).recall(now, 3 * DAY)).toMatchObject({ known: true, excess: null })
  })

  it('is forgotten after some weeks without', () => {
    const signatures = nights(3)
    const at = (ms: number) => signatures.recall(extent(ms, 1), ms)?.known
    expect(at(3 * DAY + CONSTANTS.halfLifeMs)).toBe(true)
    expect(at(3 * DAY + 2 * CONSTANTS.halfLifeMs)).toBe(false)
  })

  it('tells one place from another that has as much in common with it as nothing', () => {
    const signatures = nights(3)
    for (let i = 0; i < 3; i++) {
      signatures.add(`other-${i}`, extent(i * DAY + DAY / 2, 2, [mark('b'), mark('c')]))
    }
    expect(signatures.size).toBe(2)
    const [a, b] = [extent(3 * DAY, 15), extent(3 * DAY, 15, [mark('b')])]
    expect(signatures.recall(a, 3 * DAY)?.excess).toBeNull()
    expect(signatures.recall(b, 3 * DAY)?.excess).toBe('longer')
  })

  it('does not take the measure of a short burst from a long outage of the same place', () => {
    const signatures = new Signatures(BUCKET)
    for (let i = 0; i < 6; i++) signatures.add(`burst-${i}`, extent(i * DAY, 1))
    signatures.add('outage', extent(6 * DAY, 600, [mark('a', 0.95, 60)]))
    for (let i = 7; i < 12; i++) signatures.add(`burst-${i}`, extent(i * DAY, 1))
    const hour = extent(12 * DAY, 60)
    expect(signatures.recall(hour, 12 * DAY)?.known).not.toBe(true)
  })
})

describe('one signature', () => {
  const marks = (whats: string): Mark[] => [...whats].map((what) => mark(what))

  it('is all that shares a fifth of its places, and no less', () => {
    const count = (first: string, second: string): number => {
      const signatures = new Signatures(BUCKET)
      signatures.add('cluster-0', extent(0, 20, marks(first)))
      signatures.add('cluster-1', extent(DAY, 20, marks(second)))
      return signatures.size
    }
    expect(count('abc', 'ade')).toBe(1)
    expect(count('abc', 'adef')).toBe(2)
  })

  it('began with the earliest of it, whichever ended first', () => {
    const signatures = new Signatures(BUCKET)
    for (const night of [3, 1, 2]) signatures.add(`cluster-${night}`, extent(night * DAY, 20))
    expect(signatures.all(4 * DAY)).toMatchObject([{ firstMs: DAY, times: 3 }])
  })

  it('counts what has made room since, and what comes again', () => {
    const [all] = nights(20).all(20 * DAY)
    expect(all?.clusters).toHaveLength(8)
    expect(all?.clusters.at(-1)).toBe('cluster-19')
    expect(nights(20).recall(extent(20 * DAY, 1), 20 * DAY)?.times).toBe(21)
  })

  it.each([
    ['abc', 'the first'],
    ['def', 'the second'],
  ])('is told by what was said of %s, once something shows that two are one', (said, name) => {
    const signatures = new Signatures(BUCKET)
    const [abc, def] = [marks('abc'), marks('def')]
    signatures.add('cluster-0', extent(0, 20, abc))
    signatures.add('cluster-1', extent(DAY, 20, def))
    signatures.add('cluster-2', extent(2 * DAY, 20, marks('xyz')))
    expect(signatures.size).toBe(3)
    const its = signatures.of(said === 'abc' ? 'cluster-0' : 'cluster-1')
    signatures.describe(its, { name })
    signatures.accept(its, acceptance)
    signatures.describe(signatures.of('cluster-2'), { note: 'something else' })
    const both = extent(3 * DAY, 20, [...abc, ...def])
    signatures.add('cluster-3', both)
    signatures.add('cluster-4', both)
    expect(signatures.size).toBe(2)
    for (const one of [extent(4 * DAY, 5, abc), extent(4 * DAY, 5, def), both]) {
      const told = { name, note: '', times: 5, known: true, excess: null }
      expect(signatures.recall(one, 4 * DAY)).toMatchObject(told)
    }
    expect(signatures.acceptances(4 * DAY)).toEqual([acceptance])
    const other = signatures.recall(extent(4 * DAY, 5, marks('xyz')), 4 * DAY)
    expect(other).toMatchObject({ name: '', note: 'something else', times: 2, known: false })
  })

  it('has what was taken back of each, once something shows that two are one', () => {
    const signatures = new Signatures(BUCKET)
    const failing = (whats: string): Extent => extent(0, 20, marks(whats), true)
    const add = (cluster: string, whats: string) => signatures.add(cluster, failing(whats))
    add('one', 'abc')
    for (const cluster of ['two', 'three', 'four']) add(cluster, 'def')
    for (const cluster of ['one', 'four']) {
      signatures.accept(signatures.of(cluster), { ...acceptance, cluster })
      expect(signatures.unaccept(cluster)).toBe(true)
    }
    const known = [1, 2, 3, 4].map((night) => {
      add(`both ${night}`, 'abcdef')
      const { times, known: isKnown } = signatures.recall(failing('abcdef'), DAY) ?? {}
      return [signatures.size, times, isKnown]
    })
    // Where requests fail it takes four nights, and the four of before are of no account.
    expect(known.slice(1)).toEqual([
      [1, 7, false],
      [1, 8, false],
      [1, 9, true],
    ])
  })
})

describe('of several signatures', () => {
  it('the one that is stayed within comes before the one with more places in common', () => {
    const signatures = new Signatures(BUCKET)
    const marks = (...whats: string[]): Mark[] => whats.map((what) => mark(what))
    for (let i = 0; i < 2; i++) {
      signatures.add(`short-${i}`, extent(i * DAY, 1, marks('a', 'b', 'c')))
    }
    signatures.add('long', extent(2 * DAY, 600, marks('a', 'b', 'd')))
    const now = extent(3 * DAY, 60, marks('a', 'b', 'c'))
    expect(signatures.recall(now, 3 * DAY)).toMatchObject({
      id: signatures.of('long'),
      known: false,
      excess: null,
    })
    // Nothing goes beyond both; then a known one is first, and of known ones the nearer.
    const brief = extent(3 * DAY, 1, marks('a', 'b', 'd'))
    expect(signatures.recall(brief, 3 * DAY)).toMatchObject({ known: true, times: 3 })
    signatures.add('long again', extent(4 * DAY, 600, marks('a', 'b', 'd')))
    expect(signatures.recall(brief, 5 * DAY)?.id).toBe(signatures.of('long'))
    expect(signatures.recall({ ...brief, marks: marks('a', 'b', 'c') }, 5 * DAY)?.id).toBe(
      signatures.of('short-0'),
    )
  })

  it('none is like what shares less than half of its places', () => {
    const signatures = nights(3)
    const excess = (...others: string[]) => {
      const now = extent(3 * DAY, 1, [mark('a'), ...others.map((what) => mark(what))])
      return signatures.recall(now, 3 * DAY)?.excess
    }
    expect(excess('b')).toBe('elsewhere')
    expect(excess('b', 'c')).toBeUndefined()
  })
})

describe('what was accepted', () => {
  it('is known at once, however long it stays, until it expires', () => {
    const signatures = new Signatures(BUCKET)
    signatures.accept(signatures.add('cluster-0', extent(0, 15)), acceptance)
    const known = (ms: number) => {
      const found = signatures.recall(extent(ms, 600), ms)
      return found?.known === true && found.excess === null
    }
    expect(known(DAY)).toBe(true)
    expect(known(30 * DAY - 1)).toBe(true)
    expect(known(30 * DAY)).toBe(false)
  })

  it('is told all the same where it is larger or elsewhere', () => {
    const signatures = new Signatures(BUCKET)
    signatures.accept(signatures.add('cluster-0', extent(0, 15)), acceptance)
    const larger = extent(DAY, 1, [mark('a', 0.6, 50)])
    expect(signatures.recall(larger, DAY)).toMatchObject({ known: true, excess: 'larger' })
  })

  it('is listed, and taken back', () => {
    const signatures = nights(1)
    signatures.accept(signatures.of('cluster-0'), acceptance)
    expect(signatures.acceptances(DAY)).toEqual([acceptance])
    expect(signatures.acceptances(31 * DAY)).toEqual([])
    expect(signatures.unaccept('cluster-7')).toBe(false)
    expect(signatures.unaccept('cluster-0')).toBe(true)
    expect(signatures.acceptances(DAY)).toEqual([])
    expect(signatures.recall(extent(DAY, 1), DAY)?.known).toBe(false)
    expect(signatures.unaccept('cluster-0')).toBe(false)
  })
})

describe('what is said of a signature', () => {
  it('comes with the next of it', () => {
    const signatures = nights(2)
    const id = signatures.of('cluster-1')
    expect(signatures.describe(id, { name: 'backup' })).toBe(true)
    expect(signatures.describe(id, { note: 'ask the DBA' })).toBe(true)
    expect(signatures.describe('signature-none', { name: 'x' })).toBe(false)
    const words = { name: 'backup', note: 'ask the DBA', runbook: '' }
    expect(signatures.recall(extent(2 * DAY, 1), 2 * DAY)).toMatchObject(words)
  })

  it('is its rhythm, how far it goes, and how often it came', () => {
    const [backup] = nights(20).all(20 * DAY)
    expect(backup).toMatchObject({
      known: true,
      times: 20,
      everyMs: DAY,
      rhythm: 'daily',
      firstMs: 0,
      lastMs: 19 * DAY + 20 * MINUTE,
      longestMs: 20 * MINUTE,
      largestShare: 0.6,
      largestSize: 5,
      whats: ['a'],
    })
  })
})

describe('what a place has shown', () => {
  it('is how often it raised alarms that were nothing but known, and in how many weeks', () => {
    expect(nights(1).shownFalse('a', DAY).openings).toBe(0)
    const { openings, weeks } = nights(4).shownFalse('a', 4 * DAY)
    expect(openings).toBeGreaterThan(3.5)
    expect(openings).toBeLessThanOrEqual(4)
    // The weight of what comes evenly, over all that was.
    expect(weeks).toBeCloseTo(2 / Math.LN2)
    expect(nights(4).shownFalse('b', 4 * DAY).openings).toBe(0)
    // Not of the nights in which another place alone raised them.
    const signatures = nights(3)
    signatures.add('both', extent(3 * DAY, 20, [mark('a'), mark('b')]))
    expect(signatures.size).toBe(1)
    const at = 3 * DAY + 20 * MINUTE
    expect(signatures.shownFalse('b', at).openings).toBe(1)
    expect(signatures.shownFalse('a', at).openings).toBeGreaterThan(3.5)
  })
})

describe('the memory', () => {
  const anyExtent = fc.record({
    fromMs: fc.integer({ min: 0, max: 100 * DAY }),
    minutes: fc.integer({ min: 0, max: 2000 }),
    places: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    size: fc.double({ min: 1, max: 1000, noNaN: true }),
    failing: fc.boolean(),
  })

  it('goes on from its state as if nothing had happened', () => {
    fc.assert(
      fc.property(fc.array(anyExtent, { minLength: 2, maxLength: 15 }), (all) => {
        const [whole, cut] = [new Signatures(BUCKET), new Signatures(BUCKET)]
        let restored = cut
        all.forEach(({ places, share, size, ...one }, i) => {
          const marks = places.map((place) => mark(`p${place}`, share, size))
          const now = extent(one.fromMs, one.minutes, marks, one.failing)
          expect(whole.add(`c-${i}`, now)).not.toBe('')
          restored.add(`c-${i}`, now)
          expect(restored.recall(now, one.fromMs)).toEqual(whole.recall(now, one.fromMs))
          const again = new Signatures(BUCKET)
          again.restore(structuredClone(restored.state()))
          restored = again
        })
        expect(restored.all(0)).toEqual(whole.all(0))
      }),
      { numRuns: 30 },
    )
  })

  it('is bounded by episodes and by signatures, and counts what it dropped', () => {
    const signatures = new Signatures(BUCKET)
    for (let i = 0; i < 100; i++) {
      signatures.add(`c-${i}`, extent(i * MINUTE, 1, [mark(`place ${i % 50}`)]))
    }
    for (let i = 0; i < 30; i++) signatures.add(`d-${i}`, extent(i * MINUTE, 1))
    expect(signatures.size).toBeLessThanOrEqual(32)
    expect(signatures.episodes).toBeLessThanOrEqual(128)
    expect(signatures.dropped).toBeGreaterThan(0)
    expect(signatures.all(0).find(({ whats }) => whats.includes('a'))?.times).toBe(30)
  })

  it('forgets the oldest episodes first, and keeps what was said of them', () => {
    const signatures = new Signatures(BUCKET)
    const first = signatures.add('c-0', extent(0, 1, [mark('place 0')]))
    signatures.describe(first, { name: 'the backup' })
    for (let i = 1; i < 140; i++) {
      signatures.add(`c-${i}`, extent(i * 10 * MINUTE, 1, [mark(`place ${i % 30}`)]))
    }
    expect(signatures.episodes).toBe(128)
    expect(signatures.dropped).toBe(12)
    expect(signatures.all(0).find(({ name }) => name === 'the backup')).toBeDefined()
  })

  it('keeps what was said or accepted of what has no episode left, and nothing else', () => {
    const signatures = new Signatures(BUCKET)
    const told = ['described', 'noted', 'with a runbook', 'accepted', 'unknown']
    const [described, noted, withRunbook, accepted] = told.map((what) =>
      signatures.add(what, extent(0, 20, [mark(what)])),
    )
    signatures.describe(described!, { name: 'the backup' })
    signatures.describe(noted!, { note: 'ask the DBA' })
    signatures.describe(withRunbook!, { runbook: 'https://runbooks/restart' })
    const acceptedOne = { ...acceptance, cluster: 'accepted' }
    signatures.accept(accepted!, acceptedOne)
    for (let i = 0; i < 160; i++) {
      signatures.add(`c-${i}`, extent(DAY + i * MINUTE, 1, [mark(`place ${i % 20}`)]))
    }
    const kept = signatures.all(DAY)
    expect(kept).toHaveLength(24)
    const without = kept.filter(({ clusters }) => clusters.length === 0)
    const byId = new Map(without.map((one) => [one.id, one]))
    expect(byId.size).toBe(4)
    const backup = { name: 'the backup', times: 1, firstMs: 0, lastMs: 0, whats: [] }
    expect(byId.get(described!)).toMatchObject(backup)
    expect(byId.get(noted!)?.note).toBe('ask the DBA')
    expect(byId.get(withRunbook!)?.runbook).toBe('https://runbooks/restart')
    expect(byId.get(accepted!)?.acceptance).toEqual(acceptedOne)
    expect(signatures.acceptances(DAY)).toEqual([acceptedOne])
    // Nothing is like what has no places left.
    expect(signatures.recall(extent(2 * DAY, 1, [mark('described')]), 2 * DAY)).toBeNull()
  })

  it('has a signature for what just came, though it is like nothing and there is no room', () => {
    const signatures = new Signatures(BUCKET)
    for (let i = 0; i < 60; i++) {
      const alone = extent(i * DAY, 20, [mark(`place ${i}`)])
      const id = signatures.add(`c-${i}`, alone)
      expect([id, signatures.of(`c-${i}`)]).toEqual([`signature-c-${i}-${i}`, id])
      const told = { id, times: 2, lastMs: alone.toMs }
      expect(signatures.recall(alone, i * DAY)).toMatchObject(told)
      expect(signatures.size).toBeLessThanOrEqual(32)
    }
    // So that it can be accepted at once.
    signatures.accept(signatures.of('c-59'), acceptance)
    expect(signatures.acceptances(0)).toEqual([acceptance])
  })

  it('has another version after everything that may change an answer', () => {
    const signatures = new Signatures(BUCKET)
    const versions = [signatures.version]
    const signature = signatures.add('cluster-0', extent(0, 20))
    versions.push(signatures.version)
    signatures.accept(signature, acceptance)
    versions.push(signatures.version)
    signatures.describe(signature, { note: 'every night' })
    versions.push(signatures.version)
    expect(new Set(versions).size).toBe(4)
  })

  it('lists what was accepted by time, and of one time by cluster', () => {
    const signatures = new Signatures(BUCKET)
    for (const [what, cluster, atMs] of [
      ['a', 'cluster-b', 5],
      ['b', 'cluster-c', 3],
      ['c', 'cluster-a', 5],
    ] as const) {
      const signature = signatures.add(cluster, extent(0, 20, [mark(what)]))
      signatures.accept(signature, { ...acceptance, cluster, atMs })
    }
    const accepted = signatures.acceptances(10).map(({ cluster }) => cluster)
    expect(accepted).toEqual(['cluster-c', 'cluster-a', 'cluster-b'])
  })
})
