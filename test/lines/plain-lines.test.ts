import { describe, expect, it } from 'vitest'
import { fullText, templatedBytes } from '../../src/lines/plain-lines.ts'
import { plainLines } from './read-lines.ts'

const said = (texts: readonly string[]): string[] => plainLines(texts).map(fullText)

describe('plain lines', () => {
  it('are numbered as in their file, blank ones and stack traces included', () => {
    const lines = plainLines(['one', '', 'two', '    at f (a.js:1:2)', '  ', 'three'])
    expect(lines.map(({ number, trace }) => [number, trace.length])).toEqual([
      [1, 0],
      [3, 1],
      [6, 0],
    ])
  })

  it('say what is behind their time, or their time of day', () => {
    const lines = plainLines(['2026-11-29T01:02:03.4567891Z built', '[01:02:04] tested', 'done'])
    expect(lines.map(fullText).map((text) => text.trim())).toEqual(['built', 'tested', 'done'])
    expect(lines.map(({ ms }) => ms)).toEqual([
      Date.UTC(2026, 10, 29, 1, 2, 3, 456),
      Number.NaN,
      Number.NaN,
    ])
  })

  it('have lost the colours of terminals', () => {
    expect(
      said(['\u001b[31mFAIL\u001b[0m a.test.ts', '\u001b]8;;http://x\u0007link\u001b]8;;\u0007']),
    ).toEqual(['FAIL a.test.ts', 'link'])
  })

  it('of JSON give their fields and their time', () => {
    const [line] = plainLines(['{"time":"2026-11-29T01:02:03Z","msg":"paid","order":7}'])
    expect(line?.ms).toBe(Date.UTC(2026, 10, 29, 1, 2, 3))
    expect(line?.fields).toMatchObject({ order: 7 })
    const { bytes, start, end } = templatedBytes(line ?? plainLines(['x'])[0]!)
    expect(Buffer.from(bytes.subarray(start, end)).toString()).toBe('paid {order}')
  })

  it('that begin like JSON and are none stay lines', () => {
    expect(said(['{ not json', '{"cut":'])).toEqual(['{ not json', '{"cut":'])
  })
})
