import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/stats/random.ts'
import { ClusterWorld } from './cluster-world.ts'

const LAUNCHER = new URL('../../bin/medoscope.js', import.meta.url).pathname

const world = new ClusterWorld()
afterAll(() => world.remove())

/** Points without clusters: many swaps until nothing gets better. */
function cloud(n: number, p: number): string {
  const random = new SeededRandom(5)
  const line = (): string => Array.from({ length: p }, () => random.next().toFixed(5)).join(',')
  const head = Array.from({ length: p }, (_, i) => `x${i}`).join(',')
  return `${[head, ...Array.from({ length: n }, line)].join('\n')}\n`
}

const input = world.write('cloud.csv', cloud(4000, 6))
const ARGS = [
  'cluster',
  input,
  '--k',
  '40',
  '--restarts',
  '12',
  '--distance',
  'euclidean',
  '--json',
]

interface Run {
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

/** Whether the file tells of a restart that is not the first, in the middle of its swaps. */
function isMidway(file: string): boolean {
  if (!existsSync(file)) return false
  const { position } = JSON.parse(readFileSync(file, 'utf8')) as {
    position: { visited: number; restart: number }
  }
  return position.restart > 0 && position.visited > 0
}

/** Runs the command; with a checkpoint file to watch, kills it -9 midway. */
function run(args: readonly string[], killAt: string | null): Promise<Run> {
  const child = spawn(process.execPath, [LAUNCHER, ...args])
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  return new Promise((resolve) => {
    child.on('exit', (_, signal) => resolve({ signal, out, err }))
    if (killAt === null) return
    void (async () => {
      while (!isMidway(killAt) && child.exitCode === null) await delay(20)
      child.kill('SIGKILL')
    })()
  })
}

const medoidsOf = ({ out }: Run): unknown =>
  (JSON.parse(out) as { medoids: { row: number }[] }).medoids.map(({ row }) => row)

describe('--checkpoint', () => {
  it('goes on after kill -9 to the medoids of an undisturbed run, which tells how far it is', async () => {
    const file = world.path('checkpoint.json')
    const undisturbed = await run([...ARGS, '--progress'], null)
    expect(undisturbed.err).toMatch(/swap: \d+ swaps, loss [\d.]+, \d+ % of a round without one/)
    const args = [...ARGS, '--checkpoint', file]
    const killed = await run(args, file)
    expect(killed).toMatchObject({ signal: 'SIGKILL', out: '' })
    const resumed = await run(args, null)
    expect(resumed.err).toContain(`going on from ${file}`)
    expect(medoidsOf(resumed)).toEqual(medoidsOf(undisturbed))
    expect(existsSync(file)).toBe(false)
  })

  it('does not go on from the checkpoint of other data or options', async () => {
    const file = world.path('other.json')
    await run([...ARGS, '--checkpoint', file], file)
    const { code, err } = await world.cli([...ARGS, '--seed', '2', '--checkpoint', file])
    expect(code).toBe(1)
    expect(err).toMatch(/it is of other data or other options; remove it to begin anew/)
    const torn = world.write('torn.json', '{"format":')
    expect((await world.cli([...ARGS, '--checkpoint', torn])).err).toMatch(
      /remove it to begin anew/,
    )
  })
})

describe('--max-seconds', () => {
  it('stops in time with the best medoids until then, and says so', async () => {
    const args = [...ARGS.slice(0, 5), '500', ...ARGS.slice(6), '--max-seconds', '1']
    const { code, out } = await world.cli(args)
    expect(code).toBe(0)
    const result = JSON.parse(out) as { notes: string[]; seconds: number; medoids: unknown[] }
    expect(result.notes.join()).toMatch(/Stopped after --max-seconds 1/)
    expect(result.seconds).toBeLessThan(30)
    expect(result.medoids).toHaveLength(40)
  })
})
