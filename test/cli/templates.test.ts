import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { FakeWorld } from '../fakes/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-templates-'))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const world = new FakeWorld()
  const code = await main(['templates', ...args], world)
  return { code, out: world.out, err: world.err }
}

interface Shown {
  lines: number
  unread: string[]
  services: { service: string; warning: string; templates: Record<string, unknown>[] }[]
}

async function json(...args: string[]): Promise<Shown> {
  const { out } = await cli('--json', ...args)
  return JSON.parse(out) as Shown
}

const LINES = [
  '2026-11-29T01:02:03.000Z INFO card of alice@example.com declined after 12 ms',
  '2026-11-29T01:02:04.000Z INFO card of bob@example.com declined after 7 ms',
  '2026-11-29T01:02:05.500Z WARN cart emptied',
].join('\n')

describe('medoscope templates', () => {
  it('lists templates with counts, shares, times and a masked example', async () => {
    const { code, out, err } = await cli(file('a.log', `${LINES}\n`))
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('2 templates of 3 lines')
    expect(out).toMatch(
      /2 +66\.67 % +2026-11-29T01:02:03\.000Z +2026-11-29T01:02:04\.000Z +INFO card of <\*> declined after <\*> ms/,
    )
    expect(out).toContain('e.g.  INFO card of {email} declined after')
    expect(out).not.toMatch(/alice|bob/)
  })

  it('gives all of it as JSON', async () => {
    const { lines, services, unread } = await json(file('b.log', LINES))
    expect([lines, unread]).toEqual([3, []])
    expect(services[0]?.templates[1]).toMatchObject({
      template: 'WARN cart emptied',
      count: 1,
      share: 1 / 3,
      first_seen: '2026-11-29T01:02:05.500Z',
      last_seen: '2026-11-29T01:02:05.500Z',
    })
  })

  it('reads compressed files all the same', async () => {
    const plain = await json(file('c.log', LINES))
    expect(await json(file('c.log.gz', gzipSync(LINES)))).toEqual(plain)
    expect(await json(file('c.log.zst', zstdCompressSync(LINES)))).toEqual(plain)
  })

  it('numbers lines where they have no times', async () => {
    const { services } = await json(file('d.log', 'up\ngone\nup\n'))
    expect(services[0]?.templates).toMatchObject([
      { template: 'up', first_line: 1, last_line: 3 },
      { template: 'gone', first_line: 2, last_line: 2 },
    ])
  })

  it.each([
    ['brackets', '[INFO] up 5\n[INFO] up 6\n', '[INFO] up <*>', 2],
    [
      'a blank line first',
      '\nup 5 times in all, and more words, so that it is seen as a text\n',
      'up <*> times in all, and more words, so that it is seen as a text',
      1,
    ],
    ['JSON fields', '{"time":"2026-11-29T01:02:03Z","msg":"up 5","a":1}\n', 'up <*> {a}', 1],
    ['a log of containers', '{"log":"up 5\\n","stream":"stderr"}\n', 'up <*> {stream}', 1],
    ['half of a JSON document', '{"msg":"up\n', '{"msg":"up', 1],
  ])('reads what begins with %s', async (_, content, template, count) => {
    const { services } = await json(file('e.log', content))
    expect(services[0]?.templates).toMatchObject([{ template, count }])
  })

  it('takes a stack trace for one line', async () => {
    const trace = [
      'order failed',
      'java.lang.Error: x',
      '\tat a.B.c(B.java:1)',
      '\tat d.E.f(E.java:2)',
      'Caused by: g.H: i',
      '\t... 2 more',
      'job failed',
      'Traceback (most recent call last):',
      '  File "/srv/a.py", line 3, in main',
      '    run()',
      'ValueError: 5',
      'up',
    ].join('\n')
    const { services } = await json(file('f.log', trace))
    expect(services[0]?.templates.map(({ template }) => template).sort()).toEqual([
      'java.lang.Error at a.B.c at d.E.f',
      'job failed ValueError at a.py:main',
      'order failed',
      'up',
    ])
  })

  it.each(['logs.json', 'logs.pb', 'logs.native.pb.zst', 'mixed.json.zst', 'mixed.pb.zst'])(
    'reads OTLP logs by service, as a Collector wrote them: %s',
    async (name) => {
      const fixture = (one: string): string =>
        join(import.meta.dirname, '../fixtures/collector', one)
      const { lines, services, unread } = await json(fixture(name))
      expect([lines, unread]).toEqual([96, []])
      expect(services.map(({ service }) => service)).toContain('gateway')
      expect(services).toEqual((await json(fixture('logs.pb'))).services)
    },
  )

  it('passes over other signals, and says so', async () => {
    const { code, out, err } = await cli(
      join(import.meta.dirname, '../fixtures/collector/traces.json'),
    )
    expect([code, out]).toEqual([0, '0 lines\n'])
    expect(err).toContain('passed over 12 messages that hold no logs')
  })

  it('tells of records that are no good, beside those that are', async () => {
    const logRecords = [{ body: { stringValue: 'up' } }, { body: 5 }]
    const document = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
    const { code, out } = await cli(file('k.json', `${document}\n{"resourceLogs":5}\n`))
    expect(code).toBe(1)
    expect(out).toContain('1 line\n')
    expect(out).toContain('logRecords[1].body: not an object')
    expect(out).toContain('resourceLogs: not an array')
  })

  it('says what it could not read, and fails', async () => {
    const damaged = gzipSync(LINES.repeat(50)).subarray(0, 60)
    const { code, out } = await cli(file('g.log.gz', damaged))
    expect(code).toBe(1)
    expect(out).toContain('not read: ')
    expect((await cli('/nowhere.log')).code).toBe(1)
  })

  it('warns of a source that does not template well', async () => {
    const word = (n: number): string =>
      String(n).replace(/\d/g, (d) => 'ghjklmnpqr'[Number(d)] ?? '')
    const lines = Array.from({ length: 1200 }, (_, n) => `${word(n)}a ${word(n)}b`).join('\n')
    expect((await cli(file('h.log', lines))).out).toContain(
      'note: this source does not template well',
    )
  })

  it('shows as many templates as it is asked for', async () => {
    const lines = ['a b', 'c d e', 'f g h i'].join('\n')
    const { out } = await cli('--top', '2', file('i.log', lines))
    expect(out).toContain('... and 1 more')
  })

  it.each([[[]], [['--top', 'x', 'a']], [['--top', '0', 'a']], [['--nope']]])(
    'calls %j wrong usage',
    async (args) => {
      const { code, out, err } = await cli(...args)
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain('medoscope')
    },
  )

  it('stops when it is told to', async () => {
    const world = new FakeWorld()
    world.abort.abort('SIGINT')
    expect(await main(['templates', file('j.log', LINES)], world)).toBe(130)
    expect(world.out).toBe('')
  })
})
