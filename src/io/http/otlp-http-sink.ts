import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Publication, Sink } from '../../contract/sink.ts'
import { publicationRecords, RECORD_RESOURCE } from '../../otlp/anomaly-record.ts'
import { encodeLogsProto } from '../../otlp/encode-logs.ts'
import { httpPost } from './http-post.ts'
import { rejectedIn } from './otlp-http-response.ts'

export interface OtlpHttpSinkSettings {
  /** Base address, without /v1/logs. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** Log records in one request: well below any receiver's limit of a body. */
const MAX_RECORDS_A_REQUEST = 500

const compress = promisify(gzip)

/**
 * Anomalies and changes of anomaly clusters as OTLP log records, posted as gzipped protobuf to
 * `/v1/logs` of a Collector. Records that the receiver says it rejected (partial success) are counted
 * and not sent again, as OTLP demands.
 */
export class OtlpHttpSink implements Sink {
  readonly name = 'otlp_http'
  readonly takes: ReadonlySet<Publication['type']> = new Set([
    'anomaly',
    'anomaly_cluster',
    'new_error',
  ] as const)
  rejected = { count: 0, why: '' }
  readonly #settings: OtlpHttpSinkSettings
  readonly #url: string
  #started = false

  constructor(settings: OtlpHttpSinkSettings) {
    this.#settings = settings
    const url = new URL(settings.endpoint)
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/logs`
    this.#url = url.href
  }

  /** Nothing to connect: a receiver that is not there yet is waited for when there is something to say. */
  async start(): Promise<void> {
    this.#started = true
  }

  async publish(batch: readonly Publication[]): Promise<void> {
    if (!this.#started) throw new Error('not started')
    const { headers, timeoutMs } = this.#settings
    const records = batch.flatMap(publicationRecords)
    for (let from = 0; from < records.length; from += MAX_RECORDS_A_REQUEST) {
      const some = records.slice(from, from + MAX_RECORDS_A_REQUEST)
      const answer = await httpPost({
        url: this.#url,
        body: await compress(encodeLogsProto(RECORD_RESOURCE, some)),
        headers: {
          ...headers,
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
        },
        timeoutMs,
      })
      const { items, why } = rejectedIn(answer)
      if (items > 0) this.rejected = { count: this.rejected.count + items, why }
    }
  }

  async stop(): Promise<void> {
    this.#started = false
  }
}
