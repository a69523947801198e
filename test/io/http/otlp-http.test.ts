import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { afterEach, describe, expect, it } from 'vitest'
import { Detector } from '../../../src/detector/detector.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import { type OtlpHttpSettings, OtlpHttpSource } from '../../../src/io/http/otlp-http.ts'
import { createLog, silentLog } from '../../../src/io/telemetry/log.ts'
import {
  encodeLogsJson,
  encodeLogsProto,
  type OtlpLogRecord,
} from '../../../src/otlp/encode-logs.ts'
import {
  encodeTracesJson,
  encodeTracesProto,
  type OtlpResourceSpans,
} from '../../../src/otlp/encode-traces.ts'
import { detectorSettings } from '../../detector-settings.ts'
import { inFrames } from '../zstd-in-frames.ts'

const PROTO = 'application/x-protobuf'
const JSON_TYPE = 'application/json'
const started: OtlpHttpSource[] = []

const SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  maxBodyBytes: 100_000,
  maxRequests: 10,
  maxBytesInFlight: 200_000,
  idleTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  queueRecords: 5,
  queueBytes: 200_000,
  logBytes: 1_000_000,
  ignoreServices: ['medoscope'],
  categories: ['http.response.status_code'],
  withLogs: true,
  sessionKeys: ['session.id'],
}
const LOG_SETTINGS = {
  keys: ['session.id'],
  patterns: [],
  session: { gapMs: 1000, maxAgeMs: 60_000, maxRecords: 100, maxOpen: 100, maxJumpMs: 60_000 },
}
const directories: string[] = []

function newDirectory(): string {
  directories.push(mkdtempSync(join(tmpdir(), 'medoscope-otlp-http-')))
  return directories.at(-1) ?? ''
}

async function start(settings: Partial<OtlpHttpSettings> = {}): Promise<OtlpHttpSource> {
  const source = new OtlpHttpSource(
    { ...SETTINGS, logDirectory: newDirectory(), ...settings },
    silentLog,
  )
  started.push(source)
  await source.start()
  return source
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((source) => source.stop()))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

async function post(
  source: OtlpHttpSource,
  body: Uint8Array | string,
  headers: Record<string, string> = { 'content-type': PROTO },
  path = '/v1/traces',
): Promise<{ status: number; headers: Headers; bytes: Buffer; text: string }> {
  const response = await fetch(source.address + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : Buffer.from(body),
    headers,
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() }
}

function traces(service: string, spans = 2): OtlpResourceSpans[] {
  return [
    {
      attributes: { 'service.name': service },
      scope: 'test',
      spans: Array.from({ length: spans }, (_, n) => ({
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: `b7ad6b716920333${n}`,
        parentSpanId: '',
        name: 'GET /',
        kind: 2,
        status: 0,
        startNs: 1_790_000_000_000_000_000n,
        endNs: 1_790_000_000_001_000_000n,
        attributes: {},
      })),
    },
  ]
}

