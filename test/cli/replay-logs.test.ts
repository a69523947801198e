import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { blockBodies, blockSessions } from '../detector/block-logs.ts'
import { FakeWorld } from '../fakes/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-replay-logs-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A file of length-prefixed messages, as a Collector's file exporter writes it. */
function file(name: string, bodies: readonly Uint8Array[]): string {
  const path = join(directory, name)
  const parts = bodies.flatMap((body) => {
    const header = Buffer.alloc(4)
    header.writeUInt32BE(body.length)
    return [header, body]
  })
  writeFileSync(path, Buffer.concat(parts))
  return path
}

const HOUR = 3_600_000
const START_MS = 1_795_914_000_000
const warmup = file('warmup.pb', blockBodies(blockSessions(400, 1, 0)))
const sessions = blockSessions(200, 2, 0.05, START_MS + HOUR)
const recorded = file('test.pb', blockBodies(sessions))

async function replay(...args: string[]): Promise<{ code: number; out: string }> {
  const world = new FakeWorld()
  const code = await main(['replay', recorded, '--warmup', warmup, ...args], world)
  return { code, out: world.out }
}

const KEYS = ['--set', 'logs.session.keys=/(blk_-?\\d+)/', '--set', 'alpha=0.02']

describe('medoscope replay of logs', () => {
  it('judges sessions, each with a verdict of its kind', async () => {
    const out = join(directory, 'verdicts.jsonl')
    const { code, out: summary } = await replay(...KEYS, '--out', out, '--json')
    expect(code).toBe(0)
    const lines = readFileSync(out, 'utf8').trim().split('\n')
    const verdicts = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(verdicts).toHaveLength(sessions.length)
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(['session']))
    expect(JSON.parse(summary)).toMatchObject({ observations: 200, spans: 0, state: 'live' })
    expect(verdicts.filter(({ anomalous }) => anomalous).length).toBeGreaterThan(2)
  })

  it('says what it judged', async () => {
    const { out } = await replay(...KEYS)
    expect(out).toMatch(/^200 sessions judged/)
    expect(out).toMatch(/0 spans and [\d,.' ]+ log records/)
  })

  it('passes over logs where nothing says how they belong together', async () => {
    const { out } = await replay('--json', '--set', 'logs.traces.join=false')
    expect(JSON.parse(out)).toMatchObject({ observations: 0, log_records: 0 })
  })

  it("finds the traces of records in a Collector's file of both signals", async () => {
    const mixed = join(import.meta.dirname, '../fixtures/collector/mixed.json.zst')
    const world = new FakeWorld()
    expect(await main(['replay', mixed, '--json'], world)).toBe(0)
    expect(JSON.parse(world.out)).toMatchObject({
      ...{ observations: 43, sessions: 0, log_records: 96, traced_logs: 92, joined_logs: 92 },
    })
  })

  it.each(['mixed.pb.zst', 'mixed.json.zst'])(
    'of %s, read for its spans alone, says that it left logs unread, with exit 1',
    async (name) => {
      const mixed = join(import.meta.dirname, '../fixtures/collector', name)
      const world = new FakeWorld()
      const args = ['replay', mixed, '--set', 'logs.traces.join=false']
      expect(await main([...args, '--json'], world)).toBe(1)
      const { spans, other_signals, unread } = JSON.parse(world.out)
      expect([spans, other_signals, unread.length]).toEqual([289, 11, 1])
      const place = /mixed\.\S+: message \d+: it holds logs, which .*logs\.traces\.join lets judge/
      expect(unread[0]).toMatch(place)
      const people = new FakeWorld()
      expect(await main(args, people)).toBe(1)
      expect(people.out).toContain('11 messages hold signals that are not read')
      expect(people.out).toMatch(place)
    },
  )

  it('passes over metrics and plain logs beside what is judged, and says so, with exit 1', async () => {
    const spans = join(import.meta.dirname, '../fixtures/collector/traces.json')
    const metrics = join(directory, 'metrics.jsonl')
    writeFileSync(metrics, '{"resourceMetrics":[]}\n{"resourceMetrics":[]}\n')
    const lines = join(directory, 'plain.log')
    writeFileSync(lines, 'it began\nit ended\nError: no route to host\n')
    for (const [file, count, what] of [
      [metrics, 2, 'it holds metrics or profiles'],
      [lines, 3, 'it holds logs'],
    ] as const) {
      const world = new FakeWorld()
      expect(await main(['replay', spans, file, '--json'], world)).toBe(1)
      const { other_signals, unread } = JSON.parse(world.out)
      expect(other_signals).toBe(count)
      expect(unread).toEqual([expect.stringContaining(`${file}: message 1: ${what}`)])
    }
  })

  it('says where no record finds its trace', async () => {
    const logs = join(import.meta.dirname, '../fixtures/collector/logs.json')
    const world = new FakeWorld()
    await main(['replay', logs], world)
    expect(world.out).toContain('No log record found the trace that it names')
  })
})
