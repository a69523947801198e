import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Publication } from '../../src/contract/sink.ts'
import { systemClock } from '../../src/io/clock.ts'
import type { DeliveryFailure } from '../../src/io/delivery-failure.ts'
import { clusterLine, publicationLine, verdictLine } from '../../src/io/files/json-lines.ts'
import { JsonLinesFileSink, JsonLinesStreamSink } from '../../src/io/files/json-lines-sink.ts'
import { retryAfterMs } from '../../src/io/http/http-post.ts'
import { OtlpHttpSink } from '../../src/io/http/otlp-http-sink.ts'
import { WebhookSink, webhookMessages } from '../../src/io/http/webhook-sink.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { publicationRecords, RECORD_RESOURCE } from '../../src/otlp/anomaly-record.ts'
import { encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { SinkQueue } from '../../src/service/sink-queue.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'
import { anomaly, cluster, clusterChange, everyKind, verdict } from '../fakes/publications.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-sinks-'))
const receiver = new HttpReceiver()
beforeAll(() => receiver.start())
afterEach(() => {
  receiver.requests.length = 0
  receiver.status = 200
  receiver.silent = false
  receiver.answer = ''
  receiver.headers = {}
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
        '"reason":"time","services":["currency","shop"],"contributions":[{"term":"latency",' +
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
      {
        ...{ type: 'new_error', id: 'error-1', service: 'cart', times: 3 },
        first: '2026-09-21T14:13:20.000Z',
      },
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
      expect(readFileSync(path, 'utf8').split('\n')).toHaveLength((life + 1) * everyKind.length + 1)
      await sink.stop()
      await sink.stop()
    }
  })

  it('goes on behind its last whole line after a crash, and after a full disk', async () => {
    const path = join(directory, 'cut.jsonl')
    const [first, second, third] = everyKind.map(publicationLine) as [string, string, string]
    writeFileSync(path, `${first}${second.slice(0, -9)}`)
    const sink = new JsonLinesFileSink(path)
    await sink.start()
    expect(readFileSync(path, 'utf8')).toBe(first)
    await sink.publish(everyKind.slice(1, 2))
    await sink.stop()
    expect(readFileSync(path, 'utf8')).toBe(first + second)
    // What is not ours stays, on a line of its own.
    writeFileSync(path, 'notes of a person')
    const next = new JsonLinesFileSink(path)
    await next.start()
    await next.publish(everyKind.slice(2, 3))
    await next.stop()
    expect(readFileSync(path, 'utf8')).toBe(`notes of a person\n${third}`)
  })

  it('cuts what a write left that did not succeed before it writes again', async () => {
    // A limit of the shell in place of a full disk: the write that crosses it is cut and fails.
    const path = join(directory, 'full.jsonl')
    const script = `
      import { JsonLinesFileSink } from ${JSON.stringify(import.meta.resolve('../../src/io/files/json-lines-sink.ts'))}
      import { everyKind } from ${JSON.stringify(import.meta.resolve('../fakes/publications.ts'))}
      process.on('SIGXFSZ', () => undefined)
      const sink = new JsonLinesFileSink(${JSON.stringify(path)})
      await sink.start()
      let failures = 0
      for (let i = 0; i < 40; i++) await sink.publish(everyKind).catch(() => failures++)
      await sink.stop()
      process.stdout.write(String(failures))`
    const command = `ulimit -f 16; exec "$0" --input-type=module -e "$1"`
    const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, script], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(Number(stdout)).toBeGreaterThan(0)
    const again = new JsonLinesFileSink(path)
    await again.start()
    await again.publish(everyKind)
    await again.stop()
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
  })

  it('may be a device that can neither be cut nor flushed', async () => {
    const sink = new JsonLinesFileSink('/dev/null')
    await sink.start()
    await sink.publish(everyKind)
    await sink.stop()
    const full = new JsonLinesFileSink('/dev/full')
    await full.start()
    await expect(full.publish(everyKind)).rejects.toThrow(/ENOSPC/)
    await full.stop()
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
    const records = everyKind.flatMap(publicationRecords)
    expect(records).toHaveLength(3)
    expect(records[2]?.body).toContain('New, no baseline yet.')
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

  it('counts what the receiver says that it left out, and does not send it again', async () => {
    receiver.answer = '\n\x06\b\x02\x12\x02no'
    const sink = await build()
    const queue = new SinkQueue({
      ...{ sink, required: true, clock: systemClock, log: silentLog },
      ...{
        retry: { attempts: 1, backoffMs: 1, backoffMaxMs: 1 },
        onRefused: () => expect.unreachable(),
      },
    })
    queue.add(everyKind)
    await expect.poll(() => queue.isEmpty).toBe(true)
    expect(sink.rejected).toEqual({ count: 2, why: 'no' })
    expect(queue.state).toMatchObject({ refused: 2, failures: 0 })
    for (const nothing of ['{}', '\n\x63', 'thanks', '\n\x00']) {
      receiver.answer = nothing
      queue.add(everyKind)
      await expect.poll(() => queue.isEmpty).toBe(true)
    }
    expect(queue.state.refused).toBe(2)
    expect(receiver.requests).toHaveLength(5)
  })

  it('adds its path in front of what follows an address', async () => {
    await (await build(1000, `${receiver.url}/?key=1`)).publish(everyKind)
    expect(receiver.requests[0]?.url).toBe('/v1/logs?key=1')
  })

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
            labels: {
              alertname: 'MedoscopeAnomalyClusterCritical',
              cluster: 'c1',
              service: 'currency',
              severity: 'critical',
            },
            annotations: { summary: expect.stringContaining('currency Convert') },
            startsAt: '2026-09-21T14:13:30.000Z',
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: 'http://m/clusters/c1',
            fingerprint: 'c1-critical',
          },
        ],
      },
      {
        status: 'resolved',
        alerts: [
          { fingerprint: 'c2', endsAt: '2026-09-21T14:14:00.000Z' },
          { fingerprint: 'c2-critical', endsAt: '2026-09-21T14:14:00.000Z' },
        ],
      },
    ])
  })

  it('knows an alert again by labels that never change, whatever else does', () => {
    const labels = (more: Parameters<typeof cluster>[0]): unknown => {
      const [message] = webhookMessages([clusterChange('updated', more)], '')
      return (message as { alerts: { labels: unknown }[] }).alerts[0]?.labels
    }
    const warning = { severity: 'warning' } as const
    expect(labels(warning)).toEqual({
      alertname: 'MedoscopeAnomalyCluster',
      cluster: 'c1',
      service: 'currency',
      severity: 'warning',
    })
    const moved = {
      services: ['cart'],
      term: 'errors',
      place: 'elsewhere',
      observations: 9,
    } as const
    expect(labels({ ...warning, ...moved })).toEqual(labels(warning))
  })

  it('is not told of information', () => {
    const information = { severity: 'information', alerts: false } as const
    expect(webhookMessages([clusterChange('opened', information)], '')).toEqual([])
  })

  const failureOf = async (url = receiver.url): Promise<DeliveryFailure> => {
    const sink = new WebhookSink({ url, timeoutMs: 1000, externalUrl: '' })
    await sink.start()
    return await sink.publish(everyKind).then(
      () => expect.unreachable(),
      (error) => error as DeliveryFailure,
    )
  }

  it('that refuses for good says so, and one that is only busy does not', async () => {
    for (const [status, isFinal] of [
      [400, true],
      [401, true],
      [404, true],
      [413, true],
      [408, false],
      [429, false],
      [500, false],
      [503, false],
    ] as const) {
      receiver.status = status
      expect([status, (await failureOf()).isFinal]).toEqual([status, isFinal])
    }
  })

  it('is left alone for as long as it says, in seconds or until a time', async () => {
    receiver.status = 503
    receiver.headers = { 'retry-after': '17' }
    expect((await failureOf()).retryAfterMs).toBe(17_000)
    const now = Date.UTC(2026, 0, 5, 9)
    expect(retryAfterMs('Mon, 05 Jan 2026 09:00:30 GMT', now)).toBe(30_000)
    expect(retryAfterMs('Mon, 05 Jan 2026 08:00:00 GMT', now)).toBe(0)
    expect(retryAfterMs('soon', now)).toBe(0)
    expect(retryAfterMs(null, now)).toBe(0)
    expect(retryAfterMs('99999999', now)).toBe(3_600_000)
  })

  it('that redirects is not followed, and nothing is sent anywhere else', async () => {
    const elsewhere = await new HttpReceiver().start()
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.status = status
      receiver.headers = { location: `${elsewhere.url}/secret-path` }
      const { message, isFinal } = await failureOf()
      expect(message).toContain(`${status}, a redirect to ${new URL(elsewhere.url).host}`)
      expect(message).not.toContain('secret-path')
      expect(isFinal).toBe(false)
    }
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })

  it('gets credentials of its address as a header, and no message shows them', async () => {
    const url = receiver.url.replace('http://', 'http://us%40er:pa55@')
    receiver.status = 403
    expect((await failureOf(`${url}/hook`)).message).not.toMatch(/pa55|us%40er|us@er/)
    expect((await failureOf('http://user:pa55@127.0.0.1:1/')).message).not.toMatch(/pa55|user/)
    const { headers, url: path } = receiver.requests[0] ?? expect.unreachable()
    expect(headers.authorization).toBe(`Basic ${btoa('us@er:pa55')}`)
    expect(path).toBe('/hook')
    // No character is written so: it is part of the password itself.
    await failureOf(receiver.url.replace('http://', 'http://user:50%off@'))
    expect(receiver.requests.at(-1)?.headers.authorization).toBe(`Basic ${btoa('user:50%off')}`)
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