/** google.rpc.Status and ExportTraceServiceResponse, as protobufjs reads them. */
const oracle = protobuf.parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; }
  message Partial { int64 rejected_spans = 1; string error_message = 2; }
  message Response { Partial partial_success = 1; }`).root

function logs(service: string, records = 2): Uint8Array<ArrayBuffer> {
  return encodeLogsProto({ 'service.name': service }, logRecords(records))
}

function logRecords(records: number): OtlpLogRecord[] {
  return Array.from({ length: records }, (_, n) => ({
    timeMs: 1_790_000_000_000 + n,
    ...{ traceId: '', spanId: '', severityNumber: 9, severityText: 'INFO', eventName: '' },
    body: `order ${n} is paid`,
    attributes: { 'session.id': 's1' },
  }))
}

function readProto(type: string, bytes: Buffer): Record<string, unknown> {
  const message = oracle.lookupType(type)
  return message.toObject(message.decode(bytes), { longs: Number })
}

describe('a traces body', () => {
  it.each([
    ['protobuf', PROTO, encodeTracesProto, 'otlp_proto', ''],
    ['JSON', JSON_TYPE, encodeTracesJson, 'otlp_json', '{}'],
    ['JSON with a charset', `${JSON_TYPE}; charset=utf-8`, encodeTracesJson, 'otlp_json', '{}'],
  ] as const)(
    'in %s is taken as it is and answered in kind',
    async (_, type, encode, encoding, answer) => {
      const source = await start()
      const body = encode(traces('shop'))
      const { status, headers, text } = await post(source, body, { 'content-type': type })
      expect([status, headers.get('content-type'), text]).toEqual([200, type.split(';')[0], answer])
      const batch = await source.poll(10, 1000)
      expect(batch?.records).toEqual([
        {
          partition: 'otlp_http/0',
          offset: 1n,
          encoding,
          signal: 'traces',
          body: Buffer.from(body),
          timestampMs: expect.any(Number),
          keyed: false,
        },
      ])
    },
  )

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('compressed with %s is decompressed', async (coding, compress) => {
    const source = await start()
    const body = encodeTracesProto(traces('shop'))
    const headers = { 'content-type': PROTO, 'content-encoding': coding }
    expect((await post(source, compress(body), headers)).status).toBe(200)
    expect((await source.poll(10, 1000))?.records[0]?.body).toEqual(Buffer.from(body))
  })

  it('in several zstd frames, some of them to be skipped, is read whole', async () => {
    const source = await start()
    const body = encodeTracesProto(traces('shop'))
    const packed = inFrames(body)
    const headers = { 'content-type': PROTO, 'content-encoding': 'zstd' }
    expect((await post(source, packed, headers)).status).toBe(200)
    expect((await source.poll(10, 1000))?.records[0]?.body).toEqual(Buffer.from(body))
    expect((await post(source, packed.subarray(0, -3), headers)).status).toBe(400)
  })

  it('that is empty is a success and no record', async () => {
    const source = await start()
    expect((await post(source, '')).status).toBe(200)
    expect((await post(source, '{}', { 'content-type': JSON_TYPE })).status).toBe(200)
    expect(source.queue.length).toBe(1) // `{}` is two bytes that say nothing
  })

  it('with spans that are not watched is a partial success', async () => {
    const source = await start()
    const body = [...traces('shop', 1), ...traces('medoscope', 3)]
    const asProto = await post(source, encodeTracesProto(body))
    expect(asProto.status).toBe(200)
    expect(readProto('Response', asProto.bytes)).toEqual({
      partialSuccess: { rejectedSpans: 3, errorMessage: 'not watched: spans of medoscope' },
    })
    const asJson = await post(source, encodeTracesJson(body), { 'content-type': JSON_TYPE })
    expect(JSON.parse(asJson.text)).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'not watched: spans of medoscope' },
    })
  })
})

describe('a logs body', () => {
  const LOGS = '/v1/logs'

  it.each([
    ['protobuf', PROTO, encodeLogsProto, 'otlp_proto', ''],
    ['JSON', JSON_TYPE, encodeLogsJson, 'otlp_json', '{}'],
  ] as const)(
    'in %s is taken, and is known as logs when it is read again after a crash',
    async (_, type, encode, encoding, answer) => {
      const logDirectory = newDirectory()
      const source = await start({ logDirectory })
      const body = encode({ 'service.name': 'shop' }, logRecords(3))
      const headers = { 'content-type': type, 'content-encoding': 'gzip' }
      const { status, text } = await post(source, gzipSync(body), headers, LOGS)
      expect([status, text]).toEqual([200, answer])
      const empty = encodeTracesProto([])
      expect((await post(source, empty, { 'content-type': PROTO })).status).toBe(200)
      await source.stop()
      const again = await start({ logDirectory })
      const [record] = (await again.poll(10, 1000))?.records ?? []
      expect(record).toMatchObject({ encoding, signal: 'logs', body: Buffer.from(body) })
      const core = new Detector(detectorSettings({ logs: LOG_SETTINGS }))
      core.step(record ? [record] : [], 0, emptyOutput())
      expect(core.counts().records).toMatchObject({ logRecords: 3, spans: 0, undecodable: 0 })
    },
  )

  it('without a single record is logs all the same', async () => {
    const source = await start()
    await post(source, '{}', { 'content-type': JSON_TYPE }, LOGS)
    expect((await source.poll(10, 1000))?.records).toMatchObject([{ signal: 'logs' }])
  })

  it('with records that are not watched is a partial success', async () => {
    const source = await start()
    const { status, bytes } = await post(source, logs('medoscope', 3), undefined, LOGS)
    expect(status).toBe(200)
    expect(readProto('Response', bytes)).toEqual({
      partialSuccess: { rejectedSpans: 3, errorMessage: 'not watched: log records of medoscope' },
    })
  })

  it('of which a record is no good is told so, and the core says the same', async () => {
    const source = await start()
    const good = new TextDecoder().decode(encodeLogsJson({}, logRecords(3)))
    const body = good.replace('"timeUnixNano":"1790000000001000000"', '"timeUnixNano":"soon"')
    expect(body).not.toBe(good)
    const { status, text } = await post(source, body, { 'content-type': JSON_TYPE }, LOGS)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage: expect.stringContaining('logRecords[1]'),
      },
    })
    const core = new Detector(detectorSettings({ logs: LOG_SETTINGS }))
    core.step((await source.poll(1, 0))?.records ?? [], 0, emptyOutput())
    expect(core.counts().records).toMatchObject({ logRecords: 2, rejectedSpans: 1 })
  })

  it('is refused where it cannot be decoded, is too large, or finds no room, like traces', async () => {
    const source = await start({ maxBodyBytes: 5000, queueRecords: 1 })
    const damaged = await post(source, Uint8Array.of(0x0a, 0xff, 0x01), undefined, LOGS)
    expect(damaged.status).toBe(400)
    expect(readProto('Status', damaged.bytes)).toMatchObject({
      message: expect.stringContaining('not an OTLP logs body'),
    })
    const wrong = await post(source, encodeTracesProto(traces('shop')), undefined, LOGS)
    expect(wrong.status).toBe(400)
    const spans = encodeTracesJson(traces('shop'))
    const asJson = await post(source, spans, { 'content-type': JSON_TYPE }, LOGS)
    expect([asJson.status, asJson.text]).toEqual([400, expect.stringContaining('holds traces')])
    const lists = await post(source, '{"resourceLogs": 7}', { 'content-type': JSON_TYPE }, LOGS)
    expect(lists.status).toBe(400)
    expect((await post(source, new Uint8Array(5001), undefined, LOGS)).status).toBe(413)
    expect((await post(source, 'x', { 'content-type': 'text/plain' }, LOGS)).status).toBe(415)
    expect((await post(source, logs('shop'), undefined, LOGS)).status).toBe(200)
    const full = await post(source, logs('shop'), undefined, LOGS)
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1'])
  })

  it('where logs are not judged is rejected as a whole, saying which key to set, and fills no disk', async () => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const log = createLog({ level: 'info', format: 'text', write, wall: () => 0 })
    const settings = { ...SETTINGS, logDirectory: newDirectory(), withLogs: false, sessionKeys: [] }
    const source = new OtlpHttpSource(settings, log)
    started.push(source)
    await source.start()
    for (let i = 0; i < 3; i++) {
      const { status, bytes } = await post(source, logs('shop', 4), undefined, LOGS)
      expect(status).toBe(200)
      expect(readProto('Response', bytes)).toEqual({
        partialSuccess: {
          rejectedSpans: 4,
          errorMessage: expect.stringContaining('logs.session.keys'),
        },
      })
    }
    expect([source.skippedLogs, source.queue.length, source.logBytes]).toEqual([3, 0, 0])
    expect(lines.filter((line) => line.includes('logs.session.keys'))).toHaveLength(1)
  })

  it('that was kept before logs were no longer judged becomes a dead letter', () => {
    const core = new Detector(detectorSettings({ logs: null }))
    const output = emptyOutput()
    const kept = { partition: 'otlp_http/0', offset: 1n, encoding: 'otlp_proto' } as const
    const record = { ...kept, signal: 'logs', body: logs('shop'), timestampMs: 0 } as const
    core.step([{ ...record, keyed: false }], 0, output)
    expect(output.deadLetters).toMatchObject([
      { reason: expect.stringContaining('logs.session.keys') },
    ])
  })
})

describe('what cannot be taken', () => {
  it('is 400 with a google.rpc.Status in the same encoding when it cannot be decoded', async () => {
    const source = await start()
    const asProto = await post(source, Uint8Array.of(0x0a, 0xff, 0x01))
    expect([asProto.status, asProto.headers.get('content-type')]).toEqual([400, PROTO])
    expect(readProto('Status', asProto.bytes)).toMatchObject({
      code: 3,
      message: expect.stringContaining('not an OTLP traces body'),
    })
    const asJson = await post(source, '{"resourceSpans": 7}', { 'content-type': JSON_TYPE })
    expect(asJson.status).toBe(400)
    expect(JSON.parse(asJson.text)).toEqual({
      code: 3,
      message: expect.stringContaining('resourceSpans'),
    })
    expect(source.queue.length).toBe(0)
  })

  it('is 413 beyond the limit, as received and as decompressed', async () => {
    const source = await start({ maxBodyBytes: 5000 })
    expect((await post(source, new Uint8Array(5001))).status).toBe(413)
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    expect(bomb.length).toBeGreaterThan(5000)
    const small = gzipSync(Buffer.alloc(100_000))
    expect(small.length).toBeLessThan(5000)
    const headers = { 'content-type': PROTO, 'content-encoding': 'gzip' }
    const answer = await post(source, small, headers)
    expect(answer.status).toBe(413)
    expect(readProto('Status', answer.bytes)).toMatchObject({
      message: expect.stringContaining('larger than 5000 bytes'),
    })
  })

  it.each([
    ['text/plain', '', 415],
    ['', '', 415],
    [PROTO, 'br', 415],
    [PROTO, 'gzip', 400],
    [PROTO, '__proto__', 415],
  ])('is refused for its type %j or coding %j', async (type, coding, status) => {
    const source = await start()
    const headers: Record<string, string> = { 'content-type': type }
    if (coding) headers['content-encoding'] = coding
    expect((await post(source, Uint8Array.of(1, 2, 3), headers)).status).toBe(status)
  })

  it('is 404 for metrics, saying what to send instead', async () => {
    const source = await start()
    const answer = await post(source, '{}', { 'content-type': JSON_TYPE }, '/v1/metrics')
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('does not take metrics')
    for (const signal of ['traces', 'logs']) {
      expect((await fetch(`${source.address}/v1/${signal}`)).status).toBe(405)
    }
    expect((await fetch(`${source.address}/`)).status).toBe(404)
  })

  it('is 429 with Retry-After when the queue is full, in records or in bytes', async () => {
    const body = encodeTracesProto(traces('shop'))
    for (const limits of [{ queueRecords: 2 }, { queueBytes: body.length * 2 + 10 }]) {
      const source = await start(limits)
      const answers = [await post(source, body), await post(source, body), await post(source, body)]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
      expect(answers[2]?.headers.get('retry-after')).toBe('1')
      expect(source.responses).toEqual(
        new Map([
          [200, 2],
          [429, 1],
        ]),
      )
      await source.poll(1, 0)
      expect((await post(source, body)).status).toBe(200)
    }
  })

  it('is 429 when too many are being received, and senders that hang up give their place back', async () => {
    const source = await start({ maxRequests: 1 })
    const { port, hostname } = new URL(source.address)
    const slow = connect(Number(port), hostname)
    slow.write(
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${PROTO}\r\ncontent-length: 100\r\n\r\nabc`,
    )
    await expect.poll(async () => (await post(source, '')).status).toBe(429)
    slow.destroy()
    await expect.poll(async () => (await post(source, '')).status).toBe(200)
  })
})

