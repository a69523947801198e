import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedRequest {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** What it was answered. */
  readonly status: number
}

/** An HTTP server that remembers what it was sent and answers as told. */
export class HttpReceiver {
  readonly requests: ReceivedRequest[] = []
  status = 200
  answer = ''
  headers: Record<string, string> = {}
  /** Never answers while true. */
  silent = false
  url = ''
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { url = '', headers } = request
      this.requests.push({ url, headers, body: Buffer.concat(chunks), status: this.status })
      if (!this.silent) response.writeHead(this.status, this.headers).end(this.answer)
    })
  })

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
