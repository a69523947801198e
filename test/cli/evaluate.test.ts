import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../src/main.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { FakeWorld } from '../fakes/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-evaluate-'))
afterAll(() => rmSync(directory, { recursive: true }))

function write(name: string, rows: readonly unknown[]): string {
  const path = join(directory, name)
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

async function evaluate(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const world = new FakeWorld()
  const code = await main(['evaluate', ...args], world)
  return { code, out: world.out, err: world.err }
}

/** Twenty minutes: an incident of cart in minutes 5 to 8, one of search in 15 to 17. */
function recording(random: SeededRandom) {
  const windows = [
    { start: 300, end: 480, service: 'cart', type: 'slow', visible: true },
    { start: 900, end: 1020, service: 'search', type: 'slow', visible: false },
  ]
  const labels = Array.from({ length: 1200 }, (_, time) => {
    const window = windows.findIndex(({ start, end }) => time >= start && time <= end)
    const label = window >= 0 ? (random.next() < 0.7 ? 1 : -1) : 0
    return { id: `t${time}`, time, label, window, service: windows[window]?.service }
  })
  const verdicts = labels.map(({ id, label }) => {
    const score = Math.round(100 * (random.next() + (label === 1 ? 0.4 * random.next() : 0))) / 100
    const p = random.next() < 0.05 ? null : Math.max(1e-14, 1 - score / 1.4)
    return { id, score: p === null ? null : score, p, anomalous: score > 0.97 }
  })
  const clusters = [
    { id: 'a', opened: '1970-01-01T00:05:20.000Z', services: ['cart', 'shop'], e_value: 1e9 },
    { id: 'b', opened: 400, services: ['shop', 'db', 'cart'], e_value: 1e3, observations: 5 },
    { id: 'c', opened: 700, services: ['db'], e_value: 1e8, observations: 5 },
    { id: 'd', opened: 720, services: ['shop'], e_value: 1e8, alerts: false },
    { id: 'e', opened: 1000, services: ['shop', 'search'], e_value: 5, observations: 2 },
    { id: 'e', opened: 1000, services: ['shop', 'search'], e_value: 50, alerts: false },
    { id: 'f', opened: null, services: [] },
  ]
  return { windows, labels, verdicts, clusters }
}

function files(seed: number) {
  const { windows, labels, verdicts, clusters } = recording(new SeededRandom(seed))
  const path = join(directory, `windows-${seed}.json`)
  writeFileSync(path, JSON.stringify({ grace: 60, windows }))
  return {
    windows: path,
    labels: write(`labels-${seed}.jsonl.gz`, labels),
    verdicts: write(`verdicts-${seed}.jsonl`, verdicts),
    clusters: write(`clusters-${seed}.jsonl`, clusters),
  }
}

describe('medoscope evaluate', () => {
  it('scores clusters by the rules: found, first named, false, and how long was quiet', async () => {
    const { windows, labels, clusters } = files(1)
    const args = ['--labels', labels, '--clusters', clusters, '--windows', windows]
    const { code, out } = await evaluate(...args, '--json')
    expect(code).toBe(0)
    const { clusters: score } = JSON.parse(out)
    expect(score.perWindow).toMatchObject([
      { service: 'cart', found: true, alerting: true, clusters: 2, delay: 20, at1: true },
      { service: 'search', found: true, alerting: false, clusters: 1, at1: false, at3: true },
    ])
    expect(score).toMatchObject({ clusters: 5, false: 1, outside: 2 })
    expect(score.visible).toMatchObject({ windows: 1, found: 1, at1: 1 })
    // Minutes 0 to 4, 9 to 14, 18 and 19 hold an observation outside incidents and their grace.
    expect(score.quietHours).toBeCloseTo(13 / 60, 12)
    const text = await evaluate(...args)
    expect(text.out).toContain('all: 2 of 2 found, 1 of them by one that alerts')
    expect(text.out).toContain('false: 1 that alert, 2 in all')
  })

  it('takes incidents from the labels where no windows are given', async () => {
    const { labels, clusters } = files(1)
    const { out } = await evaluate('--labels', labels, '--clusters', clusters, '--json')
    const { clusters: score } = JSON.parse(out)
    expect(score.perWindow).toMatchObject([
      { start: 300, service: 'cart' },
      { start: 900, service: 'search' },
    ])
  })

  it('gives each figure an interval that holds it', async () => {
    const { labels, verdicts } = files(2)
    const { out } = await evaluate('--labels', labels, '--verdicts', verdicts, '--json')
    const { verdicts: score } = JSON.parse(out)
    expect(score.coverage).toBe(1)
    const [low, high] = score.intervals['by_score.auc']
    expect(low).toBeLessThan(score.by_score.auc)
    expect(high).toBeGreaterThan(score.by_score.auc)
    const { out: text } = await evaluate('--labels', labels, '--verdicts', verdicts)
    expect(text).toMatch(/by_p\.recall_at_fpr_1 +0\.\d+ \(0[.\d]* to 0\.\d+\)/)
  })

  it.each([
    [['--verdicts', 'x'], 'wants --labels'],
    [['--labels', 'x'], 'wants --verdicts, --clusters, or both'],
    [['--labels', 'x', 'y'], 'takes its files by their options'],
  ])('says what is missing: %j', async (args, message) => {
    const { code, err } = await evaluate(...args)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })

  it('says where a file is no good', async () => {
    const labels = write('bad.jsonl', [
      { id: 'a', time: 1, label: 0 },
      { id: 'b', time: 'never' },
    ])
    const { code, err } = await evaluate('--labels', labels, '--verdicts', labels)
    expect(code).toBe(1)
    expect(err).toContain('bad.jsonl, line 2 wants a time "time", not "never"')
    writeFileSync(labels, '{"id":')
    expect((await evaluate('--labels', labels, '--verdicts', labels)).err).toContain(
      'line 1 is no JSON',
    )
    const gone = join(directory, 'gone.jsonl.gz')
    expect(await evaluate('--labels', gone, '--verdicts', labels)).toMatchObject({ code: 1 })
  })
})

const TOOLS = resolve(import.meta.dirname, '../../../shared/tools')
const hasTools = existsSync(join(TOOLS, 'score-clusters.mjs'))
const hasPython = ((): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
if (!hasTools || !hasPython) {
  console.warn('SKIPPED: the scorers that others use are not here (or python3 is not).')
}

describe.skipIf(!hasTools || !hasPython)('beside the scorers that others use', () => {
  it.each([11, 12, 13])('says the same of verdicts and clusters, seed %i', async (seed) => {
    const { windows, labels, verdicts, clusters } = files(seed)
    const { out } = await evaluate(
      ...['--labels', labels, '--verdicts', verdicts],
      ...['--clusters', clusters, '--windows', windows, '--json'],
    )
    const ours = JSON.parse(out)
    const ranked = execFileSync('python3', [
      join(TOOLS, 'rank-verdicts.py'),
      ...['--verdicts', verdicts, '--labels', labels, '--json'],
    ])
    const theirs = JSON.parse(ranked.toString())
    for (const by of ['by_score', 'by_p']) {
      for (const [name, value] of Object.entries<number>(theirs[by])) {
        expect(ours.verdicts[by][name], `${by}.${name}`).toBeCloseTo(value, 9)
      }
    }
    for (const name of ['faulty', 'normal', 'flagged', 'precision', 'recall']) {
      expect(ours.verdicts[name], name).toBeCloseTo(theirs[name], 12)
    }
    expect(ours.verdicts['normal_at_p_0.01']).toBeCloseTo(theirs['normal_at_p_0.01'], 12)
    const scored = execFileSync(process.execPath, [
      join(TOOLS, 'score-clusters.mjs'),
      ...['--windows', windows, '--clusters', clusters, '--verdicts', verdicts],
      ...['--labels', labels, '--json'],
    ])
    const { verdicts: shares, perWindow, ...whole } = JSON.parse(scored.toString())
    expect(ours.clusters).toMatchObject(whole)
    perWindow.forEach((one: Record<string, unknown>, i: number) => {
      const { start, service, found, alerting, delay, at1, at3, named } = one
      expect(ours.clusters.perWindow[i]).toMatchObject({
        ...{ start, service, found, alerting, delay, at1, at3, named },
      })
    })
    expect(ours.verdicts.false_positive_rate).toBeCloseTo(shares.falsePositiveRate, 12)
    expect(ours.verdicts.coverage).toBeCloseTo(shares.coverage, 12)
  })
})
