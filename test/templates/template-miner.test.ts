import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/stats/random.ts'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'
import { addLine, minerOf, shuffle, templateIds, templateTexts } from './lines.ts'
import { logLines } from './log-lines.ts'

describe('templates', () => {
  it('leave out the words that vary between lines that are alike otherwise', () => {
    expect(
      templateTexts([
        'card declined by visa for order 12',
        'card declined by amex for order 7',
        'cart emptied',
        'payment of 3.50 EUR done',
      ]),
    ).toEqual([
      'card declined by <*> for order <*>',
      'card declined by <*> for order <*>',
      'cart emptied',
      'payment of <*> EUR done',
    ])
  })

  it('keep lines of different lengths, and short lines, apart', () => {
    const lines = ['user alice', 'user bob', 'user alice left', 'user bob left']
    expect(templateTexts(lines)).toEqual(lines)
  })

  it('have what lines in a chain have in common, whichever came first', () => {
    const lines = ['a b c d', 'a b c e', 'a b f e']
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [2, 0, 1],
    ]) {
      const texts = new Set(templateTexts(order.map((i) => lines[i] ?? '')))
      expect([...texts]).toEqual(['a b <*> <*>'])
    }
  })

  it('count their lines and know the first and the last', () => {
    const miner = new TemplateMiner()
    addLine(miner, 'done in 5 ms', 2000)
    addLine(miner, 'done in 7 ms', 1000)
    addLine(miner, 'done in 9 ms')
    addLine(miner, 'started', 500)
    expect(miner.templates()).toMatchObject([
      { text: 'done in <*> ms', count: 3, firstMs: 1000, lastMs: 2000 },
      { text: 'started', count: 1, firstMs: 500, lastMs: 500 },
    ])
  })

  it('that generalise leave an alias, by which who kept the old id finds the new one', () => {
    const miner = new TemplateMiner()
    const ids = ['a b c d', 'a b c e', 'x b c e'].map(
      (line) => addLine(miner, line)?.family.id ?? '',
    )
    const [now] = miner.templates()
    expect(miner.templates()).toHaveLength(1)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(miner.resolve(id)).toBe(now?.id)
    expect(miner.resolve('0123456789abcdef')).toBe('0123456789abcdef')
  })

  it('are the same after a restart, with their aliases', () => {
    const miner = minerOf(logLines(500, 1))
    const again = new TemplateMiner()
    again.merge(structuredClone(miner.state()))
    expect(again.templates()).toEqual(miner.templates())
    expect(again.state().aliases).toEqual(miner.state().aliases)
    for (const line of logLines(300, 2)) {
      expect(addLine(again, line)?.family.id).toBe(addLine(miner, line)?.family.id)
    }
  })

  it('are the same in whatever order the lines come, and over replicas', () => {
    const lines = logLines(2000, 3)
    const ids = templateIds(minerOf(lines))
    expect(ids.length).toBeGreaterThan(10)
    const random = new SeededRandom(4)
    for (let round = 0; round < 5; round++) {
      shuffle(lines, random)
      expect(templateIds(minerOf(lines))).toEqual(ids)
      const whole = new TemplateMiner()
      for (let replica = 0; replica < 4; replica++) {
        whole.merge(minerOf(lines.filter((_, i) => i % 4 === replica)).state())
      }
      expect(templateIds(whole)).toEqual(ids)
      expect(whole.lines).toBe(lines.length)
    }
  })

  it('are the components of likeness, as found by comparing all lines with all', () => {
    const word = fc.constantFrom('a', 'b', 'c')
    const line = fc.array(word, { minLength: 4, maxLength: 4 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        expect(groups(templateTexts(lines) as string[])).toEqual(groups(componentsByHand(lines)))
      }),
    )
  })
})

