import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { ciRuns } from '../bench/ci-cases/cases.ts'
import { FakeWorld } from '../fakes/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-replay-lines-'))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, lines: readonly string[]): string {
  const path = join(directory, name)
  const text = `${lines.join('\n')}\n`
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

async function replay(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const world = new FakeWorld()
  const code = await main(['replay', ...args], world)
  return { code, out: world.out, err: world.err }
}

const { passed, failed } = ciRuns('makeGcc', 1)
const passing = file('passing.log.gz', passed.lines)
const failing = file('failing.log', failed.lines)
const WANTED = failed.wanted[0]

describe('medoscope replay of plain logs', () => {
  it('prints the lines that matter first, with their number, why, and what is normal', async () => {
    const { code, out } = await replay(failing, '--warmup', passing)
    expect(code).toBe(0)
    const [head, first, why] = out.split('\n')
    expect(head).toMatch(/^\d+ lines, \d+ are like none of \d+ kinds of normal lines$/)
    expect(first).toMatch(new RegExp(`^ *${WANTED}  src/stock_store.c:.*'STOCK_DIRTY' undeclared`))
    expect(why?.trim()).toBe('new')
    expect(out).toContain('kinds of normal lines did not come')
  })

  it('gives all of it as JSON, and the same each time', async () => {
    const { out } = await replay(failing, '--warmup', passing, '--json', '--top', '3')
    const report = JSON.parse(out)
    expect(report.ranked).toHaveLength(3)
    expect(report.ranked[0]).toMatchObject({ file: failing, line: WANTED, count: 1 })
    expect(report).toMatchObject({
      lines: failed.lines.filter((line) => line.trim()).length,
      unread: [],
    })
    expect((await replay(failing, '--warmup', passing, '--json', '--top', '3')).out).toBe(out)
  })

  it('names the file where there are several, and counts the lines of each', async () => {
    const other = file('other.log', ['it began', '', 'Error: no route to host'])
    const { out } = await replay(failing, other, '--warmup', passing)
    expect(out).toContain(`${other}:3  Error: no route to host`)
    expect(out).toContain(`${failing}:${WANTED}  `)
  })

  it('says what to give where there is nothing to compare with', async () => {
    const { code, out } = await replay(failing)
    expect(code).toBe(0)
    expect(out).toContain('--warmup')
  })

  it('is refused with what cannot be had of lines', async () => {
    expect(await replay(failing, '--out', '-')).toMatchObject({ code: 2 })
    expect(await replay(failing, '--top', '0')).toMatchObject({ code: 2 })
    const traces = file('traces.json', ['{"resourceSpans":[]}'])
    expect(await replay(failing, '--warmup', traces)).toMatchObject({ code: 2 })
  })

  it('tells what was not read', async () => {
    const cut = join(directory, 'cut.log.gz')
    writeFileSync(cut, gzipSync(failed.lines.join('\n')).subarray(0, -20))
    const { code, out } = await replay(cut, '--warmup', passing)
    expect(code).toBe(1)
    expect(out).toContain(`not read: ${cut}`)
  })
})

describe('medoscope replay of plain logs with session keys', () => {
  const START = Date.UTC(2026, 10, 29)

  /** Requests one after the other; every 50th of those that fail is refused. */
  function requests(name: string, count: number, fails: boolean): string {
    const lines: string[] = []
    for (let i = 0; i < count; i++) {
      const at = (step: number): string => new Date(START + i * 2000 + step).toISOString()
      const isBad = fails && i % 50 === 49
      lines.push(
        `${at(0)} INFO req-${i}x begins`,
        isBad
          ? `${at(1)} ERROR req-${i}x was refused: card expired`
          : `${at(1)} INFO req-${i}x paid`,
        `${at(2)} INFO req-${i}x done in ${i % 90} ms`,
      )
    }
    return file(name, lines)
  }

  const KEYS = ['--set', 'logs.session.keys=/(req-\\w+)/', '--set', 'alpha=0.02']

  it('judges their lines in sessions', async () => {
    const learned = requests('learned.log', 1000, false)
    const judged = requests('judged.log.gz', 300, true)
    const { code, out } = await replay(judged, '--warmup', learned, ...KEYS, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ observations: 300, flagged: 6, log_records: 900 })
  })
})
