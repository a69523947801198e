import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseStart, explainJump } from '../../../src/io/kafka/start-offsets.ts'

const log = { low: 100n, high: 200n } as const

describe('chooseStart', () => {
  it.each([
    ['goes on at the commit', 150n, 'latest', null, 150n, 0n, false],
    ['begins at the end where nothing is committed', null, 'latest', null, 200n, 0n, false],
    ['begins at the beginning when told so', null, 'earliest', null, 100n, 0n, false],
    ['counts what retention took since the commit', 40n, 'latest', null, 100n, 60n, false],
    ['goes on at the end when all is committed', 200n, 'earliest', null, 200n, 0n, false],
    ['notices a log that ends before the commit', 201n, 'earliest', null, 100n, 0n, true],
    [
      'reads a log made anew from its start, also with latest',
      999n,
      'latest',
      null,
      100n,
      0n,
      true,
    ],
    ['begins with the history', null, 'latest', 120n, 120n, 0n, false],
    ['goes back from the commit to the history', 150n, 'latest', 120n, 120n, 0n, false],
    ['does not skip to the history what is not committed', 110n, 'latest', 120n, 110n, 0n, false],
    ['counts the loss also with a history', 40n, 'latest', 120n, 100n, 60n, false],
  ] as const)('%s', (_, committed, from, history, offset, lost, truncated) => {
    expect(chooseStart({ committed, ...log, from, history, isAdded: false })).toEqual({
      offset,
      lost,
      truncated,
    })
  })

  it('begins at the beginning of a partition that was added', () => {
    const added = { committed: null, ...log, from: 'latest', history: null, isAdded: true } as const
    expect(chooseStart(added).offset).toBe(100n)
  })

  it('stays within the log and never skips a record that is not committed', () => {
    const offset = fc.bigInt({ min: 0n, max: 60n })
    fc.assert(
      fc.property(
        fc.option(offset, { nil: null }),
        offset,
        offset,
        fc.constantFrom('earliest', 'latest'),
        fc.option(offset, { nil: null }),
        fc.boolean(),
        (committed, a, b, from, wanted, isAdded) => {
          const [low, high] = a < b ? [a, b] : [b, a]
          const history = wanted !== null && wanted >= low && wanted <= high ? wanted : null
          const start = chooseStart({ committed, low, high, from, history, isAdded })
          expect(start.offset).toBeGreaterThanOrEqual(low)
          expect(start.offset).toBeLessThanOrEqual(high)
          if (committed !== null && committed <= high) {
            expect(start.offset - start.lost).toBeLessThanOrEqual(committed)
          }
        },
      ),
    )
  })
})

describe('explainJump', () => {
  it('calls it a gap when retention took what was wanted', () => {
    expect(explainJump(40n, 100n, log)).toEqual({ cause: 'gap', to: 100n })
    // Retention went on since the reset.
    expect(explainJump(40n, 90n, log)).toEqual({ cause: 'gap', to: 90n })
  })

  it('calls it a restart when the log ends before what was wanted', () => {
    expect(explainJump(500n, 100n, log)).toEqual({ cause: 'restart', to: 100n })
  })

  it('goes back to what was wanted when that is still there, or nobody knows', () => {
    expect(explainJump(150n, 180n, log)).toEqual({ cause: 'none', to: 150n })
    expect(explainJump(150n, 120n, log)).toEqual({ cause: 'none', to: 150n })
    expect(explainJump(200n, 100n, log)).toEqual({ cause: 'none', to: 200n })
    expect(explainJump(40n, 100n, null)).toEqual({ cause: 'none', to: 40n })
  })
})
