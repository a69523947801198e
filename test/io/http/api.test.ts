import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../src/contract/signature.ts'
import { ClusterStore } from '../../../src/io/cluster-store.ts'
import { registerClusterRoutes } from '../../../src/io/http/api.ts'
import { evidenceResources } from '../../../src/io/http/evidence-otlp.ts'
import { slotTable } from '../../../src/otlp/attribute-slots.ts'
import { decodeTracesJson } from '../../../src/otlp/decode-json.ts'
import { RejectedSpans } from '../../../src/otlp/rejected-spans.ts'
import { SpanColumns } from '../../../src/otlp/span-columns.ts'
import { Vocabulary } from '../../../src/otlp/vocabulary.ts'
import type { LearningState } from '../../../src/ui/clusters-page.ts'
import { exampleCluster } from '../../ui/example-cluster.ts'

const LEARNING: LearningState = {
  state: 'live',
  observations: 1,
  progress: 1,
  missing: [],
  modelInstalledMs: null,
  watermarkMs: 1,
  behindMs: 0,
  strata: 12,
  coverage: { share: 1, seen: 0, unjudged: [] },
  senders: [],
}

function served(runbooks: string | null = null) {
  const store = new ClusterStore()
  store.seed([exampleCluster(), exampleCluster({ id: 'c-old', state: 'resolved', closedMs: 1 })])
  const server = fastify()
  registerClusterRoutes(server, {
    store,
    learning: () => LEARNING,
    coverage: () => ({ judged_ratio: 0.97 }),
    runbooks,
  })
  return server
}

async function get(url: string, server = served()) {
  return server.inject({ method: 'GET', url })
}

describe('the API of anomaly clusters', () => {
  it('lists open and past clusters without their spans', async () => {
    const { clusters } = (await get('/api/v1/anomaly-clusters')).json()
    expect(clusters.map((one: { id: string }) => one.id)).toEqual(['c-7f3a01', 'c-old'])
    expect(clusters[0]).toMatchObject({
      state: 'open',
      severity: 'critical',
      page: '/clusters/c-7f3a01',
      representativeTraceId: 'fedcba9876543210fedcba9876543210',
      nearestNormalTraceId: '0123456789abcdef0123456789abcdef',
    })
    expect(clusters[0].representative).toBeUndefined()
    const past = (await get('/api/v1/anomaly-clusters?state=past')).json()
    expect(past.clusters).toHaveLength(1)
    expect((await get('/api/v1/anomaly-clusters?state=closed')).statusCode).toBe(400)
  })

  it('gives one cluster with both traces, and each as OTLP that our own reader takes', async () => {
    const one = (await get('/api/v1/anomaly-clusters/c-7f3a01')).json()
    expect(one.representative.spans).toHaveLength(9)
    const columns = new SpanColumns(slotTable([]).stride)
    const target = {
      columns,
      names: new Vocabulary(1000),
      values: new Vocabulary(1000),
      slots: slotTable([]),
      ignoreServices: new Set<string>(),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
    const body = new TextEncoder().encode(JSON.stringify(one.representativeOtlp))
    expect(decodeTracesJson(body, target)).toBe(9)
    const names = Array.from(columns.of.name.subarray(0, 9), (id) => target.names.text(id))
    expect(names).toContain('Convert')
    const convert = names.indexOf('Convert')
    expect(columns.of.durationNs[convert]).toBe(592e6)
    expect(one.nearestNormalOtlp.resourceSpans).toHaveLength(7)
  })

  it('answers 404 for what it does not have', async () => {
    expect((await get('/api/v1/anomaly-clusters/none')).statusCode).toBe(404)
    const page = await get('/clusters/%3Cscript%3E')
    expect(page.statusCode).toBe(404)
    expect(page.body).not.toContain('<script')
  })

  it('serves pages that may load nothing', async () => {
    for (const url of ['/', '/clusters/c-7f3a01']) {
      const page = await get(url)
      expect(page.statusCode).toBe(200)
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(page.headers['content-security-policy']).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      )
      expect(page.body).toContain('currency Convert')
    }
  })

  it('serves runbooks by name and no other file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'medoscope-runbooks-'))
    writeFileSync(join(folder, 'drift.md'), '# Drift')
    const server = served(folder)
    expect((await get('/runbooks/drift.md', server)).body).toBe('# Drift')
    for (const name of ['churn.md', '..%2Fdrift.md', '%2Fetc%2Fpasswd', 'drift.MD', 'drift']) {
      expect((await get(`/runbooks/${name}`, server)).statusCode, name).toBe(404)
    }
    expect((await get('/runbooks/drift.md')).statusCode).toBe(404)
  })
})