describe('slow and greedy senders', () => {
  const half = (length = 100): string =>
    `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${PROTO}\r\ncontent-length: ${length}\r\n\r\nabc`

  it('do not keep others out: silent ones give way', async () => {
    const source = await start({ maxRequests: 8 })
    const { port, hostname } = new URL(source.address)
    const slow = Array.from({ length: 64 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    )
    for (const socket of slow) socket.write(half())
    const begun = performance.now()
    const body = encodeTracesProto(traces('shop'))
    await expect.poll(async () => (await post(source, body)).status, { timeout: 5_000 }).toBe(200)
    expect(performance.now() - begun).toBeLessThan(5_000)
    expect(source.evicted).toBeGreaterThan(0)
    for (const socket of slow) socket.destroy()
  })

  /** 64 connections, each with this as its first words; and for each, how long until it was closed. */
  async function crowd(source: OtlpHttpSource, words: string): Promise<[Socket[], number[]]> {
    const { port, hostname } = new URL(source.address)
    const closedMs: number[] = []
    const begun = performance.now()
    const sockets = Array.from({ length: 64 }, () => {
      const socket = connect(Number(port), hostname).on('error', () => undefined)
      // What is not read keeps a connection from being seen to end.
      socket.resume()
      return socket.on('close', () => closedMs.push(performance.now() - begun))
    })
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    if (words !== '') for (const socket of sockets) socket.write(words)
    return [sockets, closedMs]
  }

  it.each([
    ['says nothing', ''],
    ['says half a header', 'POST /v1/traces HTTP/1.1\r\nhost: x\r\n'],
    ['says a header and no body', half().slice(0, -3)],
    ['says a header and half a body', half()],
  ])('that %s are closed after the idle time, while others are served', async (_, words) => {
    const source = await start({ maxRequests: 64, idleTimeoutMs: 500, queueRecords: 100 })
    const [sockets, closedMs] = await crowd(source, words)
    const body = encodeTracesProto(traces('shop'))
    await expect.poll(async () => (await post(source, body)).status, { timeout: 5_000 }).toBe(200)
    await expect.poll(() => closedMs.length, { timeout: 10_000 }).toBe(sockets.length)
    expect(Math.min(...closedMs)).toBeGreaterThan(400)
    expect((await post(source, body)).status).toBe(200)
  })

  it('that say a byte now and then are closed after the time for a request', async () => {
    const source = await start({ maxRequests: 64, requestTimeoutMs: 1_000, idleTimeoutMs: 700 })
    const [sockets, closedMs] = await crowd(source, half())
    const dripping = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write('x')
    }, 100)
    await expect.poll(() => closedMs.length, { timeout: 10_000 }).toBe(sockets.length)
    clearInterval(dripping)
    expect(Math.min(...closedMs)).toBeGreaterThan(900)
    expect((await post(source, encodeTracesProto(traces('shop')))).status).toBe(200)
  })

  it('that say a byte now and then give way to others before that', async () => {
    const source = await start({ maxRequests: 8 })
    const [sockets] = await crowd(source, half(50_000))
    const dripping = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write('x')
    }, 100)
    const body = encodeTracesProto(traces('shop'))
    await expect.poll(async () => (await post(source, body)).status, { timeout: 5_000 }).toBe(200)
    clearInterval(dripping)
    expect(source.evicted).toBeGreaterThan(0)
    for (const socket of sockets) socket.destroy()
  })

  it('are held to the bytes in flight over all requests', async () => {
    const source = await start({ maxBytesInFlight: 100_000, queueRecords: 100 })
    const { port, hostname } = new URL(source.address)
    const big = connect(Number(port), hostname).on('error', () => undefined)
    big.write(half(95_000))
    big.write('x'.repeat(90_000))
    const large = Buffer.alloc(50_000)
    await expect.poll(async () => (await post(source, large)).status).toBe(429)
    big.destroy()
    await expect.poll(async () => (await post(source, large)).status).toBe(400)
  })

  it('of small bodies that become large ones wait for each other and lose nothing', async () => {
    const source = await start({
      maxBytesInFlight: 100_000,
      queueRecords: 100,
      queueBytes: 5_000_000,
      logBytes: 10_000_000,
    })
    const body = gzipSync(encodeTracesProto([...Array(300)].flatMap(() => traces('shop'))))
    const headers = { 'content-type': PROTO, 'content-encoding': 'gzip' }
    const answers = await Promise.all([...Array(10)].map(() => post(source, body, headers)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(source.queue.length).toBe(10)
  })
})

