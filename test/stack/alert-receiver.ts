import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An alert as Alertmanager's web hook tells it. */
export interface ToldAlert {
  /** Name of Alertmanager's receiver: the last part of the path it posted to. */
  readonly receiver: string
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly atMs: number
}

/** A real receiver of web hooks, which remembers everything it was told. */
export class AlertReceiver {
  readonly told: ToldAlert[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const receiver = request.url?.split('/').at(-1) ?? ''
        const { alerts } = JSON.parse(Buffer.concat(parts).toString()) as {
          alerts: Omit<ToldAlert, 'receiver' | 'atMs'>[]
        }
        for (const { status, labels, annotations } of alerts) {
          this.told.push({ receiver, status, labels, annotations, atMs: Date.now() })
        }
        response.end()
      })
    })
  }

  static async start(): Promise<AlertReceiver> {
    const receiver = new AlertReceiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  find(
    status: ToldAlert['status'],
    labels: Readonly<Record<string, string>>,
    sinceMs = 0,
  ): ToldAlert | undefined {
    const wanted = Object.entries(labels)
    return this.told.find(
      (alert) =>
        alert.atMs >= sinceMs &&
        alert.status === status &&
        wanted.every(([name, value]) => alert.labels[name] === value),
    )
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
