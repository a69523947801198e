import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/stats/random.ts'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import { templateQuality } from '../../src/templates/template-quality.ts'
import { addLine, minerOf, shuffle, templateIds } from './lines.ts'
import { logLines } from './log-lines.ts'

describe('10,000 lines', () => {
  const lines = logLines(10_000, 11)
  const ids = templateIds(minerOf(lines))

  it('have the same templates in 50 orders, and over 4 replicas that are merged', () => {
    const random = new SeededRandom(12)
    for (let round = 0; round < 50; round++) {
      shuffle(lines, random)
      expect(templateIds(minerOf(lines))).toEqual(ids)
      const replicas = Array.from({ length: 4 }, () => new TemplateMiner())
      for (const line of lines) {
        const replica = replicas[random.uint32() % 4]
        if (replica) addLine(replica, line)
      }
      const whole = new TemplateMiner()
      for (const replica of replicas) whole.merge(replica.state())
      expect(templateIds(whole)).toEqual(ids)
    }
  })
})

describe('1,000,000 lines of which none is like another', () => {
  it('take no more room than 100,000 do, and are told of', () => {
    const random = new SeededRandom(13)
    const miner = new TemplateMiner()
    const letters = 'bcdfghjkmpqrstvwxz'
    const word = (): string => {
      let drawn = ''
      for (let i = 0; i < 6; i++) drawn += letters[random.uint32() % letters.length]
      return drawn
    }
    const sizes: number[] = []
    for (let n = 1; n <= 1_000_000; n++) {
      addLine(miner, Array.from({ length: 2 + (n % 9) }, word).join(' '))
      if (n % 100_000 === 0) sizes.push(JSON.stringify(miner.state()).length)
    }
    expect(miner.lines).toBe(1_000_000)
    expect(Math.max(...sizes)).toBeLessThan((sizes[0] ?? 0) * 1.2)
    expect(miner.size).toBeLessThanOrEqual(8192)
    expect(templateQuality(miner, Number.NaN).warning).toContain('does not template well')
  })
})
