import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import type { Sink } from '../../src/contract/sink.ts'
import { JsonLinesFileSink, JsonLinesStreamSink } from '../../src/io/files/json-lines-sink.ts'
import { OtlpHttpSink } from '../../src/io/http/otlp-http-sink.ts'
import { WebhookSink } from '../../src/io/http/webhook-sink.ts'
import type { SinkBench, SinkCase } from '../contracts/sink-contract.ts'
import { HttpReceiver } from '../fakes/http-receiver.ts'

/** `publicationText` of each line. */
function textsOfLines(lines: string): string[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { type, id, offset } = JSON.parse(line) as {
        type: string
        id?: string
        offset?: string
      }
      return `${type} ${id ?? offset}`
    })
}

export const jsonLinesFileCase: SinkCase = {
  name: 'JsonLinesFileSink',
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'medoscope-sink-'))
    const path = join(directory, 'out.jsonl')
    return {
      sink: () => new JsonLinesFileSink(path),
      received: async () => textsOfLines(existsSync(path) ? readFileSync(path, 'utf8') : ''),
      close: async () => rmSync(directory, { recursive: true }),
    }
  },
}

export const jsonLinesStreamCase: SinkCase = {
  name: 'JsonLinesStreamSink',
  open: async () => {
    const stream = new PassThrough()
    let written = ''
    stream.on('data', (chunk) => {
      written += chunk
    })
    return {
      sink: () => new JsonLinesStreamSink(stream),
      received: async () => textsOfLines(written),
      close: async () => {
        stream.end()
      },
    }
  },
}

async function overHttp(
  sink: (url: string) => Sink,
  texts: (body: Buffer) => string[],
): Promise<SinkBench> {
  const receiver = await new HttpReceiver().start()
  return {
    sink: () => sink(receiver.url),
    received: async () =>
      receiver.requests.filter(({ status }) => status === 200).flatMap(({ body }) => texts(body)),
    breakOff: async () => {
      receiver.status = 503
    },
    repair: async () => {
      receiver.status = 200
    },
    close: () => receiver.stop(),
  }
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

/** As the official schema reads what was sent. */
function textsOfLogs(body: Buffer): string[] {
  const schema = new URL('../fixtures/opentelemetry-proto/otlp.proto', import.meta.url).pathname
  const type = protobuf.loadSync(schema).lookupType('otlp.ExportLogsServiceRequest')
  const request = type.decode(gunzipSync(body)) as unknown as {
    resourceLogs: {
      scopeLogs: { logRecords: { eventName: string; attributes: Attribute[] }[] }[]
    }[]
  }
  return request.resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords)
    .map(({ eventName, attributes }) => {
      const kind = eventName.replace('medoscope.', '')
      const id = attributes.find(({ key }) => key === `medoscope.${kind}.id`)
      return `${kind} ${id?.value.stringValue}`
    })
}

export const otlpHttpSinkCase: SinkCase = {
  name: 'OtlpHttpSink',
  open: () =>
    overHttp(
      (endpoint) => new OtlpHttpSink({ endpoint, headers: {}, timeoutMs: 5000 }),
      textsOfLogs,
    ),
}

export const webhookSinkCase: SinkCase = {
  name: 'WebhookSink',
  open: () =>
    overHttp(
      (url) => new WebhookSink({ url, timeoutMs: 5000, externalUrl: '' }),
      (body) => {
        const { alerts } = JSON.parse(body.toString()) as { alerts: { fingerprint: string }[] }
        return alerts.map(({ fingerprint }) => `anomaly_cluster ${fingerprint}`)
      },
    ),
}
