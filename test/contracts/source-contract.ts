import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { Source } from '../../src/contract/source.ts'

/** An ordered log that sources of one kind can be made over: one per test. */
export interface SourceBench {
  /** Another instance over the same log, not started: what a process has after a restart. */
  source(): Source
  /**
   * Appends to partition `partition` of the log, in order. Resolves when all of it is in the log or
   * accepted; a sender that is refused tries again.
   */
  append(partition: number, bodies: readonly Uint8Array[]): Promise<void>
  /** What the source calls that partition. */
  partitionName(partition: number): string
  /** Records fetched and not polled yet, and the limit that they may not pass; where it can be seen. */
  held?(source: Source): { readonly records: number; readonly limit: number }
  /** Makes a started source lose partitions, and resolves once it has. */
  takeAway?(source: Source): Promise<void>
  close(): Promise<void>
}

/** One line of the table of sources. */
export interface SourceCase {
  readonly name: string
  /** null: not to be had here; the line is skipped, and says so itself. */
  readonly open: (() => Promise<SourceBench>) | null
  readonly partitions: number
  /** Commits outlive the process. */
  readonly isDurable: boolean
  readonly isSeekable: boolean
  /** It has an end, where `poll` gives null (a file); `append` then comes before `start`. */
  readonly hasEnd: boolean
}

const POLLS_MS_MAX = 20_000

