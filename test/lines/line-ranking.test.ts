import { describe, expect, it } from 'vitest'
import { MASKING_CORPUS } from '../masking-corpus.ts'
import { rankingOf } from './read-lines.ts'

const NORMAL = [
  'npm warn deprecated glob@7.2.3: no longer supported',
  ...Array.from({ length: 40 }, (_, i) => `fetched package-${i} in ${i} ms`),
  'Tests: 0 failed, 41 passed',
  'runner exited with code 0',
  'upload of all artifacts done',
]
const first = (judged: readonly string[], ...normal: string[][]) =>
  rankingOf(judged, ...(normal.length > 0 ? normal : [NORMAL])).ranked(20)

describe('lines beside a normal log', () => {
  it('that are as they always were do not matter, whatever their numbers, times and order', () => {
    const again = NORMAL.toReversed().map((line) => line.replace(/in \d+ ms/, 'in 7123 ms'))
    expect(first(again)).toEqual([])
  })

  it('that are new and say that something failed come first, with the nearest normal line', () => {
    const rows = first([
      ...NORMAL,
      'colour theme loaded',
      'upload of all artifacts failed: no space',
    ])
    expect(rows.map(({ number }) => number)).toEqual([NORMAL.length + 2, NORMAL.length + 1])
    expect(rows[0]).toMatchObject({
      why: 'never before with failed, no space',
      normal: 'upload of all artifacts done',
      count: 1,
    })
    expect(rows[1]).toMatchObject({ why: 'new', normal: '' })
  })

  it('that are known, but with a count that was 0, matter', () => {
    const judged = NORMAL.map((line) =>
      line.replace('0 failed', '2 failed').replace('code 0', 'code 3'),
    )
    const rows = first(judged)
    expect(rows.map(({ number, why }) => [number, why])).toEqual([
      [42, 'a count that was 0 before'],
      [43, 'a count that was 0 before'],
    ])
  })

  it('that came far more or less often than usual are told with both numbers', () => {
    const more = [...NORMAL, ...Array<string>(20).fill('upload of all artifacts done')]
    expect(first(more)).toMatchObject([{ why: '21 times, normally 1', number: 44 }])
    const less = NORMAL.filter((_, i) => i < 4 || i > 40)
    expect(first(less, NORMAL, NORMAL)).toMatchObject([{ why: '3 times, normally 40' }])
  })

  it('of words that say there was no failure do not alarm', () => {
    const far = Array.from({ length: 5 }, () => 'the same')
    const rows = first(['license check: 0 errors, no failures', ...far, 'the disk is corrupt'])
    expect(rows[0]?.text).toBe('the disk is corrupt')
    expect(rows.find(({ number }) => number === 1)?.score).toBeLessThan(0.6)
  })

  it('that warn, or stand within a name, count less than those that fail', () => {
    const judged = [
      'warning: cache not found',
      'opened new-error-page.html',
      'Error: cache not found',
    ]
    expect(first(judged)[0]?.text).toBe('Error: cache not found')
  })

  it('are one row for all that are alike, and one for a stack trace', () => {
    const thrown = [
      'java.lang.IllegalStateException: closed',
      '\tat a.B.c(B.java:1)',
      '\tat a.B.d(B.java:2)',
    ]
    const rows = first([...thrown, 'order 17 lost', 'order 18 lost', 'order 19 lost'])
    expect(rows.map(({ number, lines, count }) => [number, lines, count])).toEqual([
      [1, 3, 1],
      [4, 1, 3],
    ])
  })

  it('with a stack trace show what was thrown, with its message', () => {
    const trace = [
      'Traceback (most recent call last):',
      '  File "a.py", line 2, in run',
      'KeyError: north',
    ]
    expect(first(['imported all', ...trace])[0]?.text).toBe('imported all KeyError: north')
  })

  it('that did not come are told in their order', () => {
    expect(rankingOf(NORMAL.slice(0, -2), NORMAL).missing()).toEqual([
      'runner exited with code 0',
      'upload of all artifacts done',
    ])
  })

  it('are ranked without a normal log, too', () => {
    const rows = rankingOf(['one', 'two', 'Error: no route to host', 'three']).ranked(1)
    expect(rows[0]).toMatchObject({ number: 3, why: 'new' })
  })

  it('keep no secret', () => {
    const judged = MASKING_CORPUS.map(({ name }) => `failed: ${name}`)
    const ranking = rankingOf(
      judged,
      MASKING_CORPUS.map(({ name }) => `passed: ${name}`),
    )
    const told = ranking.ranked(1000).map(({ text, normal, why }) => `${text} ${normal} ${why}`)
    const all = [...told, ...ranking.missing()].join('\n')
    expect(told.length).toBeGreaterThan(20)
    for (const { secrets } of MASKING_CORPUS) {
      for (const secret of secrets) expect(all).not.toContain(secret)
    }
  })

  it('are bounded in number, and those that found no room are counted', () => {
    const word = (i: number): string =>
      [...i.toString(26).padStart(4, '0')]
        .map((d) => 'ghijklmnopqrstuvwxyzGHIJKL'[Number.parseInt(d, 26)])
        .join('')
    const judged = Array.from({ length: 30_000 }, (_, i) => `opened ${word(i)}`)
    const ranking = rankingOf([...judged, 'Error: the last one'], NORMAL)
    expect(ranking.unranked).toBe(10_000)
    expect(ranking.ranked(1)[0]?.text).toBe('Error: the last one')
  })
})
