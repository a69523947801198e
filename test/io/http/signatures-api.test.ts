import { fastify } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Acceptance, Signature } from '../../../src/contract/signature.ts'
import { registerSignatureRoutes } from '../../../src/io/http/signatures-api.ts'

const ACCEPTANCE: Acceptance = {
  cluster: 'c-1',
  atMs: 5,
  by: 'ada',
  reason: 'the backup',
  untilMs: 9,
}
const BACKUP: Signature = {
  id: 'signature-1',
  name: 'backup',
  note: '',
  runbook: '',
  known: true,
  acceptance: ACCEPTANCE,
  times: 4,
  firstMs: 1,
  lastMs: 4,
  everyMs: 86_400_000,
  rhythm: 'daily',
  longestMs: 3,
  largestShare: 0.9,
  largestSize: 5,
  places: ['orders → SELECT: self time'],
  clusters: ['c-1'],
}

const asked: unknown[] = []

function served() {
  const server = fastify()
  const change = async (...what: unknown[]): Promise<boolean> => {
    if (what.includes('c-broken')) throw new Error('disk full')
    asked.push(what)
    return what[0] === 'c-1' || what[0] === 'signature-1'
  }
  registerSignatureRoutes(server, {
    signatures: () => [BACKUP],
    acceptances: () => [ACCEPTANCE],
    changes: { accept: change, unaccept: change, describe: change },
    token: 'secret',
  })
  return server
}

async function get(url: string) {
  const response = await served().inject({ url })
  return { status: response.statusCode, body: response.json() }
}

async function post(url: string, payload?: object, token = 'secret') {
  const headers = { authorization: `Bearer ${token}` }
  const body = payload === undefined ? {} : { payload }
  const response = await served().inject({ method: 'POST', url, headers, ...body })
  return { status: response.statusCode, body: response.json() }
}

beforeEach(() => {
  asked.length = 0
})

describe('what keeps coming back over HTTP', () => {
  it('is listed, and told one by one', async () => {
    expect(await get('/api/v1/signatures')).toEqual({
      status: 200,
      body: { signatures: [BACKUP] },
    })
    expect(await get('/api/v1/signatures/signature-1')).toEqual({ status: 200, body: BACKUP })
    expect(await get('/api/v1/signatures/signature-2')).toMatchObject({ status: 404 })
  })

  it('is given a name, a note and a runbook by who has the token', async () => {
    const words = { name: 'backup', runbook: 'https://wiki.example/backup' }
    const url = '/api/v1/signatures/signature-1'
    expect(await post(url, words)).toEqual({ status: 200, body: { id: 'signature-1', ...words } })
    expect(asked).toEqual([['signature-1', words]])
    expect((await post(url, words, 'wrong')).status).toBe(401)
    expect((await post('/api/v1/signatures/signature-2', words)).status).toBe(404)
  })

  it('takes nothing else, and no link that is none', async () => {
    const url = '/api/v1/signatures/signature-1'
    for (const words of [
      ['backup'],
      { nam: 'backup' },
      { name: 7 },
      { note: 'x'.repeat(2001) },
      { runbook: 'javascript:alert(1)' },
    ]) {
      expect((await post(url, words)).status, JSON.stringify(words).slice(0, 40)).toBe(400)
    }
    expect((await post(url)).status).toBe(400)
    expect(asked).toEqual([])
  })
})

describe('acceptances over HTTP', () => {
  it('are listed with who, why and until when', async () => {
    const body = { acceptances: [ACCEPTANCE] }
    expect(await get('/api/v1/acceptances')).toEqual({ status: 200, body })
  })

  it('are taken back by who has the token', async () => {
    const taken = { status: 200, body: { id: 'c-1', accepted: false } }
    expect(await post('/api/v1/anomaly-clusters/c-1/unaccept')).toEqual(taken)
    expect((await post('/api/v1/anomaly-clusters/c-2/unaccept')).status).toBe(404)
    expect((await post('/api/v1/anomaly-clusters/c-1/unaccept', {}, '')).status).toBe(401)
    expect(await post('/api/v1/anomaly-clusters/c-broken/unaccept')).toEqual({
      status: 503,
      body: { error: 'not done: disk full' },
    })
  })
})
