import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineTime } from '../../src/templates/line-time.ts'

const encoder = new TextEncoder()

function read(line: string, year = 2026): { iso: string | null; rest: string } {
  const time = new LineTime(year)
  const bytes = encoder.encode(line)
  const at = time.read(bytes, 0, bytes.length)
  const iso = Number.isNaN(time.ms) ? null : new Date(time.ms).toISOString()
  return { iso, rest: new TextDecoder().decode(bytes.subarray(at)) }
}

describe('the time that a line begins with', () => {
  it.each([
    ['2026-11-29T01:02:03.456Z up', '2026-11-29T01:02:03.456Z', ' up'],
    ['2026-11-29 01:02:03,456 INFO up', '2026-11-29T01:02:03.456Z', ' INFO up'],
    ['[2026-11-29 01:02:03] up', '2026-11-29T01:02:03.000Z', ' up'],
    ['2026/11/29 01:02:03 up', '2026-11-29T01:02:03.000Z', ' up'],
    ['2026-11-29T01:02:03.456789+01:00 up', '2026-11-29T00:02:03.456Z', ' up'],
    ['2026-11-29 01:02:03 -0530 up', '2026-11-29T06:32:03.000Z', ' up'],
    ['2005-06-03-15.42.50.675872 up', '2005-06-03T15:42:50.675Z', ' up'],
    ['time="2026-11-29T01:02:03Z" level=info', '2026-11-29T01:02:03.000Z', ' level=info'],
    ['Nov 29 01:02:03 host up', '2026-11-29T01:02:03.000Z', ' host up'],
    ['<34>Nov  9 01:02:03 host up', '2026-11-09T01:02:03.000Z', ' host up'],
    ['I1129 01:02:03.456789 7 main.go:3] up', '2026-11-29T01:02:03.456Z', ' 7 main.go:3] up'],
    ['[Sun Nov 29 01:02:03 2026] [error] up', '2026-11-29T01:02:03.000Z', ' [error] up'],
    ['[Sun Nov 29 01:02:03.123456 2026] up', '2026-11-29T01:02:03.123Z', ' up'],
    ['1795914123 up', '2026-11-29T01:02:03.000Z', ' up'],
    ['1795914123.25 up', '2026-11-29T01:02:03.250Z', ' up'],
    ['1795914123456 up', '2026-11-29T01:02:03.456Z', ' up'],
    ['261129 010203 148 INFO up', '2026-11-29T01:02:03.000Z', ' 148 INFO up'],
  ])('is read, and what follows is the message: %s', (line, iso, rest) => {
    expect(read(line)).toEqual({ iso, rest })
  })

  it('stands within the lines of web servers, which stay whole', () => {
    const line = '192.0.2.7 - - [29/Nov/2026:01:02:03 +0100] "GET / HTTP/1.1" 200 5'
    expect(read(line)).toEqual({ iso: '2026-11-29T00:02:03.000Z', rest: line })
  })

  it.each([
    'up',
    '',
    '2026-13-29T01:02:03Z up',
    '2026-11-29T25:02:03Z up',
    'Foo 29 01:02:03 up',
    '17959 up',
    '12345678901234567890',
    '- 1117838570 2005.06.03 R02',
  ])('is none where there is none: %s', (line) => {
    expect(read(line)).toEqual({ iso: null, rest: line })
  })

  it('is read back as it was written, and whatever came before', () => {
    const time = new LineTime(2026)
    const date = fc.date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(date, fc.string(), (when, other) => {
        time.readValue(other)
        expect(time.readValue(when.toISOString())).toBe(when.getTime())
      }),
    )
  })

  it('can be a number of seconds, ms, us or ns', () => {
    const time = new LineTime(2026)
    const ms = 1_795_914_123_456
    for (const unit of [1e-3, 1, 1e3, 1e6]) expect(time.readValue(ms * unit)).toBeCloseTo(ms, 0)
    for (const none of [5, -1, Number.NaN, null, {}, true]) expect(time.readValue(none)).toBeNaN()
  })
})
