import { describe, expect, it } from 'vitest'
import { SourceSet } from '../../src/io/source-set.ts'
import { FakeSource, fakeRecords } from '../fakes/source.ts'

async function all(set: SourceSet, max = 3): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const batch = await set.poll(max, 1)
    if (batch === null) return seen
    seen.push(...batch.records.map(({ partition, offset }) => `${partition}#${offset}`))
  }
}

describe('several sources as one', () => {
  it('give everything of each, in the order of each, and end when all have ended', async () => {
    const set = new SourceSet([
      new FakeSource(fakeRecords(10, () => false, 'a/0')),
      new FakeSource(fakeRecords(4, () => false, 'b/0')),
    ])
    await set.start()
    const seen = await all(set)
    expect(seen).toHaveLength(14)
    for (const [partition, count] of [
      ['a/0', 10],
      ['b/0', 4],
    ] as const) {
      const own = seen.filter((each) => each.startsWith(partition))
      expect(own).toEqual(Array.from({ length: count }, (_, n) => `${partition}#${n}`))
    }
    expect(await set.poll(1, 1)).toBeNull()
  })

  it('take turns: a busy one does not starve the others', async () => {
    const set = new SourceSet([
      new FakeSource(fakeRecords(100, () => false, 'busy/0')),
      new FakeSource(fakeRecords(2, () => false, 'calm/0')),
    ])
    await set.start()
    const first = [
      await set.poll(1, 1),
      await set.poll(1, 1),
      await set.poll(1, 1),
      await set.poll(1, 1),
    ]
    const names = first.map((batch) => batch?.records[0]?.partition)
    expect(names.filter((name) => name === 'calm/0')).toHaveLength(2)
  })

  it('do not wait for one that has nothing', async () => {
    const silent = new FakeSource([])
    silent.poll = () => new Promise(() => undefined)
    const set = new SourceSet([silent, new FakeSource(fakeRecords(2, () => false))])
    await set.start()
    expect((await set.poll(10, 1))?.records).toHaveLength(2)
  })

  it('are committed each their own partitions', async () => {
    const [a, b] = [
      new FakeSource(fakeRecords(2, () => false, 'a/0')),
      new FakeSource(fakeRecords(2, () => false, 'b/0')),
    ]
    const set = new SourceSet([a, b])
    await set.start()
    await all(set)
    await set.commit(
      new Map([
        ['a/0', 2n],
        ['b/0', 1n],
        ['c/0', 9n],
      ]),
    )
    expect([a.committed, b.committed]).toEqual([new Map([['a/0', 2n]]), new Map([['b/0', 1n]])])
  })

  it('report a poll that fails', async () => {
    const broken = new FakeSource([])
    broken.poll = () => Promise.reject(new Error('the disk is gone'))
    const set = new SourceSet([new FakeSource(fakeRecords(1, () => false)), broken])
    await set.start()
    await expect(all(set)).rejects.toThrow('the disk is gone')
  })

  it('drain: a poll that is under way ends, and is not begun again', async () => {
    const source = new FakeSource(fakeRecords(100, () => false, 'a/0'))
    const set = new SourceSet([source])
    await set.start()
    const underWay = set.poll(1, 1)
    await set.drain()
    expect((await underWay)?.records).toHaveLength(1)
    expect(await set.poll(1, 1)).toBeNull()
  })

  it('drain: those that can give what they accepted, the others no more', async () => {
    const replayable = new FakeSource(fakeRecords(5, () => false, 'a/0'))
    const accepted = new FakeSource(fakeRecords(5, () => false, 'b/0'))
    accepted.ends = false
    Object.assign(accepted, {
      drain: async () => {
        accepted.ends = true
      },
    })
    const set = new SourceSet([replayable, accepted])
    await set.start()
    await set.drain()
    expect(await all(set)).toEqual(Array.from({ length: 5 }, (_, n) => `b/0#${n}`))
  })
})
