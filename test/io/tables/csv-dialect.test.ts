import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvDialect } from '../../../src/io/tables/csv-dialect.ts'

describe('the dialect of a CSV file', () => {
  it.each([
    ['a,b,c\n1,2,3\n', ',', ['a', 'b', 'c'], true],
    ['a;b;c\n1,5;2;3\n', ';', ['a', 'b', 'c'], true],
    ['a\tb\r\n1\t2\r\n', '\t', ['a', 'b'], true],
    ['a|b', '|', ['a', 'b'], true],
    ['"last, first","say ""hi""",c\n', ',', ['last, first', 'say "hi"', 'c'], true],
    ['"a\nb",c\n', ',', ['a\nb', 'c'], true],
    ['\ufeffa,b\n', ',', ['a', 'b'], true],
    ['1,2.5,-3e4\n', ',', ['column1', 'column2', 'column3'], false],
    ['a,,A,a\n', ',', ['a', 'column2', 'A_2', 'a_3'], true],
    ['only\n1\n', ',', ['only'], true],
  ])('%j', (head, delimiter, names, hasHeader) => {
    expect(csvDialect(head, 'x.csv')).toEqual({ delimiter, names, hasHeader })
  })

  it.each(['', '\n', ',,\n'])('%j names no column', (head) => {
    expect(() => csvDialect(head, 'x.csv')).toThrow(/x\.csv: it holds no column names/)
  })

  it('gives back names that were quoted, whatever they are, each its own', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 8 })
      .filter((one) => one.trim() === one && !/^\d/.test(one))
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2, maxLength: 6, selector: (one) => one.toLowerCase() }),
        (names) => {
          const head = names.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')
          const found = csvDialect(`${head}\n`, 'x.csv')
          fc.pre(found.hasHeader)
          expect(new Set(found.names.map((one) => one.toLowerCase())).size).toBe(found.names.length)
          if (found.delimiter === ',') expect(found.names).toEqual(names)
        },
      ),
    )
  })
})