/** The cases that every source must pass. */
export function describeSource(line: SourceCase): void {
  const { open } = line
  describe.skipIf(open === null)(`the source contract, kept by ${line.name}`, () => {
    let bench: SourceBench
    let started: Source[] = []

    beforeEach(async () => {
      if (open === null) throw new Error('skipped')
      bench = await open()
      started = []
    })
    afterEach(async () => {
      await Promise.all(started.map((source) => source.stop()))
      await bench.close()
    })

    async function start(seekTo?: ReadonlyMap<string, bigint>): Promise<Source> {
      const source = bench.source()
      started.push(source)
      if (seekTo) await source.seek(seekTo)
      await source.start()
      return source
    }

    it('stops safely before its start, and twice', async () => {
      const idle = bench.source()
      await idle.stop()
      await idle.stop()
      const source = await start()
      await Promise.all([source.stop(), source.stop()])
      await source.stop()
      expect(await source.poll(10, 10)).toBeNull()
    })

    it('gives every record as it is in the log, positions rising in each partition', async () => {
      for (let p = 0; p < line.partitions; p++) await bench.append(p, bodies(`p${p} `, 30))
      const source = await start()
      const records = await pollAll(source, 30 * line.partitions)
      for (let p = 0; p < line.partitions; p++) {
        const ours = records.filter(({ partition }) => partition === bench.partitionName(p))
        expect(ours.map(textOf)).toEqual(bodies(`p${p} `, 30).map(textOfBody))
        expect(risesStrictly(ours)).toBe(true)
      }
    })

    it('never gives more records than it is asked for', async () => {
      await bench.append(0, bodies('m', 25))
      const source = await start()
      const seen: string[] = []
      const deadline = Date.now() + POLLS_MS_MAX
      while (seen.length < 25 && Date.now() < deadline) {
        const batch = await source.poll(4, 50)
        if (batch === null) break
        expect(batch.records.length).toBeLessThanOrEqual(4)
        seen.push(...batch.records.map(textOf))
      }
      expect(seen).toEqual(bodies('m', 25).map(textOfBody))
    })

    it.skipIf(line.hasEnd)('gives nothing, and not the end, while there is nothing', async () => {
      const source = await start()
      const first = await source.poll(10, 20)
      expect(first).toEqual({ records: [], revoked: [] })
      await bench.append(0, bodies('late', 1))
      expect((await pollAll(source, 1)).map(textOf)).toEqual(['late0'])
    })

    it.runIf(line.hasEnd)('gives null at its end, and again', async () => {
      await bench.append(0, bodies('m', 3))
      const source = await start()
      await pollAll(source, 3)
      expect((await source.poll(10, 20))?.records ?? []).toEqual([])
      expect(await source.poll(10, 20)).toBeNull()
      expect(await source.poll(10, 20)).toBeNull()
    })

    it('holds no more than its limit when nobody polls, and loses nothing by it', async () => {
      const { held } = bench
      if (held === undefined) return
      const source = await start()
      const { limit } = held(source)
      const sent = bodies('m', limit * 8)
      const appending = bench.append(0, sent)
      await expect.poll(() => held(source).records, { timeout: POLLS_MS_MAX }).toBeGreaterThan(0)
      // Time to take more, if it would.
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(held(source).records).toBeLessThanOrEqual(limit)
      const records = await pollAll(source, sent.length)
      await appending
      expect(records.map(textOf)).toEqual(sent.map(textOfBody))
    })

    it.runIf(line.isDurable)(
      'gives again after a restart what is not committed, no more and no less',
      async () => {
        const sent = bodies('m', 40)
        await bench.append(0, sent)
        const name = bench.partitionName(0)
        let committed = 0
        for (const [polled, kept] of [
          [40, 12],
          [5, 0],
          [20, 20],
        ] as const) {
          const source = await start()
          const records = await pollAll(source, polled)
          expect(records.slice(0, polled).map(textOf)).toEqual(
            sent.slice(committed, committed + polled).map(textOfBody),
          )
          const next = records[kept - 1]
          if (next !== undefined) await source.commit(new Map([[name, next.offset + 1n]]))
          committed += kept
          await source.stop()
        }
        expect(committed).toBe(32)
        expect((await pollAll(await start(), 8)).map(textOf)).toEqual(
          sent.slice(32).map(textOfBody),
        )
      },
    )

    it.runIf(line.isSeekable)('begins where a checkpoint stood', async () => {
      await bench.append(0, bodies('m', 10))
      const first = await start()
      const records = await pollAll(first, 10)
      await first.stop()
      const at = records[6]?.offset ?? -1n
      const again = await pollAll(await start(new Map([[bench.partitionName(0), at]])), 4)
      expect(again.map(textOf)).toEqual(['m6', 'm7', 'm8', 'm9'])
      expect(again[0]?.offset).toBe(at)
    })

    it('ignores the commit of a partition that it does not have', async () => {
      await bench.append(0, bodies('m', 3))
      const source = await start()
      await source.commit(new Map([['nowhere/9', 5n]]))
      expect((await pollAll(source, 3)).length).toBe(3)
      await source.commit(new Map([['nowhere/9', 5n]]))
    })

    it('has no lag behind a log that is polled to its end', async () => {
      await bench.append(0, bodies('m', 5))
      const source = await start()
      await pollAll(source, 5)
      for (const { records } of source.lag().values()) expect(records).toBe(0)
    })

    it('reports the partitions that are taken away, once, and takes their late commits', async () => {
      const { takeAway } = bench
      if (takeAway === undefined) return
      for (let p = 0; p < line.partitions; p++) await bench.append(p, bodies(`p${p} `, 3))
      const source = await start()
      const records = await pollAll(source, 3 * line.partitions)
      await takeAway(source)
      const revoked: string[] = []
      const deadline = Date.now() + POLLS_MS_MAX
      while (revoked.length === 0 && Date.now() < deadline) {
        revoked.push(...((await source.poll(10, 50))?.revoked ?? []))
      }
      revoked.push(...((await source.poll(10, 50))?.revoked ?? []))
      expect(revoked.length).toBeGreaterThan(0)
      expect(new Set(revoked).size).toBe(revoked.length)
      const names = new Set(records.map(({ partition }) => partition))
      for (const name of revoked) expect(names).toContain(name)
      await source.commit(new Map(revoked.map((name) => [name, 1n])))
    })
  })
}

/** Polls until there are `count` records, the source ends, or 20 s are over. */
async function pollAll(source: Source, count: number): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const deadline = Date.now() + POLLS_MS_MAX
  while (records.length < count && Date.now() < deadline) {
    const batch = await source.poll(count, 50)
    if (batch === null) break
    records.push(...batch.records)
  }
  return records
}

/** OTLP traces as JSON, which every source carries, with a number in them. */
function bodies(prefix: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    new TextEncoder().encode(`{"resourceSpans":[],"n":"${prefix}${i}"}`),
  )
}

function textOfBody(body: Uint8Array): string {
  return (JSON.parse(new TextDecoder().decode(body)) as { n: string }).n
}

function textOf({ body }: LogRecord): string {
  return textOfBody(body)
}

function risesStrictly(records: readonly LogRecord[]): boolean {
  return records.every(({ offset }, i) => i === 0 || offset > (records[i - 1]?.offset ?? offset))
}
