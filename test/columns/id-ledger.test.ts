import { describe, expect, it } from 'vitest'
import { IdLedger } from '../../src/columns/id-ledger.ts'
import { Marks } from '../../src/columns/marks.ts'

function ledgerOf(count: number): IdLedger {
  const ledger = new IdLedger()
  for (let i = 0; i < count; i++) ledger.take()
  return ledger
}

const forgetAll = (ledger: IdLedger, ids: Iterable<number>): void => {
  for (const id of ids) ledger.release(id)
}
const FOREVER = 1_000_000

describe('the ids of a table', () => {
  it('are dense, and the lowest that is free is given out next', () => {
    const ledger = ledgerOf(5)
    expect(ledger.size).toBe(7)
    forgetAll(ledger, [4, 3])
    expect([ledger.living, ledger.size, ledger.isFree(3)]).toEqual([5, 7, true])
    expect([ledger.take(), ledger.take(), ledger.take()]).toEqual([3, 4, 7])
    expect([ledger.living, ledger.given, ledger.forgotten]).toEqual([8, 8, 2])
  })

  it('may go once they were not seen for so many turns', () => {
    const ledger = ledgerOf(3)
    for (let turn = 0; turn < 5; turn++) {
      ledger.endTurn()
      ledger.see(3)
    }
    expect([...ledger.idle({ after: 6, limit: 100 })]).toEqual([])
    expect([...ledger.idle({ after: 5, limit: 100 })]).toEqual([2, 4])
  })

  it('go for want of room from the longest unseen on, those of the house last', () => {
    const ledger = ledgerOf(4)
    for (let turn = 0; turn < 40; turn++) {
      ledger.endTurn()
      if (turn < 4) ledger.see(2)
      if (turn === 2) ledger.see(5)
      if (turn === 39) ledger.see(4)
    }
    // Six of eight ids are in use, which is short: half of eight may stay.
    expect([...ledger.idle({ after: FOREVER, limit: 8 })]).toEqual([3, 5])
    // Five ids too many: all go but the one that was seen a moment ago.
    expect([...ledger.idle({ after: FOREVER, limit: 2 })]).toEqual([2, 3, 5])
    const essential = new Marks()
    essential.add(3)
    expect([...ledger.idle({ after: FOREVER, limit: 8, essential })]).toEqual([2, 5])
    const used = new Marks()
    used.add(5)
    expect([...ledger.idle({ after: FOREVER, limit: 8, used })]).toEqual([2, 3])
    expect([...ledger.idle({ after: FOREVER, limit: 9 })]).toEqual([])
  })

  it('say what was given up until it is seen again', () => {
    const ledger = ledgerOf(2)
    ledger.giveUp(2)
    expect([ledger.isGivenUp(2), ledger.isGivenUp(3)]).toEqual([true, false])
    ledger.see(2)
    expect(ledger.isGivenUp(2)).toBe(false)
  })

  it('go on from a state', () => {
    const before = ledgerOf(5)
    before.endTurn()
    before.see(4)
    forgetAll(before, [2, 6])
    const after = new IdLedger()
    after.restore(structuredClone(before.state()))
    expect(after.state()).toEqual(before.state())
    const next = (ledger: IdLedger): unknown => [
      ...[ledger.living, ledger.take(), ledger.take(), ledger.take()],
      [...ledger.idle({ after: 1, limit: 100 })],
    ]
    expect(next(after)).toEqual(next(before))
  })
})
