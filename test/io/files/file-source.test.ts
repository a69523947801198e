import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/contract/log-record.ts'
import { FileSource } from '../../../src/io/files/file-source.ts'
import { silentLog } from '../../../src/io/telemetry/log.ts'
import { slotTable } from '../../../src/otlp/attribute-slots.ts'
import { decodeTracesJson } from '../../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../../src/otlp/decode-protobuf.ts'
import { RejectedSpans } from '../../../src/otlp/rejected-spans.ts'
import { SpanColumns } from '../../../src/otlp/span-columns.ts'
import { Vocabulary } from '../../../src/otlp/vocabulary.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-files-'))
afterAll(() => rmSync(directory, { recursive: true }))

const fixture = (name: string): string =>
  new URL(`../../fixtures/collector/${name}`, import.meta.url).pathname

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return path
}

async function open(
  paths: string[],
  options: { max?: number; from?: bigint } = {},
): Promise<FileSource> {
  const settings = { paths, partition: 'files/0', maxMessageBytes: options.max ?? 1_000_000 }
  const source = new FileSource(settings, silentLog)
  await source.start()
  await source.seek(new Map(options.from === undefined ? [] : [['files/0', options.from]]))
  return source
}

async function readAll(source: FileSource, batch = 7): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for (;;) {
    const polled = await source.poll(batch)
    if (polled === null) return records
    expect(polled.records.length).toBeLessThanOrEqual(batch)
    records.push(...polled.records)
  }
}

function spansIn(records: readonly LogRecord[]): number {
  const slots = slotTable([])
  const target = {
    columns: new SpanColumns(slots.stride),
    names: new Vocabulary(10_000),
    values: new Vocabulary(10_000),
    slots,
    ignoreServices: new Set<string>(),
    droppedOwn: 0,
    rejected: new RejectedSpans(),
  }
  let spans = 0
  for (const { encoding, body } of records) {
    spans += (encoding === 'otlp_json' ? decodeTracesJson : decodeTraces)(body, target)
  }
  return spans
}

const lengthPrefixed = (messages: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    messages.flatMap((message) => {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(message.length)
      return [header, message]
    }),
  )

describe("the Collector's framings", () => {
  it.each([
    'traces.json',
    'traces.pb',
    'traces.json.zst',
    'traces.pb.zst',
    'traces.native.json.zst',
    'traces.native.pb.zst',
  ])('%s gives its 289 spans', async (name) => {
    const source = await open([fixture(name)])
    const records = await readAll(source)
    expect(spansIn(records)).toBe(289)
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, n) => BigInt(n + 1)))
    expect(source.damaged).toEqual([])
    expect(source.bytesRead).toBe(readFileSync(fixture(name)).length)
  })

  it.each(['traces.json', 'traces.pb'])('%s compressed by hand gives the same', async (name) => {
    const path = written(`${name}.gz`, gzipSync(readFileSync(fixture(name))))
    expect(spansIn(await readAll(await open([path])))).toBe(289)
  })

  it.each([
    ['mixed.pb.zst', 11],
    ['mixed.json.zst', 11],
  ])('%s gives its spans; logs are counted', async (name, skipped) => {
    const source = await open([fixture(name)])
    expect(spansIn(await readAll(source))).toBe(289)
    expect(source.skippedSignals).toBe(skipped)
  })

  it('are recognised file by file, and all files are one log', async () => {
    const paths = ['traces.json', 'traces.pb', 'traces.native.pb.zst'].map(fixture)
    const records = await readAll(await open(paths))
    expect(spansIn(records)).toBe(3 * 289)
    expect(new Set(records.map(({ partition }) => partition))).toEqual(new Set(['files/0']))
    expect(records.at(-1)?.offset).toBe(BigInt(records.length))
  })
})

