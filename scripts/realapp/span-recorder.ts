import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Takes OTLP/JSON over HTTP from the Collector and writes a line for each request: what the Collector
 * saw, to be replayed. A receiver and no file exporter, because the Collector that the tests build has none.
 */
export class SpanRecorder {
  readonly #server: Server
  readonly #file: WriteStream

  private constructor(server: Server, file: WriteStream) {
    this.#server = server
    this.#file = file
  }

  static async start(path: string): Promise<SpanRecorder> {
    const file = createWriteStream(path)
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      file.write(`${Buffer.concat(parts).toString('utf8')}\n`)
      response.setHeader('content-type', 'application/json').end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SpanRecorder(server, file)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await new Promise<void>((resolve) => this.#file.end(() => resolve()))
  }
}
