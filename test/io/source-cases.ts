import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileSource } from '../../src/io/files/file-source.ts'
import { OTLP_HTTP_PARTITION, OtlpHttpSource } from '../../src/io/http/otlp-http.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import type { SourceCase } from '../contracts/source-contract.ts'

export const fileSourceCase: SourceCase = {
  name: 'FileSource',
  partitions: 1,
  isDurable: false,
  isSeekable: true,
  hasEnd: true,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'medoscope-source-'))
    const path = join(directory, 'log.jsonl')
    writeFileSync(path, '')
    const settings = { paths: [path], partition: 'files/0', maxMessageBytes: 1_000_000 }
    return {
      source: () => new FileSource(settings, silentLog),
      append: async (_, bodies) => {
        for (const body of bodies) appendFileSync(path, Buffer.concat([body, Buffer.from('\n')]))
      },
      partitionName: () => 'files/0',
      close: async () => rmSync(directory, { recursive: true }),
    }
  },
}

const QUEUE_RECORDS = 10

export const otlpHttpSourceCase: SourceCase = {
  name: 'OtlpHttpSource',
  partitions: 1,
  isDurable: true,
  isSeekable: true,
  hasEnd: false,
  open: async () => {
    const sender = new Sender()
    const logDirectory = mkdtempSync(join(tmpdir(), 'medoscope-http-'))
    return {
      source: () => {
        const settings = {
          host: '127.0.0.1',
          port: 0,
          maxBodyBytes: 10_000,
          maxRequests: 10,
          queueRecords: QUEUE_RECORDS,
          queueBytes: 1_000_000,
          maxBytesInFlight: 100_000,
          idleTimeoutMs: 10_000,
          requestTimeoutMs: 60_000,
          logDirectory,
          logBytes: 10_000_000,
          ignoreServices: [],
          categories: [],
          withLogs: false,
          sessionKeys: [],
        }
        sender.source = new OtlpHttpSource(settings, silentLog)
        return sender.source
      },
      append: async (_, bodies) => sender.send(bodies),
      partitionName: () => OTLP_HTTP_PARTITION,
      held: (source) => ({
        records: (source as OtlpHttpSource).queue.length,
        limit: QUEUE_RECORDS,
      }),
      close: async () => {
        sender.close()
        rmSync(logDirectory, { recursive: true })
      },
    }
  },
}

/** An exporter with a buffer of its own: sends in order, and tries again what is refused. */
class Sender {
  source: OtlpHttpSource | null = null
  #waiting: Uint8Array[] = []
  #sending = false
  #closed = false

  send(bodies: readonly Uint8Array[]): void {
    this.#waiting.push(...bodies)
    if (!this.#sending) void this.#drain()
  }

  close(): void {
    this.#closed = true
  }

  async #drain(): Promise<void> {
    this.#sending = true
    while (this.#waiting.length > 0 && !this.#closed) {
      if (await this.#post(this.#waiting[0] ?? new Uint8Array())) this.#waiting.shift()
      else await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#sending = false
  }

  async #post(body: Uint8Array): Promise<boolean> {
    const address = this.source?.address ?? ''
    if (address === '') return false
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: Buffer.from(body) }
    const answer = await fetch(`${address}/v1/traces`, request).catch(() => null)
    await answer?.arrayBuffer()
    return answer?.status === 200
  }
}
