import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CountedName, NameRules } from '../../src/profile/name-rules.ts'

const once = (texts: readonly string[]): CountedName[] => texts.map((text) => ({ text, count: 1 }))
const range = (n: number, name: (i: number) => string): string[] =>
  Array.from({ length: n }, (_, i) => name(i))
const slug = (i: number): string =>
  `lorem-${String.fromCharCode(97 + (i % 26))}-ipsum-${i.toString(36)}`

describe('ids in operation names', () => {
  it('are proven by many words that are hardly seen again', () => {
    const rules = new NameRules()
    expect(rules.review(once(range(64, (i) => `GET /blog/${slug(i)}/comments`)))).toBe(1)
    expect(rules.mask('GET /blog/never-seen/comments')).toBe('GET /blog/{id}/comments')
    expect(rules.mask('GET /orders/open')).toBe('GET /orders/open')
  })

  it('take 64 words to be proven, four fifths of them rare', () => {
    const names = range(64, (i) => `GET /blog/${slug(i)}`)
    expect(new NameRules().review(once(names.slice(1)))).toBe(0)
    const seen = (often: number): CountedName[] =>
      names.map((text, i) => ({ text, count: i < often ? 3 : 2 }))
    expect(new NameRules().review(seen(12))).toBe(1)
    expect(new NameRules().review(seen(13))).toBe(0)
  })

  it('are not what comes back: 900 operations of one prefix stay 900 operations', () => {
    const names = range(900, (i) => `GET /api/report-${i}`)
    const counted = names.map((text, i) => ({ text, count: 1 + Math.floor(3000 / (i + 1)) }))
    const rules = new NameRules()
    expect(rules.review(counted)).toBe(0)
    expect(names.map((name) => rules.mask(name))).toEqual(names)
  })

  it('are whatever there is too much of: 4096 words after one prefix', () => {
    const names = range(4096, (i) => `GET /t/${i}x`).map((text) => ({ text, count: 1000 }))
    const rules = new NameRules()
    expect(rules.review(names.slice(1))).toBe(0)
    expect(rules.review(names)).toBe(1)
  })

  it('leave familiar words beside them as they are, but none with digits', () => {
    const names = [
      ...once(range(300, (i) => `GET /${slug(i)}`)),
      { text: 'GET /orders', count: 500 },
      { text: 'GET /item-77', count: 500 },
      { text: 'GET /seldom', count: 15 },
    ]
    const rules = new NameRules()
    expect(rules.review(names)).toBe(1)
    expect(rules.mask('GET /orders')).toBe('GET /orders')
    expect(rules.mask('GET /item-77')).toBe('GET /{id}')
    expect(rules.mask('GET /seldom')).toBe('GET /{id}')
  })

  it('are found one after the other where a name has two', () => {
    const pages = range(100, (i) => `GET /users/${slug(i)}/posts/${slug(i * 7)}`)
    const rules = new NameRules()
    rules.review(once(pages))
    const again = [...new Set(pages.map((page) => rules.mask(page)))]
    rules.review(once(again))
    expect(rules.mask(pages[0]!)).toBe('GET /users/{id}/posts/{id}')
  })

  it('stay bounded, and count what found no room', () => {
    const rules = new NameRules()
    const names = range(4100, (p) => p.toString(36)).flatMap((prefix) =>
      range(64, (i) => `${prefix}/${slug(i)}`),
    )
    rules.review(once(names))
    expect(rules.size).toBe(4096)
    expect(rules.dropped).toBeGreaterThanOrEqual(4)
  })

  it('are masked once and for all, also after a restart', () => {
    const rules = new NameRules()
    rules.review(once(range(80, (i) => `GET /${slug(i)}/x y:${slug(i)}`)))
    const restored = new NameRules()
    restored.restore(structuredClone(rules.state()))
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (tail) => {
        const masked = rules.mask(`GET /${tail}`)
        expect(rules.mask(masked)).toBe(masked)
        expect(restored.mask(`GET /${tail}`)).toBe(masked)
      }),
    )
  })
})
