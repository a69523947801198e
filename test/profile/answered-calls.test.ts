import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import { AnsweredCalls } from '../../src/profile/answered-calls.ts'

const [ADDRESS, PORT, CART, ADS] = [7, 8, 2, 3]

describe('who answered', () => {
  it('is known from the first answer on, by address and port, and by who calls', () => {
    const calls = new AnsweredCalls(10)
    expect(calls.atAddress(ADDRESS, PORT)).toBe(0)
    expect(calls.isKnown(ADDRESS, PORT)).toBe(false)
    calls.learnAddress(ADDRESS, PORT, CART)
    calls.learnCall(20, 21, ADS)
    expect([calls.atAddress(ADDRESS, PORT), calls.ofCall(20, 21)]).toEqual([CART, ADS])
    expect([calls.atAddress(PORT, ADDRESS), calls.ofCall(21, 20)]).toEqual([0, 0])
    expect(calls.isKnown(ADDRESS, PORT)).toBe(true)
    calls.learnSender(20, CART)
    expect([calls.senderTo(20), calls.senderTo(21)]).toEqual([CART, 0])
    calls.learnSender(20, ADS)
    expect(calls.senderTo(20)).toBe(0)
  })

  it('is nobody while several answer in turn, and the last one once it has for long', () => {
    const calls = new AnsweredCalls(10)
    for (let i = 0; i < 200; i++) {
      calls.learnAddress(ADDRESS, PORT, i % 2 === 0 ? CART : ADS)
      if (i > 0) expect(calls.atAddress(ADDRESS, PORT)).toBe(0)
    }
    for (let i = 0; i < 63; i++) calls.learnAddress(ADDRESS, PORT, CART)
    expect(calls.atAddress(ADDRESS, PORT)).toBe(0)
    calls.learnAddress(ADDRESS, PORT, CART)
    expect(calls.atAddress(ADDRESS, PORT)).toBe(CART)
  })

  it('is bounded: the first that was learned makes room, and is counted', () => {
    const calls = new AnsweredCalls(3)
    for (let address = 1; address <= 5; address++) calls.learnAddress(address, 0, CART)
    expect([1, 2, 3, 4, 5].map((one) => calls.atAddress(one, 0))).toEqual([0, 0, CART, CART, CART])
    expect(calls.dropped).toBe(2)
  })

  it('is remembered in a checkpoint', () => {
    const calls = new AnsweredCalls(3)
    for (let address = 1; address <= 4; address++) calls.learnAddress(address, 0, CART)
    calls.learnAddress(4, 0, ADS)
    calls.learnCall(20, 21, ADS)
    calls.learnSender(20, CART)
    const restored = new AnsweredCalls(3)
    restored.restore(structuredClone(calls.state()))
    expect(restored.state()).toEqual(calls.state())
    for (const each of [calls, restored]) each.learnAddress(9, 0, CART)
    expect(restored.state()).toEqual(calls.state())
    expect(restored.senderTo(20)).toBe(CART)
  })

  it('is forgotten with those who send messages, and those who take them', () => {
    const calls = new AnsweredCalls(10)
    calls.learnSender(20, CART)
    calls.learnSender(21, ADS)
    calls.learnSender(22, ADS + 1)
    const gone = new IdSets()
    gone.values.add(ADS)
    gone.operations.add(20)
    calls.forget(gone)
    expect([20, 21, 22].map((taker) => calls.senderTo(taker))).toEqual([0, 0, ADS + 1])
  })
})
