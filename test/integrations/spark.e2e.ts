import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterWorld, jsonLines, people } from '../cli/cluster-world.ts'
import { pythonPrograms } from './python-packages.ts'

const run = promisify(execFile)
const LAUNCHER = new URL('../../bin/medoscope.js', import.meta.url).pathname
const EXAMPLES = new URL('../../examples/spark', import.meta.url).pathname
const MEDOSCOPE = `${process.execPath} ${LAUNCHER}`
const PARTITIONS = 4

const world = new ClusterWorld()
afterAll(() => world.remove())

let programs = ''
const input = world.write(
  'people.json',
  jsonLines(people(600).map(({ age, income, city, member }) => ({ age, income, city, member }))),
)
beforeAll(() => {
  programs = pythonPrograms()
})

function spark(script: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(`${programs}/python`, [script, ...args], {
    cwd: world.folder,
    env: {
      ...process.env,
      SPARK_LOCAL_IP: '127.0.0.1',
      PYSPARK_SUBMIT_ARGS: '--master local[2] --conf spark.ui.enabled=false pyspark-shell',
      PYSPARK_PYTHON: `${programs}/python`,
    },
    maxBuffer: 1 << 26,
  })
}

/** The rows of each partition, in Spark's order: what medoscope gets to read there. */
async function partitions(): Promise<string[]> {
  const script = world.write(
    'partitions.py',
    `import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.read.json(sys.argv[1]).repartition(${PARTITIONS}).toJSON()
open(sys.argv[2], "w").write(json.dumps(rows.glom().collect()))
spark.stop()
`,
  )
  const out = world.path('partitions.json')
  await spark(script, input, out)
  return (JSON.parse(readFileSync(out, 'utf8')) as string[][]).map((rows) => `${rows.join('\n')}\n`)
}

const local = (args: string[], stdin: string): string =>
  execFileSync(process.execPath, [LAUNCHER, ...args], { input: stdin, encoding: 'utf8' })

describe('examples/spark', () => {
  it('merges the medoids of 4 partitions to those of the same partitions on one machine', async () => {
    const model = world.path('spark.json')
    const flags = ['--k', '3', '--partitions', String(PARTITIONS), '--model', model]
    await spark(`${EXAMPLES}/merge.py`, input, ...flags, '--medoscope', MEDOSCOPE)
    const parts = await partitions()
    expect(parts).toHaveLength(PARTITIONS)
    expect(parts.join('').trimEnd().split('\n')).toHaveLength(600)
    const lines = parts.map((part) =>
      local(['cluster', '-', '--format', 'jsonl', '--local', '--k', '12', '--seed', '1'], part),
    )
    const own = world.path('local.json')
    local(['merge', '-', '--k', '3', '--seed', '1', '--model', own], lines.join(''))
    expect(readFileSync(model, 'utf8')).toBe(readFileSync(own, 'utf8'))
    const { medoids } = JSON.parse(readFileSync(model, 'utf8')) as {
      medoids: { size: number }[]
    }
    expect(medoids.reduce((sum, { size }) => sum + size, 0)).toBe(600)
  })

  it('runs CLARA: the cheapest of the samples over all partitions', async () => {
    const model = world.path('clara.json')
    const flags = ['--k', '3', '--samples', '3', '--model', model]
    const { stdout } = await spark(
      `${EXAMPLES}/clara.py`,
      input,
      ...flags,
      '--medoscope',
      MEDOSCOPE,
    )
    const losses = [...stdout.matchAll(/^sample \d: loss ([\d.]+)$/gm)].map(([, loss]) =>
      Number(loss),
    )
    expect(losses).toHaveLength(3)
    expect(stdout).toContain(`best loss ${Math.min(...losses).toFixed(3)}`)
    // What the partitions summed up is what one machine finds over all rows.
    const all = JSON.parse(local(['assign', model, input, '--json'], '')) as {
      loss: number
      rows: number
    }
    expect(all.rows).toBe(600)
    expect(all.loss).toBeCloseTo(Math.min(...losses), 3)
  })

  it('fails the job where a partition is refused', async () => {
    const bad = world.write('bad.json', '{"a":1}\n{"a":2}\n')
    const flags = ['--k', '1', '--partitions', '1', '--model', world.path('never.json')]
    const command = `${MEDOSCOPE} --no-such-flag`
    await expect(
      spark(`${EXAMPLES}/merge.py`, bad, ...flags, '--medoscope', command),
    ).rejects.toThrow()
  })
})
