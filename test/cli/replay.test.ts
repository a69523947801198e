import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Progress } from '../../src/cli/progress.ts'
import { main } from '../../src/main.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpJson } from '../../src/simulate/simulated-record.ts'
import { FakeWorld } from '../fakes/world.ts'

// Several replays of a minute of traffic, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 })

const directory = mkdtempSync(join(tmpdir(), 'medoscope-replay-'))
afterAll(() => rmSync(directory, { recursive: true }))

const at = (name: string): string => join(directory, name)
const SMALL = ['--set', 'model.min_calibration=60', '--set', 'model.min_observations=8']
const START_MS = Date.UTC(2026, 0, 5, 9)

function record(name: string, startMs: number, seconds: number): void {
  const options = {
    seed: 5,
    startMs,
    durationMs: seconds * 1000,
    tracesPerSecond: 12,
    recordSpans: 2000,
  }
  const lines = [...simulate(options)].map((each) => Buffer.from(toOtlpJson(each)).toString())
  writeFileSync(at(name), gzipSync(`${lines.join('\n')}\n`))
}

beforeAll(() => {
  record('warmup.jsonl.gz', START_MS, 40)
  record('test.jsonl.gz', START_MS + 100_000, 20)
})

async function replay(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const world = new FakeWorld()
  const code = await main(['replay', ...SMALL, ...args], world)
  return { code, out: world.out, err: world.err }
}

const BOTH = (): string[] => [at('test.jsonl.gz'), '--warmup', at('warmup.jsonl.gz')]

describe('a replay', () => {
  it('writes one line a trace and tells a summary', async () => {
    const out = at('verdicts.jsonl')
    const { code, out: printed, err } = await replay(...BOTH(), '--out', out, '--json')
    expect([code, err]).toEqual([0, ''])
    const verdicts = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const summary = JSON.parse(printed)
    expect(summary).toMatchObject({
      observations: verdicts.length,
      flagged: verdicts.filter(({ anomalous }) => anomalous).length,
      state: 'live',
      undecodable: 0,
      damaged: [],
    })
    expect(verdicts.length).toBeGreaterThan(150)
    for (const verdict of verdicts) {
      expect(Object.keys(verdict)).toEqual([
        'id',
        'time',
        'kind',
        'stratum',
        'score',
        'p',
        'anomalous',
        'cluster',
        'reason',
        'services',
        'contributions',
        'model',
      ])
      expect(verdict.time).toMatch(/^2026-01-05T09:\d\d:\d\d\.\d\d\dZ$/)
    }
    const judged = verdicts.filter(({ score }) => score !== null)
    expect(judged.length).toBeGreaterThan(50)
    // Every score is the sum of its named contributions, flagged or not.
    for (const { score, contributions } of judged) {
      const sum = contributions.reduce(
        (total: number, each: { contribution: number }) => total + each.contribution,
        0,
      )
      expect(Math.abs(sum - score)).toBeLessThan(1e-9)
    }
  })

  it('gives the same bytes each time, however the input is cut', async () => {
    const bytes: string[] = []
    for (const cut of [
      ['--set', 'pipeline.batch_records=1'],
      ['--set', 'pipeline.batch_records=1000'],
    ]) {
      const files = [at('same-verdicts.jsonl'), at('same-clusters.jsonl')]
      await replay(...BOTH(), ...cut, '--out', files[0] ?? '', '--clusters', files[1] ?? '')
      bytes.push(files.map((file) => readFileSync(file, 'utf8')).join('\n---\n'))
    }
    expect(bytes[0]).toBe(bytes[1])
  })

  it('is another with another seed', async () => {
    const first = await replay(...BOTH(), '--json', '--seed', '1')
    const second = await replay(...BOTH(), '--json', '--set', 'seed=2')
    expect(JSON.parse(first.out).model).not.toBe(JSON.parse(second.out).model)
  })

  it('writes to standard output and the summary beside it', async () => {
    const { out, err } = await replay(...BOTH(), '--out', '-')
    expect(() =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).not.toThrow()
    expect(err).toContain('traces judged')
  })

  it('says how much it lacks when it is still learning', async () => {
    const { out } = await replay(at('test.jsonl.gz'), '--set', 'model.min_calibration=5000')
    expect(out).toContain('of 5000 calibration traces. Give more with --warmup')
  })

  it('is a failure when a file is damaged, and judges what came before', async () => {
    const whole = readFileSync(at('test.jsonl.gz'))
    writeFileSync(at('cut.jsonl.gz'), whole.subarray(0, whole.length * 0.8))
    const { code, out } = await replay(at('cut.jsonl.gz'), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out).damaged).toMatchObject([{ path: at('cut.jsonl.gz') }])
    expect(JSON.parse(out).spans).toBeGreaterThan(0)
  })

  it('ends when interrupted, with 130', async () => {
    const world = new FakeWorld()
    const running = main(['replay', at('test.jsonl.gz'), ...SMALL], world)
    world.abort.abort('SIGINT')
    expect(await running).toBe(130)
  })

  it('fails when its output cannot be written', async () => {
    const { code, err } = await replay(at('test.jsonl.gz'), '--out', '/nowhere/verdicts.jsonl')
    expect(code).toBe(1)
    expect(err).toContain('/nowhere/verdicts.jsonl')
  })
})

describe('progress', () => {
  it('is one changing line on a terminal, a line per ten seconds elsewhere', () => {
    for (const [isTTY, everyMs, expected] of [
      [true, 200, '\r\u001b[K2\r\u001b[K3\r\u001b[K'],
      [false, 10_000, '2\n3\n'],
    ] as const) {
      const world = new FakeWorld({}, isTTY)
      let now = 0
      const progress = new Progress(world.stderr, () => now)
      for (const n of [1, 2, 3]) {
        progress.update(() => String(n))
        now += everyMs
      }
      progress.end()
      expect(world.err).toBe(expected)
    }
  })
})
