import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type MlflowRun, sendMlflowRun } from '../../src/io/http/mlflow-run.ts'

interface Asked {
  readonly call: string
  readonly login: string | undefined
  readonly body: string
}

/** Answers as MLflow does; `refuse` is answered with 500. */
let server: Server
let base = ''
let asked: Asked[] = []
let refuse = ''
let artifacts = 'mlflow-artifacts:/3/run-1/artifacts'

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      const call = `${request.method} ${request.url}`
      asked.push({ call, login: request.headers.authorization, body })
      if (refuse !== '' && call.includes(refuse)) return void response.writeHead(500).end('no room')
      if (call.includes('get-by-name')) return void response.writeHead(404).end('{}')
      if (call.includes('experiments/create')) return void response.end('{"experiment_id":"3"}')
      if (call.includes('runs/create')) {
        const info = { run_id: 'run-1', artifact_uri: artifacts }
        return void response.end(JSON.stringify({ run: { info } }))
      }
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  base = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterAll(() => {
  server.close()
})
beforeEach(() => {
  asked = []
  refuse = ''
  artifacts = 'mlflow-artifacts:/3/run-1/artifacts'
})

const run: MlflowRun = {
  experiment: 'medoscope',
  name: 'a run',
  startedMs: 1000,
  endedMs: 2000,
  parameters: { k: '3', long: 'x'.repeat(10_000) },
  metrics: { loss: 1.5, none: Number.NaN },
  tags: {},
  files: { 'report.html': '<p>' },
}

describe('a run in MLflow', () => {
  it('is made, filled and finished, in that order', async () => {
    expect(await sendMlflowRun(`http://${base}/`, run)).toBe('run-1')
    expect(asked.map(({ call }) => call)).toEqual([
      'GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=medoscope',
      'POST /api/2.0/mlflow/experiments/create',
      'POST /api/2.0/mlflow/runs/create',
      'POST /api/2.0/mlflow/runs/log-batch',
      'PUT /api/2.0/mlflow-artifacts/artifacts/3/run-1/artifacts/report.html',
      'POST /api/2.0/mlflow/runs/update',
    ])
    const batch = JSON.parse(asked[3]?.body ?? '') as {
      metrics: { key: string }[]
      params: { value: string }[]
    }
    // What is no number is left out, what is too long is cut: MLflow would refuse the whole run.
    expect(batch.metrics.map(({ key }) => key)).toEqual(['loss'])
    expect(batch.params.map(({ value }) => value.length)).toEqual([1, 6000])
  })

  it('is marked as failed where a part is refused, and the refusal is told', async () => {
    refuse = 'PUT'
    await expect(sendMlflowRun(`http://${base}`, run)).rejects.toThrow(
      /PUT .*report\.html: 500 no room/,
    )
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toMatchObject({ status: 'FAILED' })
  })

  it('says what to do where the server keeps files out of reach', async () => {
    artifacts = 'file:///var/mlruns/3/run-1/artifacts'
    await expect(sendMlflowRun(`http://${base}`, run)).rejects.toThrow(
      /start it with --serve-artifacts/,
    )
  })

  it('logs in with what the URI holds, and never shows it', async () => {
    await sendMlflowRun(`http://me:s%40cret@${base}`, run)
    expect(asked[0]?.login).toBe(`Basic ${Buffer.from('me:s@cret').toString('base64')}`)
    refuse = 'runs/create'
    const failed = sendMlflowRun(`http://me:s%40cret@${base}`, run)
    await expect(failed).rejects.toThrow(/500/)
    await expect(failed).rejects.not.toThrow(/cret/)
  })
})
