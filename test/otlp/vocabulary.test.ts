import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Marks } from '../../src/columns/marks.ts'
import { cutEnd, hashBytes, viewOf } from '../../src/otlp/byte-words.ts'
import { NO_TEXT, OTHER_TEXT, Vocabulary } from '../../src/otlp/vocabulary.ts'

const utf8 = new TextEncoder()
const withBytes = (vocabulary: Vocabulary, text: string): number => {
  const bytes = utf8.encode(`<${text}>`)
  return vocabulary.internBytes(bytes, 1, bytes.length - 1)
}

describe('Vocabulary', () => {
  it('gives a text the same id from bytes and from a string, again and again', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 })), (texts) => {
        const vocabulary = new Vocabulary(1_000)
        const ids = texts.map((text) => withBytes(vocabulary, text))
        expect(texts.map((text) => vocabulary.intern(text))).toEqual(ids)
        expect(texts.map((text) => withBytes(vocabulary, text))).toEqual(ids)
        expect(ids.map((id) => vocabulary.text(id))).toEqual(texts)
        expect(new Set(ids).size).toBe(new Set(texts).size)
      }),
    )
  })

  it('keeps the canonical form of a text and its id', () => {
    const vocabulary = new Vocabulary(100, (text) => text.replace(/\d+/g, '{n}'))
    const first = withBytes(vocabulary, 'GET /cart/1')
    expect(withBytes(vocabulary, 'GET /cart/22')).toBe(first)
    expect(vocabulary.intern('GET /cart/333')).toBe(first)
    expect(vocabulary.text(first)).toBe('GET /cart/{n}')
    expect(vocabulary.size).toBe(3)
  })

  it('keeps a text of our own as it is, apart from one that looks like it', () => {
    const vocabulary = new Vocabulary(4, (text) => text.replaceAll('own', '{own}'))
    const own = vocabulary.internOwn('own')
    expect(vocabulary.text(own)).toBe('own')
    expect(vocabulary.internOwn('own')).toBe(own)
    expect(vocabulary.text(vocabulary.intern('own'))).toBe('{own}')
    expect(vocabulary.internOwn('another')).toBe(OTHER_TEXT)
    expect([vocabulary.seen(own), vocabulary.overflow]).toEqual([2, 1])
  })

  it('takes the empty text for none', () => {
    const vocabulary = new Vocabulary(100)
    expect(withBytes(vocabulary, '')).toBe(NO_TEXT)
    expect(vocabulary.intern('')).toBe(NO_TEXT)
    expect(vocabulary.text(NO_TEXT)).toBe('')
  })

  it('takes what finds no room for the other text and counts it each time, from bytes and strings', () => {
    const vocabulary = new Vocabulary(4)
    const known = [withBytes(vocabulary, 'a'), vocabulary.intern('b')]
    expect(known).toEqual([2, 3])
    for (let i = 0; i < 3; i++) {
      expect(withBytes(vocabulary, 'c')).toBe(OTHER_TEXT)
      expect(vocabulary.intern('d')).toBe(OTHER_TEXT)
    }
    expect(vocabulary.overflow).toBe(6)
    expect([withBytes(vocabulary, 'a'), vocabulary.intern('b')]).toEqual(known)
    expect(vocabulary.texts()).toEqual(['', '(other)', 'a', 'b'])
  })

  it('gives the same ids after its caches were flooded', () => {
    const vocabulary = new Vocabulary(16, (text) => text.slice(0, 1))
    const first = withBytes(vocabulary, 'a')
    for (let i = 0; i < 5_000; i++) {
      const text = `a${i}${'x'.repeat(i % 90)}`
      expect(withBytes(vocabulary, text)).toBe(first)
      expect(vocabulary.intern(text)).toBe(first)
    }
    expect(withBytes(vocabulary, 'a')).toBe(first)
    expect(vocabulary.size).toBe(3)
  })

  it('interns a text of a megabyte by its first kilobyte', () => {
    const vocabulary = new Vocabulary(16)
    const id = withBytes(vocabulary, 'x'.repeat(1_000_000))
    expect(withBytes(vocabulary, `${'x'.repeat(1024)}y`)).toBe(id)
    expect(vocabulary.text(id)).toBe('x'.repeat(1024))
  })

  it('interns what is not UTF-8 by its first kilobyte, too', () => {
    const vocabulary = new Vocabulary(16)
    const bytes = new Uint8Array(3_000).fill(0x80)
    const id = vocabulary.internBytes(bytes, 10, 2_990)
    expect(vocabulary.text(id)).toBe('\ufffd'.repeat(1024))
    expect(vocabulary.internBytes(bytes, 20, 2_500)).toBe(id)
  })

  it('keeps apart texts that were made to have one hash', () => {
    const texts = collisions(80)
    const vocabulary = new Vocabulary(1_000)
    const ids = texts.map((text) => withBytes(vocabulary, text))
    expect(new Set(ids).size).toBe(texts.length)
    expect(texts.map((text) => withBytes(vocabulary, text))).toEqual(ids)
    expect(texts.map((text) => vocabulary.intern(text))).toEqual(ids)
  })

  it('replaces what is not UTF-8 and keeps a byte order mark', () => {
    const vocabulary = new Vocabulary(100)
    const bytes = Uint8Array.of(0x61, 0xff, 0xef, 0xbb, 0xbf, 0x62)
    expect(vocabulary.text(vocabulary.internBytes(bytes, 0, 2))).toBe('a\ufffd')
    expect(vocabulary.text(vocabulary.internBytes(bytes, 2, 6))).toBe('\ufeffb')
  })

  it('gives the room and the ids of forgotten texts to others, and forgets what it had cached', () => {
    const vocabulary = new Vocabulary(5)
    const ids = ['a', 'b', 'c'].map((text) => withBytes(vocabulary, text))
    expect(vocabulary.intern('d')).toBe(OTHER_TEXT)
    const gone = new Marks()
    gone.add(ids[1]!)
    vocabulary.forget(gone)
    expect(vocabulary.text(ids[1]!)).toBe('')
    expect(vocabulary.seen(ids[1]!)).toBe(0)
    expect(withBytes(vocabulary, 'd')).toBe(ids[1])
    expect(withBytes(vocabulary, 'b')).toBe(OTHER_TEXT)
    expect([withBytes(vocabulary, 'a'), vocabulary.intern('c')]).toEqual([ids[0], ids[2]])
    const after = new Vocabulary(5)
    after.restore(structuredClone(vocabulary.state()))
    expect(after.state()).toEqual(vocabulary.state())
  })

  it('has room for so much text in all, however few the texts are', () => {
    const vocabulary = new Vocabulary(64)
    for (let i = 0; i < 64; i++) withBytes(vocabulary, String(i).padStart(1024, 'x'))
    expect(vocabulary.size).toBeLessThan(15)
    expect(vocabulary.overflow).toBeGreaterThan(50)
    expect(vocabulary.isShort).toBe(true)
  })

  it('counts that room in bytes, whatever the script, and gives all of it back', () => {
    for (const letter of ['x', 'ü', '語', '𝄞']) {
      const vocabulary = new Vocabulary(64)
      const bytesKept = (): number => utf8.encode(vocabulary.texts().join('')).length
      const fill = (from: number): void => {
        for (let i = from; i < from + 64; i++) withBytes(vocabulary, `${i}${letter.repeat(120)}`)
      }
      fill(100)
      const full = bytesKept()
      expect(full).toBeGreaterThan(64 * 128 * 0.85)
      expect(full).toBeLessThan(64 * 128 + 500)
      const after = new Vocabulary(64)
      after.restore(structuredClone(vocabulary.state()))
      expect(withBytes(after, 'one more')).toBe(OTHER_TEXT)
      const gone = new Marks()
      for (let id = 2; id < vocabulary.texts().length; id++) gone.add(id)
      vocabulary.forget(gone)
      fill(200)
      expect(bytesKept()).toBe(full)
    }
  })

  it('goes on from the texts of another with the same ids', () => {
    const before = new Vocabulary(100)
    const ids = ['x', 'y', 'z'].map((text) => before.intern(text))
    const after = new Vocabulary(100)
    after.restore(before.state())
    expect(['x', 'y', 'z'].map((text) => withBytes(after, text))).toEqual(ids)
    expect(after.intern('new')).toBe(before.intern('new'))
  })
})

