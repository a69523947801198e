import { serialize } from 'node:v8'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { stranger } from './limits/stranger.ts'

/** In a process of its own: prints the curve of its memory, MB, and of its checkpoint. */
const MINUTES = 40
const RATE = 20
const SHOPS = 16
const STRANGER_EVERY = 4
const MB = 1024 * 1024

const detector = new Detector(detectorSettings())
const random = new SeededRandom(11)
const encoder = new TextEncoder()
const rss: number[] = []
const checkpoint: number[] = []
const startMs = Date.UTC(2026, 10, 25)
let offset = 0n

function take(body: Uint8Array<ArrayBuffer>, timestampMs: number, isJson: boolean): void {
  const encoding = isJson ? 'otlp_json' : 'otlp_proto'
  const partition = 'otlp_spans/0'
  const record: LogRecord = { partition, offset, encoding, body, timestampMs, keyed: true }
  offset++
  runThrough(detector, [record], emptyOutput())
}

const shops = { seed: 3, startMs, durationMs: MINUTES * 60_000, tracesPerSecond: RATE }
for (const record of simulate({ ...shops, scale: SHOPS })) {
  take(toOtlpProto(record), record.timeMs, false)
  if (offset % BigInt(STRANGER_EVERY) === 0n) {
    take(
      encoder.encode(JSON.stringify(stranger(random, record.timeMs - 1, 2))),
      record.timeMs,
      true,
    )
  }
  if (record.timeMs < startMs + (rss.length + 1) * 120_000) continue
  checkpoint.push(serialize(detector.snapshot()).length / MB)
  rss.push(process.memoryUsage().rss / MB)
  // Lets the collector of garbage see what is unreachable by now.
  await new Promise((resolve) => setImmediate(resolve))
}
const { strata, coverage } = detector.status()
console.log(JSON.stringify({ rss, checkpoint, strata: strata.length, room: coverage.room }))