describe('accepting a cluster over HTTP', () => {
  const asked: [string, Answer][] = []

  async function accept(
    id: string,
    options: { body?: unknown; token?: string; given?: string } = {},
  ) {
    const { body, token = 'secret', given = 'secret' } = options
    const store = new ClusterStore()
    store.seed([exampleCluster(), exampleCluster({ id: 'c-old', state: 'resolved', closedMs: 1 })])
    const server = fastify()
    registerClusterRoutes(server, {
      store,
      learning: () => LEARNING,
      coverage: () => ({ judged_ratio: 1 }),
      token,
      changes: {
        accept: async (cluster, said) => {
          if (said.reason === 'on a full disk') throw new Error('disk full')
          asked.push([cluster, said])
          return cluster === 'c-7f3a01'
        },
        unaccept: async () => false,
        describe: async () => false,
      },
    })
    const response = await server.inject({
      method: 'POST',
      url: `/api/v1/anomaly-clusters/${id}/accept`,
      headers: { authorization: `Bearer ${given}` },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    return { status: response.statusCode, body: response.json() }
  }

  it('passes on which and why, with or without a body', async () => {
    const done = { status: 200, body: { id: 'c-7f3a01', state: 'accepted' } }
    expect(await accept('c-7f3a01')).toEqual(done)
    expect(await accept('c-7f3a01', { body: { reason: 'release 2.4' } })).toEqual(done)
    const body = { reason: 'release', by: 'ada', until: '2026-12-24T00:00:00Z' }
    expect(await accept('c-7f3a01', { body })).toEqual(done)
    expect(asked).toEqual([
      ['c-7f3a01', {}],
      ['c-7f3a01', { reason: 'release 2.4', by: '' }],
      ['c-7f3a01', { reason: 'release', by: 'ada', untilMs: Date.UTC(2026, 11, 24) }],
    ])
  })

  it('needs the token, and one that is set', async () => {
    asked.length = 0
    expect((await accept('c-7f3a01', { given: 'wrong' })).status).toBe(401)
    expect((await accept('c-7f3a01', { token: '', given: '' })).status).toBe(403)
    expect(asked).toEqual([])
  })

  it('says what cannot be accepted, and why', async () => {
    expect(await accept('c-old')).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('accepted already') },
    })
    expect(await accept('c-none')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('no such') },
    })
    expect(await accept('c-7f3a01', { body: { reason: 7 } })).toMatchObject({ status: 400 })
    expect(await accept('c-7f3a01', { body: ['x'] })).toMatchObject({ status: 400 })
    expect(await accept('c-7f3a01', { body: { until: 'soon' } })).toMatchObject({ status: 400 })
    expect(await accept('c-7f3a01', { body: { by: {} } })).toMatchObject({ status: 400 })
    expect(await accept('c-7f3a01', { body: { reason: 'on a full disk' } })).toMatchObject({
      status: 503,
      body: { error: 'not accepted: disk full' },
    })
  })
})

describe('evidence as OTLP', () => {
  it('keeps ids, parents, and times to the nanosecond', () => {
    const { representative } = exampleCluster()
    if (!representative) throw new Error('the example has one')
    const trace = { ...representative, startMs: 1_767_323_045_000.25 }
    const spans = evidenceResources(trace).flatMap((resource) => resource.spans)
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace.traceId]))
    expect(spans[0]).toMatchObject({
      spanId: '0000000000000001',
      parentSpanId: '',
      startNs: 1_767_323_045_000_250_000n,
      endNs: 1_767_323_045_668_250_000n,
    })
    expect(spans.filter(({ parentSpanId }) => parentSpanId === '').length).toBe(1)
  })
})