it('the same messages come out however they are framed and wherever chunks end', async () => {
  // A field longer than any file: looks neither like JSON nor like logs.
  const message = fc
    .uint8Array({ maxLength: 3_000 })
    .map((bytes) => Buffer.concat([Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0x7f), bytes]))
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 30 }), async (messages) => {
      const plain = lengthPrefixed(messages)
      const framings = [
        plain,
        gzipSync(plain),
        zstdCompressSync(plain),
        lengthPrefixed(messages.map((each) => zstdCompressSync(each))),
      ]
      const expected = messages.map((each) => createHash('sha256').update(each).digest('hex'))
      for (const [index, bytes] of framings.entries()) {
        const records = await readAll(await open([written(`framed-${index}`, bytes)]))
        const bodies = records.map(({ body }) => createHash('sha256').update(body).digest('hex'))
        expect(bodies).toEqual(expected)
      }
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

describe('as a source', () => {
  it('goes on at a position, over the border of files', async () => {
    const paths = [fixture('traces.json'), fixture('traces.pb')]
    const all = await readAll(await open(paths))
    const rest = await readAll(await open(paths, { from: 15n }))
    expect(rest).toEqual(all.slice(14))
  })

  it('tells how far it is, in bytes of the files', async () => {
    const seen: [number, number][] = []
    const paths = [fixture('traces.json'), fixture('traces.pb.zst')]
    const source = new FileSource(
      { paths, partition: 'p', maxMessageBytes: 1e6, onProgress: (...at) => seen.push(at) },
      silentLog,
    )
    await source.start()
    await readAll(source)
    const total = paths.reduce((sum, path) => sum + readFileSync(path).length, 0)
    expect(seen.at(-1)).toEqual([total, total])
    expect(seen.every(([done], n) => n === 0 || done > (seen[n - 1]?.[0] ?? 0))).toBe(true)
  })

  it('names every file that it cannot read, before it begins', async () => {
    await expect(open(['/nowhere/a', fixture('traces.pb'), directory])).rejects.toThrow(
      /\/nowhere\/a.*not a file/,
    )
  })

  it('can be stopped before the start, in the middle, and twice', async () => {
    const source = await open([fixture('traces.json')])
    await source.poll(1)
    await source.stop()
    await source.stop()
    expect(await source.poll(1)).toBeNull()
    await new FileSource({ paths: [], partition: 'p', maxMessageBytes: 1 }, silentLog).stop()
  })

  it('has nothing in an empty file', async () => {
    expect(
      await readAll(await open([written('empty', ''), written('empty.gz', gzipSync(''))])),
    ).toEqual([])
  })
})

describe('damage', () => {
  const messages = [Uint8Array.of(0x12, 1, 2), Uint8Array.of(0x12, 3, 4)]
  const noise = new Uint8Array(4_000_000).map((_, n) => Math.imul(n, 2654435761) >>> 23)
  const manyMessages = Array.from({ length: 2000 }, (_, n) =>
    noise.subarray(n * 2000, n * 2000 + 2000),
  )

  it('at the end loses what was cut and is told; the next file is read', async () => {
    const cut = written('cut.pb', lengthPrefixed(messages).subarray(0, -1))
    const source = await open([cut, fixture('traces.pb')])
    expect(spansIn((await readAll(source)).slice(1))).toBe(289)
    expect(source.damaged).toEqual([{ path: cut, damage: expect.stringContaining('stream ends') }])
  })

  it('of a compressed stream gives most of what comes before it', async () => {
    for (const compress of [gzipSync, zstdCompressSync]) {
      const whole = compress(lengthPrefixed(manyMessages))
      const path = written('cut.bin', whole.subarray(0, Math.floor(whole.length * 0.6)))
      const source = await open([path])
      const records = await readAll(source)
      expect(records.length).toBeGreaterThan(0)
      expect(records.length).toBeLessThan(2000)
      expect(source.damaged).toHaveLength(1)
    }
  })

  it('of one compressed message hands it on for the decoder to refuse', async () => {
    const good = zstdCompressSync(readFileSync(fixture('traces.pb')).subarray(4, 100))
    const bad = Buffer.from(good)
    bad.fill(0xff, 8)
    const source = await open([written('one.zst', lengthPrefixed([good, bad]))])
    const records = await readAll(source)
    expect(records).toHaveLength(2)
    expect(() => spansIn(records.slice(1))).toThrow()
  })

  it('as a bomb is held to the limit', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(50_000_000))
    const source = await open([written('bomb.zst', lengthPrefixed([bomb]))], { max: 100_000 })
    const records = await readAll(source)
    expect(records[0]?.body.length).toBe(bomb.length)
    const long = await open([written('long.jsonl', `{"a":"${'x'.repeat(200_000)}"}\n{}\n`)], {
      max: 100_000,
    })
    expect(await readAll(long)).toHaveLength(1)
    expect(long.oversized).toBe(1)
  })
})
