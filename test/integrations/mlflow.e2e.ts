import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterWorld, csv, people } from '../cli/cluster-world.ts'
import { pythonPrograms } from './python-packages.ts'

const world = new ClusterWorld()
let server: ChildProcess | null = null
let uri = ''

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  const port = await freePort()
  uri = `http://127.0.0.1:${port}`
  const args = [
    ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ...['--backend-store-uri', `sqlite:///${world.path('mlflow.db')}`],
    ...['--artifacts-destination', world.path('artifacts')],
  ]
  const programs = pythonPrograms()
  // In a group of its own: the server starts workers, which end with it.
  server = spawn(`${programs}/mlflow`, args, {
    cwd: world.folder,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, PATH: `${programs}:${process.env['PATH']}` },
  })
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(`${uri}/health`).catch(() => null)
    if (answer?.ok) return
    await delay(250)
  }
  throw new Error('MLflow does not start')
})

afterAll(() => {
  if (server?.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
  world.remove()
})

interface Run {
  readonly info: { run_id: string; status: string; run_name: string }
  readonly data: {
    params: { key: string; value: string }[]
    metrics: { key: string; value: number }[]
  }
}

async function runs(): Promise<Run[]> {
  const experiment = await fetch(
    `${uri}/api/2.0/mlflow/experiments/get-by-name?experiment_name=medoscope`,
  )
  const { experiment: found } = (await experiment.json()) as {
    experiment: { experiment_id: string }
  }
  const answer = await fetch(`${uri}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: [found.experiment_id] }),
  })
  return ((await answer.json()) as { runs?: Run[] }).runs ?? []
}

describe('--mlflow', () => {
  it('makes a run with parameters, metrics, medoids, model and report', async () => {
    const input = world.write('people.csv', csv(people(150)))
    const args = ['cluster', input, '--k', '4', '--seed', '3', '--mlflow', uri, '--json']
    const { code, out, err } = await world.cli([...args, '--mask', 'name'])
    expect([code, err]).toEqual([0, ''])
    const result = JSON.parse(out) as { written: string[]; mean_distance: number }
    const id = result.written.at(-1)?.replace('MLflow run ', '')
    const [run, ...others] = await runs()
    expect(others).toEqual([])
    expect(run?.info).toMatchObject({ run_id: id, status: 'FINISHED', run_name: 'people.csv k=4' })
    const parameters = Object.fromEntries(run?.data.params.map((one) => [one.key, one.value]) ?? [])
    expect(parameters).toMatchObject({ k: '4', seed: '3', distance: 'gower', rows: '150' })
    const metrics = Object.fromEntries(run?.data.metrics.map((one) => [one.key, one.value]) ?? [])
    expect(metrics['mean_distance']).toBe(result.mean_distance)
    expect(metrics['medoid_silhouette']).toBeGreaterThan(0)
    const listed = await fetch(`${uri}/api/2.0/mlflow/artifacts/list?run_id=${id}`)
    const { files } = (await listed.json()) as { files: { path: string }[] }
    expect(files.map(({ path }) => path).sort()).toEqual([
      'medoids.json',
      'model.json',
      'report.html',
    ])
    const report = await fetch(`${uri}/get-artifact?path=report.html&run_uuid=${id}`)
    const page = await report.text()
    expect(page).toContain('4 medoids of')
    expect(page).not.toContain('person-')
  })

  it('says what is wrong where there is no server, after the files are written', async () => {
    const input = world.write('few.csv', csv(people(30)))
    const { code, err } = await world.cli([
      'cluster',
      input,
      '--k',
      '2',
      '--mlflow',
      'http://127.0.0.1:9',
    ])
    expect(code).toBe(1)
    expect(err).toMatch(/MLflow at http:\/\/127\.0\.0\.1:9 does not answer/)
  })
})
