import { describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { FakeWorld } from '../fakes/world.ts'

interface Replayed {
  readonly code: number
  readonly summary: {
    readonly records: number
    readonly spans: number
    readonly undecodable: number
    readonly rejected_spans: number
    readonly unread: readonly string[]
    readonly damaged: readonly { readonly path: string; readonly damage: string }[]
  }
}

const path = (name: string): string =>
  new URL(`../fixtures/cases/${name}`, import.meta.url).pathname

async function replay(...files: string[]): Promise<Replayed> {
  const world = new FakeWorld()
  const code = await main(['replay', ...files, '--json'], world)
  return { code, summary: JSON.parse(world.out) }
}

describe('what people feed is read whole where its meaning is plain', () => {
  // All were made from the same eleven records, or the first five or the first of them.
  const cases: [file: string, records: number, spans: number][] = [
    ['two-frames.jsonl.zst', 11, 240],
    ['skippable-first.jsonl.zst', 11, 240],
    ['two-members.jsonl.gz', 11, 240],
    ['array.json', 11, 240],
    ['pretty-many.json', 11, 240],
    ['log-prefix.jsonl', 11, 240],
    ['blank-line-first.jsonl', 5, 116],
    ['utf16.jsonl', 5, 116],
    ['old-keys.jsonl', 5, 116],
    ['tempo-batches.json', 1, 24],
  ]

  it.each(cases)('%s gives its %i records and %i spans', async (file, records, spans) => {
    const { code, summary } = await replay(path(file))
    expect(summary).toMatchObject({ records, spans, undecodable: 0, unread: [], damaged: [] })
    expect(code).toBe(0)
  })
})

describe('one bad span among a hundred costs one', () => {
  const cases: [file: string, where: RegExp][] = [
    ['zero-span-id.jsonl', /message 1: 1 span left out: .*spans\[50\]\.spanId: all zero/],
    ['empty-span-id.pb', /message 1, byte \d+: 1 span left out: span without a span id/],
    ['int-out-of-range.jsonl', /message 1: .*spans\[50\]\.attributes\[0\]\.value/],
  ]

  it.each(cases)('in %s, told with its place; exit 1', async (file, where) => {
    const { code, summary } = await replay(path(file))
    expect(summary).toMatchObject({ records: 1, spans: 99, undecodable: 0, rejected_spans: 1 })
    expect(summary.unread).toEqual([expect.stringMatching(where)])
    expect(code).toBe(1)
  })
})
