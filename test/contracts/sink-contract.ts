import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Publication, Sink } from '../../src/contract/sink.ts'
import {
  anomalyPublication,
  clusterPublication,
  deadLetterPublication,
  publicationText,
} from './publications.ts'

/** The other side of a sink: one per test. */
export interface SinkBench {
  /** A sink to it, not started. */
  sink(): Sink
  /**
   * What has arrived so far, in order, each as `publicationText` has it. `atLeast`: wait a moment
   * for that many; what is safe may still be on its way to the reader.
   */
  received(atLeast: number): Promise<string[]>
  /** Makes the other side refuse from now on, and take again. */
  breakOff?(): Promise<void>
  repair?(): Promise<void>
  close(): Promise<void>
}

/** One line of the table of sinks. */
export interface SinkCase {
  readonly name: string
  /** null: not to be had here; the line is skipped, and says so itself. */
  readonly open: (() => Promise<SinkBench>) | null
}

/** The cases that every sink must pass. */
export function describeSink(line: SinkCase): void {
  const { open } = line
  describe.skipIf(open === null)(`the sink contract, kept by ${line.name}`, () => {
    let bench: SinkBench
    let started: Sink[] = []

    beforeEach(async () => {
      if (open === null) throw new Error('skipped')
      bench = await open()
      started = []
    })
    afterEach(async () => {
      await Promise.all(started.map((sink) => sink.stop()))
      await bench.close()
    })

    async function start(): Promise<Sink> {
      const sink = bench.sink()
      started.push(sink)
      await sink.start()
      return sink
    }

    it('stops safely before its start, and twice', async () => {
      const idle = bench.sink()
      await idle.stop()
      await idle.stop()
      const sink = await start()
      await Promise.all([sink.stop(), sink.stop()])
      await sink.stop()
    })

    it('takes something, and only kinds that there are', () => {
      const { takes } = bench.sink()
      expect(takes.size).toBeGreaterThan(0)
      const kinds: readonly string[] = ['anomaly', 'anomaly_cluster', 'new_error', 'dead_letter']
      for (const kind of takes) expect(kinds).toContain(kind)
    })

    it('has everything at the other side, in order, once publish resolves', async () => {
      const sink = await start()
      const [first, second] = [given(sink, 'a'), given(sink, 'b')]
      await sink.publish(first)
      await sink.publish(second)
      const all = [...first, ...second].map(publicationText)
      expect(await bench.received(all.length)).toEqual(all)
    })

    it('makes nothing of an empty batch', async () => {
      const sink = await start()
      await sink.publish([])
      const batch = given(sink, 'a')
      await sink.publish(batch)
      expect(await bench.received(batch.length)).toEqual(batch.map(publicationText))
    })

    it('loses nothing that was published before it stops', async () => {
      const sink = await start()
      const batch = [...given(sink, 'a'), ...given(sink, 'b'), ...given(sink, 'c')]
      await sink.publish(batch)
      await sink.stop()
      expect(await bench.received(batch.length)).toEqual(batch.map(publicationText))
    })

    it('rejects what it cannot deliver, before its start and after its stop', async () => {
      const idle = bench.sink()
      await expect(idle.publish(given(idle, 'a'))).rejects.toThrow()
      const sink = await start()
      await sink.stop()
      await expect(sink.publish(given(sink, 'a'))).rejects.toThrow()
    })

    it('rejects while the other side refuses, and delivers the same batch when it is back', async () => {
      const { breakOff, repair } = bench
      if (breakOff === undefined || repair === undefined) return
      const sink = await start()
      const batch = given(sink, 'a')
      await breakOff()
      await expect(sink.publish(batch)).rejects.toThrow()
      await repair()
      await untilPublished(sink, batch)
      const seen = new Set(await bench.received(batch.length))
      expect(seen).toEqual(new Set(batch.map(publicationText)))
    })
  })
}

/** One publication of each kind that the sink takes. */
function given(sink: Sink, id: string): Publication[] {
  const all = [
    anomalyPublication(id, `place ${id}`),
    clusterPublication(`place ${id}`),
    deadLetterPublication(BigInt(id.charCodeAt(0)), new TextEncoder().encode(`dead ${id}`)),
  ]
  return all.filter(({ type }) => sink.takes.has(type))
}

/** As the pipeline: the same batch again until it is through. */
async function untilPublished(sink: Sink, batch: readonly Publication[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sink.publish(batch)
      return
    } catch (error) {
      if (attempt === 10) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
