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

  /** The first that was told with this status and these labels. */
  find(status: ToldAlert['status'], labels: ToldAlert['labels']): ToldAlert | undefined {
    return this.told.find((alert) => alert.status === status && has(alert, labels))
  }

  /**
   * The last that was told of the alerts with these labels, once none of them fires any more. There
   * may be several: an alert whose other labels change is resolved, and fires anew with the new ones.
   */
  end(labels: ToldAlert['labels'], sinceMs: number): ToldAlert | undefined {
    const last = new Map<string, ToldAlert>()
    const told = this.told.filter((alert) => has(alert, labels))
    for (const alert of told) last.set(JSON.stringify(Object.entries(alert.labels).sort()), alert)
    const isFiring = [...last.values()].some(({ status }) => status === 'firing')
    return isFiring ? undefined : told.findLast(({ atMs }) => atMs >= sinceMs)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function has(alert: ToldAlert, labels: ToldAlert['labels']): boolean {
  return Object.entries(labels).every(([name, value]) => alert.labels[name] === value)
}