describe('the room for templates', () => {
  const limits = { shapes: 100, shapesOfLength: 20 }
  const letters = (n: number): string =>
    String(n).replace(/\d/g, (d) => 'bcdfghjklm'[Number(d)] ?? '')

  it('is bounded; what finds none is counted, and what is kept does not depend on the order', () => {
    const lines = Array.from({ length: 200 }, (_, n) => `${letters(n)}x ${letters(n)}y z`)
    const kept = [lines, lines.toReversed()].map((order) => {
      const miner = new TemplateMiner(limits)
      for (const line of order) addLine(miner, line)
      expect(miner.size).toBe(20)
      expect(miner.evicted).toBe(180)
      expect(miner.unkept).toBe(180)
      return templateIds(miner)
    })
    expect(kept[0]).toEqual(kept[1])
  })

  it('goes from the lengths that have most of it to those that have none', () => {
    const miner = new TemplateMiner(limits)
    for (let n = 0; n < 2000; n++) {
      const words = Array.from({ length: 1 + (n % 6) }, (_, i) => `${letters(n)}${letters(i)}`)
      addLine(miner, words.join(' '))
    }
    expect(miner.size).toBe(100)
    const shape = addLine(miner, 'a line of quite another length than all the others')
    expect(shape?.family.text).toBe('a line of quite another length than all the others')
    expect(miner.size).toBe(100)
    expect(miner.unkept + miner.templates().reduce((sum, { count }) => sum + count, 0)).toBe(2001)
  })

  it('comes back from templates of which no line came for long', () => {
    const miner = new TemplateMiner(limits)
    addLine(miner, 'a b c d', 1000)
    const old = addLine(miner, 'started', 1000)
    addLine(miner, 'a b c e', 5000)
    expect(miner.forget(3000)).toBe(1)
    expect(old?.isGone).toBe(true)
    expect(miner.templates().map(({ text }) => text)).toEqual(['a b c <*>'])
    expect(miner.unkept).toBe(1)
    expect(addLine(miner, 'started', 6000)?.count).toBe(1)
  })

  it('falls apart where what held a template together is dropped', () => {
    const miner = new TemplateMiner({ shapes: 3, shapesOfLength: 3 })
    const chain = ['a b c d', 'a b c e', 'a b f e']
    for (const line of chain) addLine(miner, line)
    // Shapes of another length push out the ones with the largest hashes, one after the other.
    for (const line of ['x', 'y']) addLine(miner, line)
    const left = chain.filter((line) => miner.templates().some(({ text }) => text === line))
    expect(miner.size).toBe(3)
    expect(miner.templates()).toHaveLength(3)
    expect(left).toHaveLength(1)
  })
})

describe('what is kept of a line', () => {
  const places: readonly ((secret: string) => string)[] = [
    (secret) => secret,
    (secret) => `${secret} was seen`,
    (secret) => `at the end there is ${secret}`,
    (secret) => `in the middle ${secret} of a line`,
    (secret) => `ERROR [main] (${secret}): failed`,
    (secret) => `"${secret}"`,
    (secret) => `2026-11-29T01:02:03Z INFO shop.Cart - ${secret}; 12 ms`,
    (secret) => `key='${secret}', other=1`,
  ]

  it.each(MASKING_CORPUS)('has no secret in any place: $kind', ({ name, secrets }) => {
    for (const place of places) {
      const miner = minerOf([place(name)])
      const kept = JSON.stringify([miner.state(), miner.templates()])
      for (const secret of secrets) {
        // Short ones are parts of hashes and times by chance.
        if (secret.length > 3) expect(kept).not.toContain(secret)
        else
          for (const { text, example } of miner.templates())
            expect(text + example).not.toContain(secret)
      }
    }
  })

  it('is cut', () => {
    const [template] = minerOf([`${'long '.repeat(2000)}`]).templates()
    expect(template?.text.length).toBeLessThan(1100)
    expect(template?.example.length).toBeLessThanOrEqual(240)
  })

  it('can be printed, whatever came', () => {
    const [template] = minerOf(['\u001b[31mred\u0007 alarm\u202e']).templates()
    for (const text of [template?.text, template?.example])
      expect(text).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

/** Which lines are together, by first member. */
function groups(keys: readonly string[]): number[] {
  return keys.map((key) => keys.indexOf(key))
}

/** Spreads numbers until nothing changes; then lines whose components come to the same text are one. */
function componentsByHand(lines: readonly string[]): string[] {
  const words = lines.map((line) => line.split(' '))
  const part = lines.map((_, i) => i)
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 0; i < lines.length; i++) {
      for (let j = 0; j < lines.length; j++) {
        const equal = words[i]!.filter((word, at) => word === words[j]![at]).length
        if (equal >= 3 && part[i]! > part[j]!) {
          part[i] = part[j]!
          changed = true
        }
      }
    }
  }
  return part.map((own) => {
    const members = words.filter((_, i) => part[i] === own)
    return members[0]!
      .map((word, at) => (members.every((other) => other[at] === word) ? word : '<*>'))
      .join(' ')
  })
}