describe('spans that are no good', () => {
  it('are told as the detector will leave them out: the check and the core agree', async () => {
    const source = await start()
    for (const [name, type, place] of [
      ['zero-span-id.jsonl', JSON_TYPE, 'resourceSpans[0].scopeSpans[0].spans[50].spanId'],
      ['int-out-of-range.jsonl', JSON_TYPE, 'spans[50].attributes[0].value'],
      ['empty-span-id.pb', PROTO, 'span without a span id at byte'],
    ] as const) {
      const file = readFileSync(new URL(`../../fixtures/cases/${name}`, import.meta.url))
      const body = type === PROTO ? file.subarray(4) : file
      const { status, bytes } = await post(source, body, { 'content-type': type })
      expect(status).toBe(200)
      const text = bytes.toString()
      expect(text).toContain(place)
      if (type === JSON_TYPE)
        expect(JSON.parse(text)).toMatchObject({ partialSuccess: { rejectedSpans: '1' } })
      const core = new Detector(detectorSettings())
      const output = emptyOutput()
      core.step((await source.poll(1, 0))?.records ?? [], 0, output)
      expect(core.counts().records).toMatchObject({ spans: 99, rejectedSpans: 1, undecodable: 0 })
    }
  })
})

describe('as a source', () => {
  it('waits for the first record and no longer than told', async () => {
    const source = await start()
    expect(await source.poll(10, 5)).toEqual({ records: [], revoked: [] })
    const waiting = source.poll(10, 60_000)
    await post(source, encodeTracesProto(traces('shop')))
    expect((await waiting)?.records).toHaveLength(1)
  })

  it('goes on counting offsets where a checkpoint ended', async () => {
    const source = await start()
    await source.seek(new Map([['otlp_http/0', 7n]]))
    await post(source, encodeTracesProto(traces('shop')))
    await post(source, encodeTracesProto(traces('shop')))
    expect(source.lag().get('otlp_http/0')).toEqual({ records: 2 })
    expect((await source.poll(10, 0))?.records.map(({ offset }) => offset)).toEqual([7n, 8n])
  })

  it('keeps what it acknowledged and did not give over a stop, and gives it at the next start', async () => {
    const logDirectory = newDirectory()
    const first = await start({ logDirectory })
    const sent = ['a', 'b', 'c'].map((name) => encodeTracesProto(traces(name)))
    for (const body of sent) expect((await post(first, body)).status).toBe(200)
    expect((await first.poll(1, 0))?.records).toHaveLength(1)
    await first.commit(new Map([['otlp_http/0', 2n]]))
    await first.stop()
    await expect(post(first, '')).rejects.toThrow()
    expect(await first.poll(10, 60_000)).toBeNull()
    const second = await start({ logDirectory })
    expect(second.queue.length).toBe(2)
    const again = (await second.poll(10, 0))?.records ?? []
    expect(again.map(({ body }) => Buffer.from(body))).toEqual(
      sent.slice(1).map((b) => Buffer.from(b)),
    )
    expect(again.map(({ offset }) => offset)).toEqual([2n, 3n])
  })

  it('answers 503 while the disk takes nothing, and keeps nothing of it', async () => {
    const logDirectory = newDirectory()
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const log = createLog({ level: 'info', format: 'text', write, wall: () => 0 })
    const source = new OtlpHttpSource({ ...SETTINGS, logDirectory }, log)
    started.push(source)
    await source.start()
    const body = encodeTracesProto(traces('shop'))
    rmSync(logDirectory, { recursive: true })
    for (let i = 0; i < 3; i++) {
      const { status, headers } = await post(source, body)
      expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    }
    expect(source.queue.length).toBe(0)
    expect(lines.filter((line) => line.includes('cannot keep what it is sent'))).toHaveLength(1)
    mkdirSync(logDirectory)
    expect((await post(source, body)).status).toBe(200)
    expect((await source.poll(10, 0))?.records).toHaveLength(1)
  })

  it('says which key to change when the port is taken', async () => {
    const source = await start()
    const { port } = new URL(source.address)
    await expect(start({ port: Number(port) })).rejects.toThrow('input.otlp_http.port')
  })

  it('can be stopped before it starts and twice', async () => {
    const source = new OtlpHttpSource({ ...SETTINGS, logDirectory: newDirectory() }, silentLog)
    await source.stop()
    await source.stop()
  })
})