describe('cutEnd', () => {
  it('keeps whole characters and no more bytes than told, and never fewer than three less', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(20), (text, more) => {
        const bytes = utf8.encode(`<${text}`)
        const most = 4 + more
        const end = cutEnd(bytes, 1, bytes.length, most)
        const kept = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(1, end))
        expect(text.startsWith(kept)).toBe(true)
        expect(end - 1).toBeLessThanOrEqual(most)
        if (end < bytes.length) expect(end - 1).toBeGreaterThan(most - 4)
      }),
    )
  })

  it('cuts what is not UTF-8 at the limit, and never in front of its beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 40 }), fc.nat(10), (bytes, more) => {
        const end = cutEnd(bytes, 2, bytes.length, 4 + more)
        expect(end).toBeGreaterThan(2)
        expect(end).toBeLessThanOrEqual(Math.min(bytes.length, 6 + more))
      }),
    )
    expect(cutEnd(new Uint8Array(20).fill(0x80), 1, 20, 8)).toBe(9)
  })
})

describe('hashBytes', () => {
  it('depends on every byte and on the length', () => {
    const bytes = utf8.encode('GET /api/items/{id}')
    const seen = new Set<number>()
    for (let length = 0; length <= bytes.length; length++) {
      seen.add(hashBytes(viewOf(bytes), 0, length))
      for (let i = 0; i < length; i++) {
        const changed = bytes.slice(0, length)
        changed[i]! ^= 0x80
        seen.add(hashBytes(viewOf(changed), 0, length))
      }
    }
    expect(seen.size).toBe(20 + (19 * 20) / 2)
  })

  it('spreads texts that differ in few places', () => {
    const places = new Set<number>()
    for (let i = 0; i < 1_024; i++) {
      const bytes = utf8.encode(`service-${String(i).padStart(4, '0')}.shop.svc.cluster.local`)
      places.add(hashBytes(viewOf(bytes), 0, bytes.length) & 1_023)
    }
    // Random places would leave 1/e of them empty, 377; a poor hash leaves far more.
    expect(places.size).toBeGreaterThan(580)
  })

  it('reads the beginning of long texts only, the same one from bytes and from strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 200, maxLength: 1500 }), (text) => {
        const vocabulary = new Vocabulary(50)
        const bytes = new TextEncoder().encode(text)
        const id = vocabulary.internBytes(bytes, 0, bytes.length)
        expect(vocabulary.intern(text)).toBe(id)
        const kept = vocabulary.text(id)
        expect(text.startsWith(kept)).toBe(true)
        expect(new TextEncoder().encode(kept).length).toBeLessThanOrEqual(1024)
        if (bytes.length > 1024) {
          expect(new TextEncoder().encode(kept).length).toBeGreaterThan(1020)
        } else expect(kept).toBe(text)
      }),
    )
  })

  it('keeps room for essential texts, whatever else comes', () => {
    const vocabulary = new Vocabulary(160)
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    for (let i = 0; i < 1000; i++) vocabulary.intern(`id-${i}`)
    expect(vocabulary.size).toBe(150)
    const name = bytes('billing')
    expect(vocabulary.text(vocabulary.internBytes(name, 0, name.length))).toBe('(other)')
    const id = vocabulary.internBytes(name, 0, name.length, undefined, true)
    expect(vocabulary.text(id)).toBe('billing')
    expect(vocabulary.intern('ledger')).toBe(OTHER_TEXT)
    expect(vocabulary.text(vocabulary.intern('ledger', true))).toBe('ledger')
    for (let i = 0; i < 100; i++) vocabulary.intern(`service-${i}`, true)
    expect(vocabulary.size).toBe(160)
  })
})

/** Texts of eight characters with the same hash, found by search for the second half. */
function collisions(count: number): string[] {
  const byHash = new Map<number, string[]>()
  for (let i = 0; ; i++) {
    const text = i.toString(36).padStart(8, '0')
    const bytes = utf8.encode(text)
    // Collisions in the last 12 bits are enough: a vocabulary of 1,000 has 4,096 places.
    const place = hashBytes(viewOf(bytes), 0, bytes.length) & 4_095
    const texts = byHash.get(place) ?? []
    texts.push(text)
    byHash.set(place, texts)
    if (texts.length === count) return texts
  }
}
