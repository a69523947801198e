import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS } from '../../../src/io/kafka/codecs.ts'
import { inFrames } from '../zstd-in-frames.ts'

const names = Object.keys(CODECS) as (keyof typeof CODECS)[]
const LIMIT = 1 << 20

/** What Kafka's Java client wrote, and the text it was given: see kafka/fixtures/README.md. */
const javaText = Array.from(
  { length: 6000 },
  (_, i) => `span ${Math.floor(i / 1000)} of checkout took ${i % 10} ms\n`,
).join('')
const javaBytes = new Map(
  readFileSync(new URL('../../kafka/fixtures/java-codecs.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string])
    .map(([name, base64]) => [name, Buffer.from(base64, 'base64')]),
)

describe.each(names)('the %s codec', (name) => {
  const codec = CODECS[name]

  it('gives back what it was given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
        const packed = await codec.compress(Buffer.from(bytes))
        expect(await codec.decompress(packed, LIMIT)).toEqual(Buffer.from(bytes))
      }),
      { numRuns: 50 },
    )
  })

  it("reads what Kafka's Java client writes, several blocks long", async () => {
    const packed = javaBytes.get(name)
    expect(packed).toBeDefined()
    const bytes = await codec.decompress(packed ?? Buffer.alloc(0), LIMIT)
    expect(bytes.toString()).toBe(javaText)
  })

  it('accepts what fills the limit and refuses one byte more than it takes', async () => {
    const bytes = Buffer.alloc(LIMIT, 'a')
    const packed = await codec.compress(bytes)
    expect((await codec.decompress(packed, LIMIT)).length).toBe(LIMIT)
    const bomb = await codec.compress(Buffer.alloc(LIMIT + 1, 'a'))
    await expect(codec.decompress(bomb, LIMIT)).rejects.toThrow()
  })

  it('refuses what is cut short', async () => {
    const packed = await codec.compress(Buffer.from(javaText))
    for (const length of [1, 7, 20, packed.length >> 1, packed.length - 1]) {
      await expect(codec.decompress(packed.subarray(0, length), LIMIT)).rejects.toThrow()
    }
  })

  it('ends on any bytes, with a result within the limit or an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (noise) => {
        const start = (javaBytes.get(name) ?? Buffer.alloc(0)).subarray(0, noise.length % 40)
        const bytes = Buffer.concat([start, noise])
        const result = await codec.decompress(bytes, 1000).catch(() => null)
        expect(result === null || result.length <= 1000).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('zstd', () => {
  it('reads a batch of several frames, some of them to be skipped, within the limit', async () => {
    const bytes = Buffer.from(javaText)
    const packed = inFrames(bytes)
    expect(await CODECS.zstd.decompress(packed, bytes.length)).toEqual(bytes)
    await expect(CODECS.zstd.decompress(packed, bytes.length - 1)).rejects.toThrow('more than')
  })
})

describe('snappy', () => {
  it('adds up the blocks of a framed batch against the limit', async () => {
    const block = await CODECS.snappy.compress(Buffer.alloc(600, 'a'))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    const magic = Buffer.from('82534e41505059000000000100000001', 'hex')
    const framed = Buffer.concat([magic, length, block, length, block])
    expect((await CODECS.snappy.decompress(framed, 1200)).length).toBe(1200)
    await expect(CODECS.snappy.decompress(framed, 1199)).rejects.toThrow('more than 1199')
  })
})
