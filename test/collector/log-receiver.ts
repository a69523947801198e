import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { LogsRequest } from '../otlp/protobuf-oracle.ts'

/** A log record as it came over the wire, by the official schema. */
export interface ReceivedLog {
  readonly eventName: string
  readonly traceId: string
  readonly severityText: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly resource: Readonly<Record<string, string | number | boolean>>
}

type Value = Readonly<Record<string, string | number | boolean>>

interface LogsJson {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly { key: string; value: Value }[] }
    readonly scopeLogs?: readonly {
      readonly logRecords?: readonly {
        readonly eventName?: string
        readonly traceId?: Uint8Array
        readonly severityText?: string
        readonly body?: Value
        readonly attributes?: readonly { key: string; value: Value }[]
      }[]
    }[]
  }[]
}

/** Stands where Loki stands: takes OTLP logs over HTTP as a Collector sends them, and keeps them. */
export class LogReceiver {
  readonly logs: ReceivedLog[] = []
  readonly paths = new Set<string>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        this.paths.add(request.url ?? '')
        const raw = Buffer.concat(parts)
        this.#take(request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw)
        response.setHeader('content-type', 'application/x-protobuf')
        response.end()
      })
    })
  }

  static async start(): Promise<LogReceiver> {
    const receiver = new LogReceiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(body: Uint8Array): void {
    const { resourceLogs = [] } = LogsRequest.toObject(LogsRequest.decode(body), {
      longs: Number,
    }) as LogsJson
    for (const { resource, scopeLogs = [] } of resourceLogs) {
      for (const { logRecords = [] } of scopeLogs) {
        for (const record of logRecords) {
          this.logs.push({
            eventName: record.eventName ?? '',
            traceId: Buffer.from(record.traceId ?? []).toString('hex'),
            severityText: record.severityText ?? '',
            body: String(plain(record.body ?? {})),
            attributes: attributes(record.attributes),
            resource: attributes(resource?.attributes),
          })
        }
      }
    }
  }
}

function attributes(
  list: readonly { key: string; value: Value }[] = [],
): ReceivedLog['attributes'] {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]))
}

function plain(value: Value): string | number | boolean {
  return Object.values(value)[0] ?? ''
}
