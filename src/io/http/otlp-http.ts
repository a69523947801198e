import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Encoding, Signal } from '../../contract/log-record.ts'
import type { Source, SourceBatch, SourceLag } from '../../contract/source.ts'
import { DecodeError } from '../../otlp/decode-error.ts'
import { documentSignal } from '../../otlp/document-signal.ts'
import { CONTENT_CODINGS, decompress, TooLarge } from '../decompress.ts'
import { RecordLog } from '../record-log.ts'
import { type Log, messageOf } from '../telemetry/log.ts'
import type { BodyCheck, CheckedBody } from './body-check.ts'
import { BodyReceiver } from './body-receiver.ts'
import { ByteBudget } from './byte-budget.ts'
import { LogsCheck } from './logs-check.ts'
import { exportResponse, type Rejected, RPC_CODES } from './otlp-http-response.ts'
import { buildServer, encodingOf, unsupportedType } from './otlp-http-server.ts'
import { busy, Refusal, tooLarge } from './refusal.ts'
import { TracesCheck } from './traces-check.ts'

export interface OtlpHttpSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** As received and as decompressed. */
  readonly maxBodyBytes: number
  /** Requests being received at once. */
  readonly maxRequests: number
  /** Bytes of requests being received, and again of bodies being decompressed, over all requests. */
  readonly maxBytesInFlight: number
  /** A connection on which nothing moves is closed; and so is a request that takes this long to come. */
  readonly idleTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Bodies that wait for the detector. */
  readonly queueRecords: number
  readonly queueBytes: number
  /** Where bodies are kept until what follows from them is committed. */
  readonly logDirectory: string
  /** Most bytes there. */
  readonly logBytes: number
  /** Services whose spans the detector leaves out; senders are told. */
  readonly ignoreServices: readonly string[]
  /** Attributes that the detector compares: the check looks at what it looks at. */
  readonly categories: readonly string[]
  /** Whether logs are judged; else they are read, counted and not kept. */
  readonly withLogs: boolean
  /** Attributes by which log records form sessions, as for `categories`. */
  readonly sessionKeys: readonly string[]
}

export const OTLP_HTTP_PARTITION = 'otlp_http/0'

const NOT_JUDGED =
  'logs are not judged: set logs.traces.join, or logs.session.keys, which say how log records belong together'

/**
 * The OTLP/HTTP receiver as a source: `POST /v1/traces` and `/v1/logs`, protobuf or JSON. A body is acknowledged once
 * it is durable in a log of its own, so that a crash loses nothing that a sender was told is taken; it
 * is read, committed and read again like any other log. When too much waits the answer is 429, and
 * when the disk takes nothing 503; senders wait.
 */
export class OtlpHttpSource implements Source {
  readonly name = 'otlp_http'
  /** Answers by status code. */
  readonly responses = new Map<number, number>()
  /** Bodies with logs that were not kept, as logs are not judged. */
  skippedLogs = 0
  readonly #settings: OtlpHttpSettings
  readonly #log: Log
  readonly #records: RecordLog
  readonly #checks: Readonly<Record<Signal, Pick<BodyCheck, 'check'>>>
  readonly #bodies: BodyReceiver
  /** For what bodies become when they are decompressed. */
  readonly #unpacked: ByteBudget
  #server: FastifyInstance | null = null
  #from: bigint | null = null
  #stopped = false
  #isUnwritable = false

