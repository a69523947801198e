import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Publication } from '../../src/contract/sink.ts'
import { clusterLine, publicationLine, verdictLine } from '../../src/io/files/json-lines.ts'
import { JsonLinesFileSink, JsonLinesStreamSink } from '../../src/io/files/json-lines-sink.ts'
import { OtlpHttpSink } from '../../src/io/http/otlp-http-sink.ts'
import { WebhookSink, webhookMessages } from '../../src/io/http/webhook-sink.ts'
import {
  anomalyRecord,
  clusterChangeRecord,
  RECORD_RESOURCE,
} from '../../src/otlp/anomaly-record.ts'
import { encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'
import { anomaly, cluster, clusterChange, everyKind, verdict } from '../fakes/publications.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-sinks-'))
const receiver = new HttpReceiver()
beforeAll(() => receiver.start())
afterEach(() => {
  receiver.requests.length = 0
  receiver.status = 200
  receiver.silent = false
})
afterAll(async () => {
  await receiver.stop()
  rmSync(directory, { recursive: true })
})

describe('a line', () => {
  it('of a verdict has the keys of the contract, in their order, and the time in ISO 8601', () => {
    expect(verdictLine(verdict)).toBe(
      '{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","time":"2026-09-21T14:13:20.123Z","kind":"trace",' +
        '"stratum":"trace shop GET /","score":0.25,"p":0.0004,"anomalous":true,"cluster":"n1",' +
        '"reason":"distance","services":["currency","shop"],"contributions":[{"term":"latency",' +
        '"element":"shop GET /","measure":"self_time","value":600,"medoid":6,"contribution":0.25}],' +
        '"model":"m1"}\n',
    )
  })

  it('of a cluster holds what a scorer and a person need', () => {
    expect(JSON.parse(clusterLine(cluster()))).toMatchObject({
      id: 'c1',
      opened: '2026-09-21T14:13:30.000Z',
      closed: null,
      first: '2026-09-21T14:13:20.000Z',
      services: ['currency', 'shop'],
      e_value: 1e12,
      observations: 58,
      representative: 'a'.repeat(32),
    })
  })

  it('of anything published begins with its type and is one line', () => {
    const lines = everyKind.map(publicationLine)
    for (const line of lines) expect(line.match(/\n/g)).toHaveLength(1)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        type: 'anomaly',
        id: 'anomaly-1',
        trace_id: 'a'.repeat(32),
        nearest_normal: 'c'.repeat(32),
      },
      { type: 'anomaly_cluster', id: 'c1', change: 'opened', time: '2026-09-21T14:13:50.000Z' },
      { type: 'dead_letter', offset: '12345678901234567', position: 17, bytes: 3, body: 'AQID' },
    ])
  })
})

describe('a file of JSON lines', () => {
  it('is appended to, and whole when publish resolves', async () => {
    const path = join(directory, 'made', 'anomalies.jsonl')
    for (let life = 0; life < 2; life++) {
      const sink = new JsonLinesFileSink(path)
      await sink.start()
      await sink.publish(everyKind)
      expect(readFileSync(path, 'utf8').split('\n')).toHaveLength((life + 1) * 3 + 1)
      await sink.stop()
      await sink.stop()
    }
  })

  it('that cannot be opened says which key is wrong', async () => {
    await expect(new JsonLinesFileSink(directory).start()).rejects.toThrow('output.file.path')
  })

  it('refuses what comes after its end', async () => {
    const sink = new JsonLinesFileSink(join(directory, 'x'))
    await sink.stop()
    await expect(sink.publish(everyKind)).rejects.toThrow()
  })
})

describe('a stream of JSON lines', () => {
  it('passes on what the stream says', async () => {
    let written = ''
    const stream = new Writable({
      write: (chunk, _, done) => {
        written += chunk
        done(written.length > 3000 ? new Error('the pipe is gone') : null)
      },
    })
    stream.on('error', () => undefined)
    const sink = new JsonLinesStreamSink(stream)
    await sink.start()
    await sink.publish(everyKind)
    expect(written).toBe(everyKind.map(publicationLine).join(''))
    await expect(sink.publish([...everyKind, ...everyKind])).rejects.toThrow('the pipe is gone')
    await sink.stop()
  })
})

