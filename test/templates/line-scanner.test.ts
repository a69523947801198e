import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineScanner, MOST_LINE_BYTES } from '../../src/templates/line-scanner.ts'

const scanner = new LineScanner()
const encoder = new TextEncoder()

function scanned(line: string): { outline: string; hashes: string } {
  const bytes = encoder.encode(line)
  scanner.scan(bytes, 0, bytes.length)
  const outline = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    scanner.outline.subarray(0, scanner.length),
  )
  return { outline, hashes: `${scanner.hashA} ${scanner.hashB}` }
}

describe('the outline of a line', () => {
  it.each([
    ['took 37 ms', 'took 0 ms'],
    ['took 37ms, or 3.5 s', 'took 0, or 0 s'],
    ['from 10.0.0.5:8080 to fe80::1%eth0', 'from 0 to 0'],
    ['[::ffff:10.0.0.1] and 2001:db8:0:0:1::dead/64', '[::0] and 0'],
    ['at 2026-11-29T01:02:03.456+01:00 sharp', 'at 0 sharp'],
    ['cart 6f1f8c1e-5c0b-4f43-9f53-2f9d1c8f2b11 gone', 'cart 0 gone'],
    ['cart deadbeef-cafe-4f43-abcd-abcdefabcdef gone', 'cart 0 gone'],
    ['wake 00:1b:44:11:3a:b7', 'wake 0'],
    ['0x1f and 0XFF, deadbeef', '0 and 0, 0'],
    ['open /var/log/app.log: no such file', 'open 0: no such file'],
    ['open C:\\Users\\alice\\notes.txt.', 'open 0.'],
    ['GET https://example.com/a?b=c done', 'GET 0?b=c done'],
    ['GET /a/b/password=c and a@b/token=d', 'GET 0/password=c and 0/token=d'],
    ['mail alice.liddell@example.com.', 'mail 0.'],
    ['either/or, text/html', 'either/or, text/html'],
    ['fpr29=0x00 R02-M1', 'fpr0=0 R0-M0'],
    ['at R02-M1-N0-C:J12-U11, up', 'at 0, up'],
    ['blk_-1608999687919862906 is 67108864', 'blk_-0 is 0'],
    ['pod checkout-7d9f8b6c5-bcdfz', 'pod checkout-0'],
    ['HTTP/1.1 v2.3 k8s utf8', 'HTTP/0 v0 0 utf0'],
    ['total 1,234,567; list [1,2,3]', 'total 0; list [0]'],
    ['a -5 +5 x=-5 $5 50% #12', 'a 0 0 x=0 $0 0 #0'],
    ['one   two\tthree  ', 'one two three'],
    ['grüße an 東京 5', 'grüße an 東京 0'],
    ['', ''],
    ['--- == ***', '--- == ***'],
  ])('leaves out what varies: %s', (line, outline) => {
    expect(scanned(line).outline).toBe(outline)
  })

  it('holds no digit but the mark, however the line is made', () => {
    const unit = fc.constantFrom(...'a5f-g:. /@,0x_=%\\"Z#é')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (line) => {
        const { outline } = scanned(line)
        expect(outline).not.toMatch(/[1-9]/)
        expect(outline.length).toBeLessThanOrEqual(line.length)
        // Letters beside each other stay in their order.
        expect(line.replace(/[^gZ]/g, '')).toContain(outline.replace(/[^gZ]/g, '').slice(0, 1))
      }),
      { numRuns: 5000 },
    )
  })

  it('is the same whatever the numbers are', () => {
    const number = fc.integer({ min: -1e9, max: 1e9 })
    fc.assert(
      fc.property(number, number, (a, b) => {
        const line = (n: number): string => `worker ${n} took ${n} ms (size=${n}, of ${n}) at ${n}.`
        expect(scanned(line(a))).toEqual(scanned(line(b)))
      }),
    )
  })

  it('has hashes that tell outlines apart', () => {
    const seen = new Map<string, string>()
    const letters = fc.string({ unit: fc.constantFrom(...'ab c=:'), maxLength: 12 })
    fc.assert(
      fc.property(letters, (line) => {
        const { outline, hashes } = scanned(line)
        expect(seen.get(hashes) ?? outline).toBe(outline)
        seen.set(hashes, outline)
      }),
      { numRuns: 5000 },
    )
  })

  it('does not depend on the lines before, nor on where the line lies', () => {
    const line = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(line, line, (first, second) => {
        const alone = scanned(second)
        scanned(first)
        const bytes = encoder.encode(`${first}\n${second}`)
        const start = encoder.encode(`${first}\n`).length
        scanner.scan(bytes, start, bytes.length)
        expect(`${scanner.hashA} ${scanner.hashB}`).toBe(alone.hashes)
      }),
    )
  })

  it('is bounded', () => {
    const { outline } = scanned('word '.repeat(10_000))
    expect(outline.length).toBeLessThanOrEqual(MOST_LINE_BYTES)
  })
})
