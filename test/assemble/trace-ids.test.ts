import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClosedIds } from '../../src/assemble/closed-ids.ts'
import { DeadlineHeap } from '../../src/assemble/deadline-heap.ts'
import { TraceIdIndex } from '../../src/assemble/trace-id-index.ts'

/** Few ids that differ in single words, so that they meet in the table. */
function idOf(n: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.of(n & 3, (n >> 2) & 3, 0xffff_ffff, n >> 4)
}

describe('the index of trace ids', () => {
  it('finds what a map finds, through insertion, removal and growth', () => {
    const step = fc.record({
      id: fc.nat(60),
      act: fc.constantFrom('insert', 'insert', 'remove', 'find'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new TraceIdIndex(16)
        const model = new Map<number, number>()
        const free = Array.from({ length: 16 }, (_, slot) => slot)
        for (const { id, act } of steps) {
          const known = model.get(id)
          if (act === 'insert' && known === undefined) {
            if (free.length === 0) {
              const before = index.capacity
              index.grow(() => true)
              for (let slot = before; slot < index.capacity; slot++) free.push(slot)
            }
            const slot = free.pop()!
            index.insert(slot, idOf(id), 0)
            model.set(id, slot)
          } else if (act === 'remove' && known !== undefined) {
            index.remove(known)
            model.delete(id)
            free.push(known)
          }
          for (let n = 0; n <= 60; n++) expect(index.find(idOf(n), 0)).toBe(model.get(n) ?? -1)
        }
      }),
      { seed: 1, numRuns: 40 },
    )
  })

  it('tells ids apart that differ in one word only', () => {
    const index = new TraceIdIndex(8)
    const ids = [0, 1, 2, 3].map((word) =>
      new Uint32Array(4).fill(5).map((x, i) => x + +(i === word)),
    )
    ids.forEach((id, slot) => {
      index.insert(slot, id, 0)
    })
    expect(ids.map((id) => index.find(id, 0))).toEqual([0, 1, 2, 3])
    expect(index.find(new Uint32Array(4).fill(5), 0)).toBe(-1)
  })
})

describe('the heap of deadlines', () => {
  it('gives the smallest by key, then id, whatever is updated and removed', () => {
    const act = fc.record({
      slot: fc.nat(31),
      key: fc.nat(9),
      act: fc.constantFrom('push', 'push', 'update', 'remove'),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const index = new TraceIdIndex(32)
        for (let slot = 0; slot < 32; slot++) index.insert(slot, idOf(slot * 7), 0)
        const heap = new DeadlineHeap(index)
        const model = new Map<number, number>()
        const before = (a: [number, number], b: [number, number]): number => {
          const words = [...idOf(a[0] * 7)].map((word, i) => word - idOf(b[0] * 7)[i]!)
          return a[1] - b[1] || words.find((difference) => difference !== 0) || 0
        }
        for (const { slot, key, act } of acts) {
          const has = model.has(slot)
          if (act === 'push' && !has) heap.push(slot, key)
          else if (act === 'update' && has) heap.update(slot, key)
          else if (act === 'remove' && has) heap.remove(slot)
          else continue
          if (act === 'remove') model.delete(slot)
          else model.set(slot, key)
          expect(heap.size).toBe(model.size)
          const first = [...model].sort(before)[0]
          if (first) expect([heap.top(), heap.key(heap.top())]).toEqual(first)
        }
        for (const [slot] of [...model].sort(before)) {
          expect(heap.top()).toBe(slot)
          heap.remove(slot)
        }
      }),
      { seed: 2, numRuns: 200 },
    )
  })
})

describe('closed ids', () => {
  /** CLOCK as a list: the next to be looked at is first. */
  class NaiveClosedIds {
    list: { id: number; used: boolean }[] = []
    readonly #limit: number

    constructor(limit: number) {
      this.#limit = limit
    }

    has(id: number): boolean {
      const entry = this.list.find((one) => one.id === id)
      if (entry) entry.used = true
      return entry !== undefined
    }

    add(id: number): number {
      let cost = 0
      if (this.list.length === this.#limit) {
        while (this.list[0]!.used) this.list.push({ id: this.list.shift()!.id, used: false })
        this.list.shift()
        cost = 1
      }
      this.list.push({ id, used: false })
      return cost
    }
  }

  it('are remembered and forgotten as a second-chance list does, also across a snapshot', () => {
    const act = fc.tuple(fc.nat(40), fc.constantFrom('add', 'add', 'has', 'save'))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(act, { maxLength: 150 }),
        (limit, acts) => {
          let closed = new ClosedIds(limit)
          const naive = new NaiveClosedIds(limit)
          for (const [n, what] of acts) {
            if (what === 'save') {
              const state = structuredClone(closed.state())
              expect(state.ids).toHaveLength(naive.list.length * 4)
              closed = new ClosedIds(limit)
              closed.restore(state)
            } else {
              const known = naive.has(n)
              expect(closed.find(idOf(n), 0) >= 0).toBe(known)
              if (what === 'add' && !known)
                expect(closed.add(idOf(n), 0, 0, false, -1)).toBe(naive.add(n))
            }
            expect(closed.size).toBe(naive.list.length)
          }
        },
      ),
      { seed: 3, numRuns: 300 },
    )
  })

  it('grow beyond their first room', () => {
    const closed = new ClosedIds(5_000)
    let forgotten = 0
    for (let n = 1; n <= 6_000; n++) forgotten += closed.add(idOf(n), 0, 0, false, -1)
    expect([closed.size, forgotten]).toEqual([5_000, 1_000])
    expect(closed.find(idOf(1_000), 0) >= 0).toBe(false)
    for (let n = 1_001; n <= 6_000; n++) expect(closed.find(idOf(n), 0) >= 0).toBe(true)
  })

  it('can be none', () => {
    const closed = new ClosedIds(0)
    expect(closed.add(idOf(1), 0, 0, false, -1)).toBe(1)
    expect(closed.find(idOf(1), 0) >= 0).toBe(false)
  })

  it('keep the latest where a snapshot has more than there is room for', () => {
    const closed = new ClosedIds(10)
    for (let n = 1; n <= 10; n++) closed.add(idOf(n), 0, 0, false, -1)
    const smaller = new ClosedIds(4)
    expect(smaller.restore(closed.state())).toBe(6)
    const known = Array.from({ length: 10 }, (_, i) => i + 1).filter(
      (n) => smaller.find(idOf(n), 0) >= 0,
    )
    expect(known).toEqual([7, 8, 9, 10])
  })
})