  constructor(settings: OtlpHttpSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    const { logDirectory: directory, logBytes: maxBytes } = settings
    this.#records = new RecordLog({ directory, partition: OTLP_HTTP_PARTITION, maxBytes })
    this.#checks = {
      traces: new TracesCheck(settings.ignoreServices, settings.categories),
      logs: new LogsCheck(settings.ignoreServices, settings.sessionKeys),
    }
    this.#bodies = new BodyReceiver(settings)
    this.#unpacked = new ByteBudget(settings.maxBytesInFlight)
  }

  /** Base address once started, e.g. `http://127.0.0.1:4318`; empty before. */
  get address(): string {
    const bound = this.#server?.server.address()
    if (bound === null || typeof bound !== 'object') return ''
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return `http://${host}:${bound.port}`
  }

  /** What is acknowledged and waits for the detector. */
  get queue(): { readonly length: number; readonly bytes: number } {
    const { records, bytes } = this.#records.unread
    return { length: records, bytes }
  }

  /** Bytes of the log on the disk; records that a damaged file of it has lost; slow senders cut off. */
  get logBytes(): number {
    return this.#records.bytes
  }

  get lost(): number {
    return this.#records.lost
  }

  get evicted(): number {
    return this.#bodies.evicted
  }

  async start(): Promise<void> {
    const { host, port, logDirectory } = this.#settings
    try {
      await this.#records.open()
    } catch (error) {
      throw new Error(
        `OTLP/HTTP cannot keep what it takes in ${logDirectory} (${messageOf(error)}): choose state.path`,
      )
    }
    if (this.#from !== null) this.#records.seek(this.#from)
    const { records } = this.#records.unread
    if (records > 0) this.#log.info('OTLP/HTTP goes on with what it took before', { records })
    this.#server = buildServer({
      bodies: this.#bodies,
      limits: this.#settings,
      admit: () => this.#admit(),
      accept: (request, body, signal) => this.#accept(request, body, signal),
      answered: (status) => this.responses.set(status, (this.responses.get(status) ?? 0) + 1),
    })
    try {
      await this.#server.listen({ host, port })
    } catch (error) {
      throw new Error(
        `OTLP/HTTP cannot listen on ${host}:${port} (${messageOf(error)}): ` +
          'choose input.otlp_http.port, or set input.otlp_http.enabled to false',
      )
    }
  }

  async poll(maxRecords: number, maxWaitMs: number): Promise<SourceBatch | null> {
    if (this.#stopped) return null
    return { records: await this.#records.read(maxRecords, maxWaitMs), revoked: [] }
  }

  async commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    const offset = offsets.get(OTLP_HTTP_PARTITION)
    if (offset !== undefined && !this.#stopped) await this.#records.commit(offset)
  }

  /** Goes on here, and gives no offset below it a second time. */
  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#from = offsets.get(OTLP_HTTP_PARTITION) ?? null
    if (this.#from !== null && this.#server !== null) this.#records.seek(this.#from)
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return new Map([[OTLP_HTTP_PARTITION, { records: this.queue.length }]])
  }

  /** What was acknowledged and not read is there for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#records.wake()
    await this.#server?.close()
    await this.#records.close()
  }

  /** Refuses before a body is read what would find no room. */
  #admit(): void {
    const { length, bytes } = this.queue
    const { queueRecords, queueBytes } = this.#settings
    if (length >= queueRecords || bytes >= queueBytes) throw busy('the queue is full')
    if (!this.#records.hasRoom(1)) throw busy('the log on the disk is full')
  }

  async #accept(request: FastifyRequest, received: Buffer, signal: Signal): Promise<Uint8Array> {
    const encoding = encodingOf(request)
    if (encoding === null) throw unsupportedType(request)
    const coding = codingOf(request)
    if (coding === null) return await this.#take(received, encoding, signal)
    // How much comes out is not known before; others wait until it is.
    let held = this.#settings.maxBodyBytes
    await this.#unpacked.take(held)
    try {
      const body = await this.#decompressed(coding, received)
      this.#unpacked.give(held - body.byteLength)
      held = body.byteLength
      return await this.#take(body, encoding, signal)
    } finally {
      this.#unpacked.give(held)
    }
  }

  async #take(body: Uint8Array, encoding: Encoding, signal: Signal): Promise<Uint8Array> {
    let checked: CheckedBody
    try {
      refuseOther(body, encoding, signal)
      checked = this.#checks[signal].check(body, encoding)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const message = `not an OTLP ${signal} body: ${error.message}`
      throw new Refusal(400, RPC_CODES.invalidArgument, message)
    }
    if (signal === 'logs' && !this.#settings.withLogs) {
      return exportResponse(encoding, signal, this.#notJudged(checked))
    }
    if (body.byteLength > 0) await this.#append(body, encoding, signal)
    return exportResponse(encoding, signal, this.#rejected(checked, signal))
  }

  /**
   * Logs that nobody judges are rejected as a whole and not kept: an answer of 404 or 400 would be an error at
   * each batch of senders that also send traces, and one of 503 would fill their queues.
   */
  #notJudged({ items, notWatched, rejected }: CheckedBody): Rejected {
    if (this.skippedLogs === 0) this.#log.warn(`OTLP/HTTP is sent logs, and ${NOT_JUDGED}`)
    this.skippedLogs++
    return { items: items + notWatched + (rejected?.spans ?? 0), why: NOT_JUDGED }
  }

  async #append(body: Uint8Array, encoding: Encoding, signal: Signal): Promise<void> {
    const { queueRecords, queueBytes } = this.#settings
    const { length, bytes } = this.queue
    if (length >= queueRecords || bytes + body.byteLength > queueBytes)
      throw busy('the queue is full')
    if (!this.#records.hasRoom(body.byteLength)) throw busy('the log on the disk is full')
    try {
      await this.#records.append({ encoding, signal, body, receivedMs: Date.now() })
    } catch (error) {
      const reason = messageOf(error)
      if (!this.#isUnwritable) {
        const fields = { directory: this.#settings.logDirectory, error: reason }
        this.#log.error('OTLP/HTTP cannot keep what it is sent; senders are told to wait', fields)
      }
      this.#isUnwritable = true
      throw new Refusal(503, RPC_CODES.unavailable, 'it cannot be kept now: send it again later')
    }
    if (this.#isUnwritable) this.#log.info('OTLP/HTTP can keep what it is sent again')
    this.#isUnwritable = false
  }

  /** What the detector will leave out. */
  #rejected({ notWatched, rejected }: CheckedBody, signal: Signal): Rejected {
    const why: string[] = []
    if (rejected !== null) {
      const { spans, reason, position, service } = rejected
      const first = position < 0 ? reason : `${reason} at byte ${position}`
      const of = service === '' ? '' : ` of ${service}`
      why.push(`${spans} no good, the first${of}: ${first}`)
    }
    if (notWatched > 0) {
      const what = signal === 'logs' ? 'log records' : 'spans'
      why.push(`not watched: ${what} of ${this.#settings.ignoreServices.join(', ')}`)
    }
    return { items: notWatched + (rejected?.spans ?? 0), why: why.join('; ') }
  }

  async #decompressed(coding: string, body: Buffer): Promise<Uint8Array> {
    try {
      return await decompress(coding, body, this.#settings.maxBodyBytes)
    } catch (error) {
      if (error instanceof TooLarge) throw tooLarge(this.#settings.maxBodyBytes)
      throw new Refusal(400, RPC_CODES.invalidArgument, `damaged ${coding}: ${messageOf(error)}`)
    }
  }
}

/** The core passes over documents of another signal, as topics mix them: here they are a sender's mistake. */
function refuseOther(body: Uint8Array, encoding: Encoding, signal: Signal): void {
  const said = encoding === 'otlp_json' ? documentSignal(body) : null
  if (said === null || said === signal) return
  throw new DecodeError(said === 'other' ? 'another signal' : `it holds ${said}`, 0)
}

/** The content coding; null for none. @throws Refusal where it is not known */
function codingOf(request: FastifyRequest): string | null {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return null
  if (!Object.hasOwn(CONTENT_CODINGS, coding)) {
    throw new Refusal(415, RPC_CODES.invalidArgument, `content encoding ${coding} is not known`)
  }
  return coding
}
