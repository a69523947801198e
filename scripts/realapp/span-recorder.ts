import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'

/**
 * Takes OTLP/JSON over HTTP from the Collector and writes a line for each request, compressed: what the
 * Collector saw, to be replayed. A receiver and no file exporter, because the Collector that the tests build has none.
 */
export class SpanRecorder {
  readonly #server: Server
  readonly #lines: Gzip
  readonly #written: Promise<void>

  private constructor(server: Server, lines: Gzip, written: Promise<void>) {
    this.#server = server
    this.#lines = lines
    this.#written = written
  }

  static async start(path: string): Promise<SpanRecorder> {
    const lines = createGzip()
    const written = finished(lines.pipe(createWriteStream(path)))
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      lines.write(`${Buffer.concat(parts).toString('utf8')}\n`)
      response.setHeader('content-type', 'application/json').end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SpanRecorder(server, lines, written)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#lines.end()
    await this.#written
  }
}