describe('OTLP over HTTP', () => {
  const build = async (
    timeoutMs = 1000,
    endpoint = `${receiver.url}/base/`,
  ): Promise<OtlpHttpSink> => {
    const sink = new OtlpHttpSink({ endpoint, headers: { 'x-tenant': 'acme' }, timeoutMs })
    await sink.start()
    return sink
  }

  it('posts gzipped log records to /v1/logs, with the headers', async () => {
    const sink = await build()
    expect(sink.takes.has('dead_letter')).toBe(false)
    await sink.publish(everyKind)
    expect(receiver.requests).toHaveLength(1)
    const { url, headers, body } = receiver.requests[0] ?? { headers: {}, body: Buffer.alloc(0) }
    expect(url).toBe('/base/v1/logs')
    expect(headers).toMatchObject({
      'x-tenant': 'acme',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    })
    const records = [anomalyRecord(anomaly), clusterChangeRecord(clusterChange('opened'))]
    expect(gunzipSync(body)).toEqual(Buffer.from(encodeLogsProto(RECORD_RESOURCE, records)))
    await sink.stop()
    await sink.stop()
  })

  it('splits what is too much for one request', async () => {
    const many: Publication[] = Array.from({ length: 1001 }, () => ({ type: 'anomaly', anomaly }))
    await (await build()).publish(many)
    expect(receiver.requests).toHaveLength(3)
  })

  it.each([400, 404, 429, 500, 503])(
    'fails on %s, so that the batch is given again',
    async (status) => {
      receiver.status = status
      receiver.answer = 'no thanks'
      await expect((await build()).publish(everyKind)).rejects.toThrow(`${status} no thanks`)
    },
  )

  it('fails when nobody answers, in time or at all', async () => {
    receiver.silent = true
    await expect((await build(20)).publish(everyKind)).rejects.toThrow('timeout')
    const nobody = await build(1000, 'http://127.0.0.1:1')
    await expect(nobody.publish(everyKind)).rejects.toThrow('127.0.0.1:1')
  })
})

describe('a web hook', () => {
  it("is told of clusters in Alertmanager's form, firing and resolved apart", async () => {
    const sink = new WebhookSink({
      url: `${receiver.url}/secret`,
      timeoutMs: 1000,
      externalUrl: 'http://m',
    })
    await sink.start()
    const changes = [
      clusterChange('opened'),
      clusterChange('opened', { id: 'c2' }),
      clusterChange('closed', { id: 'c2', state: 'resolved', closedMs: 1_790_000_040_000 }),
    ]
    await sink.publish(changes.map((change) => ({ type: 'anomaly_cluster', change })))
    const messages = receiver.requests.map(({ body }) => JSON.parse(body.toString()))
    expect(messages).toMatchObject([
      {
        version: '4',
        status: 'firing',
        alerts: [
          {
            status: 'firing',
            labels: { cluster: 'c1', service: 'currency', term: 'self_time', severity: 'critical' },
            annotations: { summary: expect.stringContaining('currency Convert') },
            startsAt: '2026-09-21T14:13:30.000Z',
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: 'http://m/clusters/c1',
            fingerprint: 'c1',
          },
        ],
      },
      { status: 'resolved', alerts: [{ fingerprint: 'c2', endsAt: '2026-09-21T14:14:00.000Z' }] },
    ])
  })

  it('hears of the end of a cluster that was merged into another', () => {
    const messages = webhookMessages([clusterChange('merged', { mergedFrom: ['c7'] })], '')
    expect(messages).toMatchObject([
      { status: 'firing', alerts: [{ fingerprint: 'c1', generatorURL: '' }] },
      { status: 'resolved', alerts: [{ fingerprint: 'c7', labels: { cluster: 'c7' } }] },
    ])
  })

  it('fails without naming the path, which may be secret', async () => {
    receiver.status = 500
    const sink = new WebhookSink({
      url: `${receiver.url}/secret`,
      timeoutMs: 1000,
      externalUrl: '',
    })
    await sink.start()
    const publishing = sink.publish([{ type: 'anomaly_cluster', change: clusterChange('opened') }])
    const error = await publishing.catch((thrown: Error) => thrown)
    expect(String(error)).toContain('500')
    expect(String(error)).not.toContain('secret')
  })
})
