import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { AnomalyCluster } from '../../../src/contract/anomaly-cluster.ts'
import type { Acceptance } from '../../../src/contract/signature.ts'
import { ClusterStore } from '../../../src/io/cluster-store.ts'
import { registerPages } from '../../../src/io/http/pages.ts'
import {
  BACKUP,
  exampleCluster,
  exampleDetail,
  exampleSignature,
} from '../../ui/example-cluster.ts'

const OPEN = exampleCluster()

/** The pages of one open cluster, and of one before it in the same place. */
function site(changes: Partial<AnomalyCluster> = {}, token = 'secret') {
  const store = new ClusterStore()
  const before = { state: 'resolved', firstMs: OPEN.firstMs - 9e6, closedMs: OPEN.firstMs - 8e6 }
  store.seed([
    exampleCluster(changes),
    exampleCluster({ id: 'c-before', ...before, state: 'resolved' }),
    exampleCluster({ id: 'c-elsewhere', ...before, state: 'resolved', place: 'somewhere else' }),
  ])
  const asked: [string, string, string][] = []
  const acceptances = new Set<Acceptance>()
  const server = fastify()
  registerPages(server, {
    store,
    learning: () => ({
      ...{ state: 'live', observations: 1, progress: 1, missing: [], modelInstalledMs: null },
      ...{ watermarkMs: OPEN.lastMs, behindMs: 0, strata: 1 },
      coverage: { share: 1, seen: 1, unjudged: [] },
      senders: [],
    }),
    detail: (id) => (id === OPEN.id ? exampleDetail() : null),
    token,
    signatures: () => [exampleSignature({ clusters: ['c-elsewhere'] })],
    acceptances: () => [...acceptances],
    changes: {
      accept: async (id, { reason = '', by = '' }) => {
        if (reason === 'on a full disk') throw new Error('disk full')
        asked.push([id, reason, by])
        const cluster = store.get(id)
        if (!cluster || cluster.state === 'accepted') return false
        acceptances.add({ cluster: id, atMs: 1, by, reason, untilMs: 2 })
        store.seed([{ ...cluster, state: 'accepted', closedMs: 1 }])
        return true
      },
      unaccept: async (id) => {
        const found = [...acceptances].find(({ cluster }) => cluster === id)
        return found !== undefined && acceptances.delete(found)
      },
      describe: async (id, words) => {
        asked.push([id, JSON.stringify(words), ''])
        return id === BACKUP.id
      },
    },
  })
  const post = (fields: Readonly<Record<string, string>>, id = OPEN.id, action = 'accept') =>
    server.inject({
      method: 'POST',
      url: `/clusters/${id}/${action}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    })
  return { server, asked, post }
}

describe('the pages', () => {
  it('show the place over time, what deviates, and the same place before', async () => {
    const page = (await site().server.inject(`/clusters/${OPEN.id}`)).body
    expect(page).toContain('Self time of a call')
    expect(page).toContain('Who calls whom, of what deviates')
    expect(page).toContain('href="/clusters/c-before"')
    expect(page).not.toContain('c-elsewhere')
    expect(page).toContain('<span class="badge critical">critical</span>')
  })

  it('show the lanes of the day at home', async () => {
    const page = (await site().server.inject('/')).body
    expect(page).toContain('One bar a cluster')
    expect(page).toMatch(/<a href="\/clusters\/c-7f3a01" aria-label="critical, /)
  })

  it('accept what the form asks for, and show that it is accepted', async () => {
    const { asked, post, server } = site()
    const answer = await post({ reason: ' release 2.4 ', by: 'ada', token: 'secret' })
    expect(answer.statusCode).toBe(303)
    expect(asked).toEqual([[OPEN.id, 'release 2.4', 'ada']])
    const next = await server.inject(String(answer.headers['location']))
    expect(next.body).toContain('role="status"><p>Accepted.</p>')
    expect(next.body).toContain('by ada: release 2.4')
    const back = await post({ token: 'secret' }, OPEN.id, 'unaccept')
    const undone = await server.inject(String(back.headers['location']))
    expect(undone.body).toContain('role="status"><p>Taken back')
    expect((await post({ token: 'secret' }, OPEN.id, 'unaccept')).statusCode).toBe(409)
  })

  it('refuse without the token, keep what was written, and never show the token', async () => {
    const { asked, post } = site()
    for (const token of ['', 'wrong', 'secret2']) {
      const answer = await post({ reason: 'it is "fine"', token })
      expect(answer.statusCode).toBe(401)
      expect(answer.body).toContain('role="alert"><p>Not done: that is not the admin token.')
      expect(answer.body).toContain('value="it is &quot;fine&quot;"')
      if (token !== '') expect(answer.body).not.toContain(`"${token}"`)
    }
    const { post: closed } = site({}, '')
    expect((await closed({ reason: 'x', token: '' })).statusCode).toBe(403)
    expect(asked).toEqual([])
  })

  it('say what cannot be accepted, and why', async () => {
    const { post, server } = site()
    const token = 'secret'
    expect((await post({ reason: ' ', token })).statusCode).toBe(400)
    expect((await post({ reason: 'x', token }, 'none')).statusCode).toBe(404)
    expect((await post({ reason: 'x', token }, 'c-before')).statusCode).toBe(303)
    expect((await post({ reason: 'x', token }, 'c-before')).statusCode).toBe(409)
    for (const action of ['delete', '__proto__', 'constructor']) {
      expect((await post({ token }, OPEN.id, action)).statusCode).toBe(404)
    }
    const full = await post({ reason: 'on a full disk', token })
    expect([full.statusCode, full.body.includes('Not done: disk full.')]).toEqual([503, true])
    const json = await server.inject({
      method: 'POST',
      url: `/clusters/${OPEN.id}/accept`,
      payload: { reason: 'x', token },
    })
    expect(json.statusCode).toBe(401)
  })

  it('name what keeps coming back, and list what was like it', async () => {
    const { server, post, asked } = site({ signature: BACKUP })
    const shown = (await server.inject(`/clusters/${OPEN.id}`)).body
    expect(shown).toContain('href="/clusters/c-elsewhere"')
    const words = { name: 'backup', note: '', runbook: 'https://wiki/backup' }
    expect((await post({ ...words, token: 'secret' }, OPEN.id, 'name')).statusCode).toBe(303)
    expect(asked).toEqual([[BACKUP.id, JSON.stringify(words), '']])
    const bad = { ...words, runbook: 'javascript:alert(1)', token: 'secret' }
    const refused = await post(bad, OPEN.id, 'name')
    expect(refused.statusCode).toBe(400)
    expect(refused.body).toContain('Not done: runbook begins with http:// or https://.')
    const { post: unnamed } = site()
    expect((await unnamed({ ...words, token: 'secret' }, OPEN.id, 'name')).statusCode).toBe(409)
  })

  it('list what is known and what was accepted', async () => {
    const { server, post } = site()
    await post({ reason: 'release 2.4', token: 'secret' })
    const known = (await server.inject('/known')).body
    expect(known).toContain('the backup')
    expect(known).toContain('release 2.4')
  })

  it('say nothing of what was not done, whatever the address claims', async () => {
    const page = await site().server.inject(`/clusters/${OPEN.id}?done=accept`)
    expect(page.body).not.toContain('Accepted.')
  })

  it('load nothing, run nothing, and send forms to nobody else', async () => {
    const { server, post } = site()
    const answers = [await server.inject('/'), await post({ token: 'wrong' })]
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*form-action 'self'/)
    }
  })
})
