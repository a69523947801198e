import { describe, expect, it } from 'vitest'
import { byTopic, OwnedPartitions } from '../../../src/io/kafka/owned-partitions.ts'

const ids = (...numbers: number[]) => numbers.map((partition) => ({ topic: 't', partition }))

/** Partitions of a member `a` that has polled up to 10 and fetched up to 15 of each. */
function member(...numbers: number[]): OwnedPartitions {
  const owned = new OwnedPartitions()
  owned.join('a', ids(...numbers))
  for (const partition of owned.all()) {
    partition.pollAt = 10n
    partition.fetchAt = 15n
  }
  return owned
}

describe('OwnedPartitions', () => {
  it('wants a start for every partition of a first join', () => {
    const owned = new OwnedPartitions()
    owned.join('a', ids(0, 1))
    expect([...owned.all()].map(({ name, fetchAt }) => [name, fetchAt])).toEqual([
      ['t/0', null],
      ['t/1', null],
    ])
    expect(owned.takeRevoked()).toEqual([])
  })

  it('goes on behind what was polled where a partition is kept, and tells which ones are lost', () => {
    const owned = member(0, 1)
    owned.suspend()
    owned.join('a', ids(1, 2))
    expect(owned.get('t/0')).toBeUndefined()
    expect(owned.get('t/1')?.fetchAt).toBe(10n)
    expect(owned.get('t/2')?.fetchAt).toBeNull()
    expect(owned.takeRevoked()).toEqual(['t/0'])
    expect(owned.takeRevoked()).toEqual([])
  })

  it('is unsure of all when the group took it back as a new member, until the commit shows whose they were', () => {
    const owned = member(0, 1)
    owned.hand(
      new Map([
        ['t/0', 8n],
        ['t/1', 8n],
      ]),
    )
    owned.join('b', ids(0, 1))
    expect(owned.takeRevoked()).toEqual([])
    const [kept, lost] = [owned.get('t/0'), owned.get('t/1')]
    if (kept === undefined || lost === undefined) throw new Error('not there')
    expect([kept, lost]).toMatchObject([
      { fetchAt: null, pollAt: 10n, isUnsure: true },
      { fetchAt: null, pollAt: 10n, isUnsure: true },
    ])
    expect([8n, 9n].map((commit) => owned.isOurs('t/0', commit))).toEqual([true, false])
    owned.keep(kept)
    expect(kept).toMatchObject({ fetchAt: 10n, isUnsure: false })
    owned.giveUp(lost)
    expect(lost).toMatchObject({ fetchAt: null, pollAt: null, isUnsure: false })
    expect(owned.takeRevoked()).toEqual(['t/1'])
  })

  it('starts where a checkpoint stood, and tells which of its partitions are not its own', () => {
    const owned = new OwnedPartitions()
    expect(
      owned.restore(
        new Map([
          ['t/0', 7n],
          ['t/5', 9n],
        ]),
      ),
    ).toEqual([])
    owned.join('a', ids(0, 1))
    expect(owned.get('t/0')?.fetchAt).toBe(7n)
    expect(owned.get('t/1')?.fetchAt).toBeNull()
    expect(owned.takeRevoked()).toEqual(['t/5'])
  })

  it('forgets a checkpoint after the first join, as others may have gone on since', () => {
    const owned = new OwnedPartitions()
    owned.restore(new Map([['t/0', 7n]]))
    owned.join('a', ids(1))
    owned.join('a', ids(0, 1))
    expect(owned.get('t/0')?.fetchAt).toBeNull()
  })

  it('moves a partition that is its own already', () => {
    const owned = member(0)
    expect(
      owned
        .restore(
          new Map([
            ['t/0', 3n],
            ['t/4', 1n],
          ]),
        )
        .map(({ name }) => name),
    ).toEqual(['t/0'])
    expect(owned.get('t/0')).toMatchObject({ fetchAt: 3n, pollAt: 3n })
    expect(owned.takeRevoked()).toEqual(['t/4'])
  })

  it('has to commit what was handed over and changed, of its own partitions only', () => {
    const owned = member(0, 1)
    owned.hand(
      new Map([
        ['t/0', 5n],
        ['t/1', 6n],
        ['t/9', 1n],
      ]),
    )
    expect(owned.uncommitted()).toEqual(
      new Map([
        ['t/0', 5n],
        ['t/1', 6n],
      ]),
    )
    owned.markCommitted(new Map([['t/0', 5n]]))
    owned.hand(new Map([['t/0', 5n]]))
    expect(owned.uncommitted()).toEqual(new Map([['t/1', 6n]]))
  })

  it('ignores a commit about state that is lost but not yet known to be', () => {
    const owned = member(0)
    owned.revoke('t/0')
    owned.join('b', ids(0))
    owned.hand(new Map([['t/0', 12n]]))
    expect(owned.uncommitted().size).toBe(0)
    owned.takeRevoked()
    owned.hand(new Map([['t/0', 12n]]))
    expect(owned.uncommitted()).toEqual(new Map([['t/0', 12n]]))
  })

  it('reports a partition whose log was made anew as lost, and goes on with it', () => {
    const owned = member(0)
    const partition = owned.get('t/0')
    expect(partition).toBeDefined()
    if (partition === undefined) return
    owned.restart(partition, 0n)
    expect(owned.get('t/0')).toMatchObject({ fetchAt: 0n, pollAt: 0n })
    expect(owned.takeRevoked()).toEqual(['t/0'])
  })
})

describe('byTopic', () => {
  it('groups the partitions', () => {
    expect(byTopic([...ids(0, 1), { topic: 'u', partition: 0 }])).toEqual([
      { topic: 't', partitions: [0, 1] },
      { topic: 'u', partitions: [0] },
    ])
  })
})
