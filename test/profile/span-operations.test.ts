import { describe, expect, it } from 'vitest'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'
import { ElementTable } from '../../src/profile/element-table.ts'
import { OTHER_PAIR } from '../../src/profile/pair-table.ts'
import { SpanOperations } from '../../src/profile/span-operations.ts'

function tableOf(room: number): ElementTable {
  const limits = { maxTexts: room, maxPaths: room, maxPlaces: room, maxStrata: room }
  return new ElementTable(limits, new Vocabulary(100), new Vocabulary(100))
}

/** Spans of one service, by their names. */
function spansOf(...names: number[]): SpanColumns {
  const columns = new SpanColumns(1, names.length)
  for (const name of names) columns.of.name[columns.add()] = name
  return columns
}

describe('the operations of spans', () => {
  it('are those of the trace that is read, in the order in which they are asked for', () => {
    const table = tableOf(100)
    const operations = new SpanOperations(table)
    const first = spansOf(7, 8)
    operations.begin(2)
    expect([1, 0, 1, 0].map((span) => operations.of(first, span))).toEqual([2, 3, 2, 3])
    operations.begin(2)
    const second = spansOf(8, 9)
    expect([0, 1, 0, 1].map((span) => operations.of(second, span))).toEqual([2, 4, 2, 4])
  })

  it('are as many as a trace has spans', () => {
    const table = tableOf(1000)
    const operations = new SpanOperations(table)
    const columns = spansOf(...Array.from({ length: 500 }, (_, i) => i))
    operations.begin(500)
    for (let round = 0; round < 2; round++) {
      for (let span = 0; span < 500; span++) expect(operations.of(columns, span)).toBe(span + 2)
    }
  })

  it('that find no room are counted whenever they are asked for', () => {
    const table = tableOf(3)
    const operations = new SpanOperations(table)
    const columns = spansOf(7, 8)
    operations.begin(2)
    expect([0, 1, 1, 1].map((span) => operations.of(columns, span))).toEqual([
      ...[2, OTHER_PAIR, OTHER_PAIR, OTHER_PAIR],
    ])
    expect(table.operations.overflow).toBe(3)
  })
})
