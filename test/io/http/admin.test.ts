import { get } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type AdminRoutes,
  AdminServer,
  type AdminSubjects,
  requireToken,
} from '../../../src/io/http/admin.ts'
import { SECURITY } from '../../../src/io/http/replies.ts'

let server: AdminServer | null = null
let alive = true
const subjects: AdminSubjects = {
  metrics: async (openMetrics) => `# TYPE x gauge\nx 1\n${openMetrics ? '# EOF\n' : ''}`,
  health: () => ({ ok: alive, activity: 'polling' }),
  readiness: () => ({ ok: false, loop: 'starting' }),
  status: () => ({ position: 2n ** 60n }),
}

async function start(token = '', routes?: AdminRoutes): Promise<string> {
  server = new AdminServer(
    { host: '127.0.0.1', port: 0, token, hosts: ['medoscope.example.com'] },
    subjects,
    routes,
  )
  await server.start()
  return server.address
}

afterEach(async () => {
  alive = true
  await server?.stop()
})

/** What a browser cannot say for a page: any host. */
function askFor(address: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address)
    get({ hostname, port, path: '/healthz', headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    }).on('error', reject)
  })
}

describe('the admin server', () => {
  it('answers only where it is meant', async () => {
    const address = await start()
    for (const host of [
      'localhost',
      '127.0.0.1:9464',
      '[::1]:9464',
      'medoscope:9464',
      'medoscope.monitoring.svc',
      'MEDOSCOPE.example.com.',
    ]) {
      expect([host, await askFor(address, host)]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example.com',
      'medoscope.example.com.evil.org',
      '127.0.0.1.nip.io:9464',
    ]) {
      expect([host, await askFor(address, host)]).toEqual([host, 421])
    }
  })

  it('gives every answer the headers that keep browsers from misusing it', async () => {
    const address = await start()
    for (const path of ['/metrics', '/healthz', '/readyz', '/api/v1/status', '/nowhere']) {
      const { headers } = await fetch(address + path)
      const given = Object.fromEntries(Object.keys(SECURITY).map((key) => [key, headers.get(key)]))
      expect([path, given]).toEqual([path, SECURITY])
      expect(given['content-security-policy']).toContain("frame-ancestors 'none'")
    }
  })

  it('serves metrics in the text format', async () => {
    const answer = await fetch(`${await start()}/metrics`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toContain('x 1')
  })

  it('serves OpenMetrics to those who ask for it', async () => {
    const headers = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' }
    const answer = await fetch(`${await start()}/metrics`, { headers })
    expect(answer.headers.get('content-type')).toContain('application/openmetrics-text')
    expect(await answer.text()).toContain('# EOF')
  })

  it('answers health and readiness with 200 or 503 and the reasons', async () => {
    const address = await start()
    expect((await fetch(`${address}/healthz`)).status).toBe(200)
    alive = false
    const unwell = await fetch(`${address}/healthz`)
    expect([unwell.status, await unwell.json()]).toEqual([503, { ok: false, activity: 'polling' }])
    expect((await fetch(`${address}/readyz`)).status).toBe(503)
  })

  it('writes offsets as texts in the status', async () => {
    const status = await fetch(`${await start()}/api/v1/status`)
    expect(await status.json()).toEqual({ position: '1152921504606846976' })
  })

  it('says which key to change when the port is taken', async () => {
    const port = Number(new URL(await start()).port)
    const second = new AdminServer({ host: '127.0.0.1', port, token: '', hosts: [] }, subjects)
    await expect(second.start()).rejects.toThrow('admin.port')
    await second.stop()
  })

  it('can be stopped before it starts and twice', async () => {
    const idle = new AdminServer({ host: '127.0.0.1', port: 0, token: '', hosts: [] }, subjects)
    await idle.stop()
    await idle.stop()
  })
})

describe('what changes state', () => {
  const routes =
    (token: string): AdminRoutes =>
    (app) => {
      app.post('/api/v1/freeze', { preHandler: requireToken(token) }, async () => ({
        frozen: true,
      }))
    }

  it.each([
    ['secret', 'Bearer secret', 200],
    ['secret', 'bearer secret', 200],
    ['secret', 'Bearer secret2', 401],
    ['secret', 'Bearer ', 401],
    ['secret', undefined, 401],
    ['', 'Bearer ', 403],
    ['', undefined, 403],
  ])('with token %j and %j is answered %s', async (token, authorization, status) => {
    const address = await start(token, routes(token))
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await fetch(`${address}/api/v1/freeze`, { method: 'POST', headers })
    expect(answer.status).toBe(status)
  })
})
