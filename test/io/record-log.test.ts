import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { LogUnwritable, RecordLog } from '../../src/io/record-log.ts'

const made: string[] = []
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function newDirectory(): string {
  made.push(mkdtempSync(join(tmpdir(), 'medoscope-record-log-')))
  return made.at(-1) ?? ''
}

async function opened(directory: string, maxBytes = 1_000_000): Promise<RecordLog> {
  const log = new RecordLog({ directory, partition: 'p/0', maxBytes })
  await log.open()
  return log
}

const body = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = ({ body: bytes }: { body: Uint8Array }): string => new TextDecoder().decode(bytes)
const append = (log: RecordLog, text: string): Promise<bigint> =>
  log.append({ encoding: 'otlp_json', signal: 'logs', body: body(text), receivedMs: 7 })

async function texts(log: RecordLog): Promise<string[]> {
  return (await log.read(1e6, 0)).map(textOf)
}

const files = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .sort()

describe('a record log', () => {
  it('gives back what was appended, as it was and in order', async () => {
    const log = await opened(newDirectory())
    expect(await Promise.all(['a', '', 'c'].map((text) => append(log, text)))).toEqual([1n, 2n, 3n])
    expect(log.unread).toEqual({ records: 3, bytes: 2 })
    expect(await log.read(2, 0)).toMatchObject([
      { partition: 'p/0', offset: 1n, encoding: 'otlp_json', timestampMs: 7, keyed: false },
      { offset: 2n },
    ])
    expect(await texts(log)).toEqual(['c'])
    expect(await texts(log)).toEqual([])
    await log.close()
  })

  it('has all that was acknowledged and not committed after any restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(fc.string({ maxLength: 200 }), fc.constant('restart' as const), fc.nat(5)),
          { maxLength: 30 },
        ),
        async (actions) => {
          const directory = newDirectory()
          let log = await opened(directory, 2_000)
          const kept: string[] = []
          let committed = 0
          for (const action of actions) {
            if (typeof action === 'number') {
              committed = Math.min(kept.length, committed + action)
              await log.commit(BigInt(committed) + 1n)
            } else if (action === 'restart') {
              // Not closed: as after a kill, but for what the system still holds open.
              log = await opened(directory, 2_000)
              expect(await texts(log)).toEqual(kept.slice(committed))
            } else if (log.hasRoom(action.length * 3)) {
              expect(await append(log, action)).toBe(BigInt(kept.length) + 1n)
              kept.push(action)
            }
          }
          const last = await opened(directory, 2_000)
          expect(await texts(last)).toEqual(
            kept.slice(committed).map((text) => textOf({ body: body(text) })),
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  it('ends with its last whole record where a crash cut it, and goes on there', async () => {
    const directory = newDirectory()
    const log = await opened(directory)
    for (const text of ['one', 'two', 'three']) await append(log, text)
    await log.close()
    const [file = ''] = files(directory)
    const path = join(directory, file)
    const whole = readFileSync(path)
    for (let length = whole.length - 1; length >= 0; length -= 3) {
      for (const other of files(directory)) rmSync(join(directory, other))
      writeFileSync(path, whole.subarray(0, length))
      const again = await opened(directory)
      const left = await texts(again)
      expect(left).toEqual(['one', 'two', 'three'].slice(0, left.length))
      expect(await append(again, 'next')).toBe(BigInt(left.length) + 1n)
      expect(await texts(again)).toEqual(['next'])
      await again.close()
    }
    appendFileSync(path, 'noise that is no record')
    expect((await texts(await opened(directory))).at(-1)).toBe('next')
  })

  it('deletes what is committed, and only that', async () => {
    const directory = newDirectory()
    const log = await opened(directory, 4_000)
    for (let i = 0; i < 30; i++) await append(log, String(i).padStart(100, 'x'))
    expect(files(directory).length).toBeGreaterThan(2)
    expect(log.hasRoom(1_000)).toBe(false)
    expect((await log.read(100, 0)).length).toBe(30)
    await log.commit(16n)
    expect(log.hasRoom(1_000)).toBe(true)
    await log.close()
    const again = await opened(directory, 4_000)
    expect((await again.read(1, 0))[0]?.offset).toBe(16n)
    await again.commit(31n)
    expect(again.bytes).toBeLessThan(2_000)
    expect(await append(again, 'next')).toBe(31n)
    expect(await texts(again)).toContain('next')
    await again.close()
    expect((await (await opened(directory, 4_000)).read(9, 0)).map(({ offset }) => offset)).toEqual(
      [31n],
    )
  })

  it('goes on from a checkpoint, and gives no offset below it again', async () => {
    const directory = newDirectory()
    const log = await opened(directory)
    for (const text of ['a', 'b', 'c']) await append(log, text)
    log.seek(3n)
    expect(await texts(log)).toEqual(['c'])
    log.seek(2n)
    expect(await texts(log)).toEqual(['b', 'c'])
    log.seek(40n)
    expect(await append(log, 'd')).toBe(40n)
    expect(await texts(log)).toEqual(['d'])
    expect(log.lost).toBe(0)
    await log.close()
  })

  it('passes over what is damaged and counts it', async () => {
    const directory = newDirectory()
    const log = await opened(directory, 4_000)
    for (let i = 0; i < 30; i++) await append(log, String(i).padStart(100, 'x'))
    await log.close()
    const first = join(directory, files(directory)[0] ?? '')
    const bytes = readFileSync(first)
    bytes[200] = (bytes[200] ?? 0) ^ 1
    writeFileSync(first, bytes)
    const again = await opened(directory, 4_000)
    const records = await again.read(100, 0)
    expect(records.length + again.lost).toBe(30)
    expect(again.lost).toBeGreaterThan(0)
    expect(records.at(-1)?.offset).toBe(30n)
  })

  it('takes nothing, and keeps nothing of it, where the disk refuses', async () => {
    const directory = newDirectory()
    const log = await opened(directory)
    rmSync(directory, { recursive: true })
    await expect(append(log, 'a')).rejects.toThrow(LogUnwritable)
    await log.close()
    await expect(append(log, 'b')).rejects.toThrow(LogUnwritable)
  })

  it('flushes once for all that come together', async () => {
    const log = await opened(newDirectory(), 100_000_000)
    const begun = performance.now()
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => append(log, `record ${i}`)))
    // 2,000 flushes would take seconds on any disk that keeps its word.
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect((await texts(log)).length).toBe(2_000)
    await log.close()
  })
})
