import { afterAll, describe, expect, it } from 'vitest'
import { parallelBoards } from '../../src/io/kmedoids/parallel-boards.ts'
import { type ClusterOptions, cluster } from '../../src/kmedoids/cluster.ts'
import { euclidean, userDistance } from '../../src/kmedoids/distances.ts'
import { KernelBoard } from '../../src/kmedoids/kernel-board.ts'
import { groupedPoints } from '../bench/kmedoids-problem.ts'

describe('parallelBoards', () => {
  const points = groupedPoints(5600, 4, 12, 3)
  const opened = [1, 2, 3].map((threads) => parallelBoards(threads))
  afterAll(() => {
    for (const boards of opened) boards.close()
  })
  const run = (options: Partial<ClusterOptions>) =>
    cluster(points, { k: 12, distance: euclidean, ...options })

  for (const method of ['fasterpam', 'onebatch'] as const) {
    it(`gives the same ${method}, to the last bit, by any number of threads`, () => {
      const alone = run({ method, restarts: 2 })
      for (const { makeBoard } of opened) {
        expect(run({ method, restarts: 2, makeBoard })).toEqual(alone)
      }
      expect(alone.effort.swaps).toBeGreaterThan(0)
    })
  }

  it('is of one thread for few points, and for what only a function can measure', () => {
    const [, two] = opened
    const few = euclidean.of(groupedPoints(5000, 2, 3, 1))
    const weights = new Float64Array(5000)
    expect(two?.makeBoard(few, weights, 2, {})).toBeInstanceOf(KernelBoard)
    const asked = userDistance('one', () => 1).of(points)
    expect(two?.makeBoard(asked, new Float64Array(points.n), 2, {})).toBeInstanceOf(KernelBoard)
  })

  it('goes on alone once it is closed', () => {
    const boards = parallelBoards(2)
    const data = euclidean.of(points)
    const weights = new Float64Array(points.n).fill(1)
    const board = boards.makeBoard(data, weights, 2, {})
    expect(board).not.toBeInstanceOf(KernelBoard)
    board.assign(Int32Array.of(0, 1))
    const order = Int32Array.from({ length: points.n }, (_, i) => i)
    const before = new Float64Array(2)
    const priced = board.price(order, 7, before)
    boards.close()
    board.assign(Int32Array.of(0, 1))
    const after = new Float64Array(2)
    expect(board.price(order, 7, after)).toBe(priced)
    expect(after).toEqual(before)
  })
})
