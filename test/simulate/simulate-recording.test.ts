import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type RecordingOptions,
  type RecordingSummary,
  writeRecording,
} from '../simulate-recording.ts'
import { START_MS } from './collected-traces.ts'

const SCORER = fileURLToPath(new URL('../../../shared/tools/score-clusters.mjs', import.meta.url))
const OPTIONS: RecordingOptions = {
  seed: 3,
  startMs: START_MS,
  warmupMs: 90_000,
  durationMs: 450_000,
  tracesPerSecond: 10,
  faults: [
    { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 150_000, toMs: 180_000 },
    { kind: 'throttled', service: 'cart', strength: 'weak', fromMs: 190_000, toMs: 200_000 },
  ],
}

interface Label {
  id: string
  time: number
  label: number
  window: number
}

let dir = ''
let summary: RecordingSummary
const text = (name: string): string => readFileSync(join(dir, name), 'utf8')
const labels = (): Label[] =>
  text('labels.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

function traceTimes(name: string): Map<string, [start: number, end: number]> {
  const times = new Map<string, [number, number]>()
  const lines = gunzipSync(readFileSync(join(dir, name)))
    .toString()
    .trimEnd()
    .split('\n')
  for (const { resourceSpans } of lines.map((line) => JSON.parse(line))) {
    for (const { resource, scopeSpans } of resourceSpans) {
      if (resource.attributes[0]?.key !== 'service.name') throw new Error('no service.name')
      for (const span of scopeSpans[0].spans) {
        const start = Number(span.startTimeUnixNano) / 1e6
        const end = Number(span.endTimeUnixNano) / 1e6
        const [first, last] = times.get(span.traceId) ?? [start, end]
        times.set(span.traceId, [Math.min(first, start), Math.max(last, end)])
      }
    }
  }
  return times
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'medoscope-recording-'))
  summary = await writeRecording(dir, OPTIONS)
})

afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

describe('a simulated recording', () => {
  it('has a warm-up that ends a minute before the test begins, and no trace in both', () => {
    const warmup = traceTimes('warmup.jsonl.gz')
    const test = traceTimes('test.jsonl.gz')
    expect(warmup.size).toBe(summary.warmupTraces)
    expect(test.size).toBe(summary.testTraces)
    expect(warmup.size).toBeGreaterThan(100)
    expect(test.size).toBeGreaterThan(2500)
    expect([...warmup.keys()].filter((id) => test.has(id))).toEqual([])
    const warmupEnd = Math.max(...[...warmup.values()].map(([, end]) => end))
    const testStart = Math.min(...[...test.values()].map(([start]) => start))
    expect(testStart).toBeGreaterThanOrEqual(START_MS + OPTIONS.warmupMs - 4)
    expect(testStart - warmupEnd).toBeGreaterThan(50_000)
  })

  it('labels every test trace once, by its end, as the scorer reads it', () => {
    const test = traceTimes('test.jsonl.gz')
    const rows = labels()
    expect(rows.map(({ id }) => id).sort()).toEqual([...test.keys()].sort())
    const wrong = rows.filter(({ id, time, label, window }, i) => {
      const end = test.get(id)?.[1] ?? 0
      const before = rows[i - 1]?.time ?? 0
      const misplaced = Math.abs(time * 1000 - end) > 0.01 || time < before
      return misplaced || (label === 0 && window !== -1) || (label === 1 && window < 0)
    })
    expect(wrong).toEqual([])
    const count = (value: number): number => rows.filter(({ label }) => label === value).length
    expect(count(1)).toBeGreaterThan(20)
    expect(count(0)).toBeGreaterThan(1500)
    expect(count(-1)).toBeGreaterThan(500)
  })

  it('describes the windows in seconds, weak ones as not visible', () => {
    const start = START_MS / 1000
    expect(JSON.parse(text('windows.json'))).toEqual({
      grace: 180,
      windows: [
        { start: start + 150, end: start + 180, service: 'payment', type: 'errors', visible: true },
        {
          start: start + 190,
          end: start + 200,
          service: 'cart',
          type: 'throttled',
          visible: false,
        },
      ],
    })
  })

  it('is the same for the same options', async () => {
    const again = mkdtempSync(join(tmpdir(), 'medoscope-recording-'))
    await writeRecording(again, OPTIONS)
    for (const name of ['warmup.jsonl.gz', 'test.jsonl.gz', 'labels.jsonl', 'windows.json']) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(dir, name))), name).toBe(true)
    }
    rmSync(again, { recursive: true, force: true })
  })

  it('refuses a fault in the warm-up', async () => {
    const faults = [
      { kind: 'errors', service: 'cart', strength: 'weak', fromMs: 5, toMs: 9 },
    ] as const
    await expect(writeRecording(dir, { ...OPTIONS, faults })).rejects.toThrow(/cart.*warm-up/)
  })

  const scorer = existsSync(SCORER)
  if (!scorer) console.warn(`Skipped: no scorer at ${SCORER}`)
  it.skipIf(!scorer)('is understood by the scorer of real recordings', () => {
    const opened = START_MS / 1000 + 160
    const row = { id: 'a', opened, first: opened, last: opened, services: ['payment'], e_value: 9 }
    writeFileSync(join(dir, 'clusters.jsonl'), `${JSON.stringify(row)}\n`)
    const file = (name: string): string => join(dir, name)
    const args = ['--windows', file('windows.json'), '--clusters', file('clusters.jsonl')]
    const more = ['--labels', file('labels.jsonl'), '--json']
    const score = JSON.parse(execFileSync(process.execPath, [SCORER, ...args, ...more]).toString())
    expect(score.visible).toMatchObject({ windows: 1, found: 1, at1: 1 })
    expect(score.false).toBe(0)
    expect(score.quietHours).toBeGreaterThan(0)
  })
})
