import { execFile } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../test/kafka/free-ports.ts'
import { Program } from '../stack/program.ts'
import type { InstalledApplication } from './install.ts'

/** Services in the order in which they are started; those in Python are in files of that name. */
const SERVICES = {
  seats: 'node',
  films: 'python',
  payment: 'node',
  booking: 'python',
  tickets: 'node',
  digest: 'node',
  web: 'node',
} as const

type Service = keyof typeof SERVICES | 'risk'
/** Consumers listen on no port. */
const WITH_PORT: readonly Service[] = ['seats', 'films', 'payment', 'booking', 'web', 'risk']

const READY_MS = 120_000
const CRON_MS = 60_000
/** So much later than a change of addresses the old version of a service has nothing to do any more. */
const DRAIN_MS = 2000

export interface ApplicationOptions {
  readonly installed: InstalledApplication
  /** For its databases, logs and the control file. */
  readonly dir: string
  readonly brokers: string
  /** `host:port` of the Collector's OTLP over HTTP. */
  readonly otlp: string
}

/**
 * A cinema that sells tickets, in Node and Python, with nothing but auto-instrumentation:
 *
 *     web ─HTTP→ films (FastAPI, SQLite)
 *         ─gRPC→ seats
 *         ─HTTP→ booking (Flask, SQLite) ─HTTP→ films, payment; ─gRPC→ seats; ─Kafka→ tickets, digest
 *
 * `tickets` reads each booking at once, `digest` all of them every two minutes, and a cron job of
 * booking runs every minute. A deployment adds `risk`, which payment then asks.
 */
export class Application {
  readonly #options: ApplicationOptions
  readonly #programs = new Map<string, Program>()
  readonly #addresses: Record<string, string> = {}
  readonly #faults = new Set<string>()
  readonly #controlFile: string
  readonly #ending = new AbortController()
  #lock: Program | null = null
  #cron: NodeJS.Timeout | null = null

  constructor(options: ApplicationOptions) {
    this.#options = options
    mkdirSync(options.dir, { recursive: true })
    this.#controlFile = join(options.dir, 'control.json')
  }

  /** Base address of its web service. */
  get url(): string {
    return `http://${this.#addresses['web']}`
  }

  async start(): Promise<void> {
    const ports = await freePorts(WITH_PORT.length)
    for (const [index, service] of WITH_PORT.entries()) {
      this.#addresses[service] = `127.0.0.1:${ports[index]}`
    }
    this.#writeControl()
    for (const service of Object.keys(SERVICES)) await this.#startService(service as Service)
    this.#cron = setInterval(() => this.#runCron(), CRON_MS)
  }

  /** Stops everything, also what faults started. Safe twice. */
  async stop(): Promise<void> {
    if (this.#cron !== null) clearInterval(this.#cron)
    this.#ending.abort()
    const programs = [...this.#programs.values()].reverse()
    this.#programs.clear()
    if (this.#lock !== null) programs.push(this.#lock)
    this.#lock = null
    await Promise.all(programs.map((program) => program.stop()))
  }

  /** Services that have ended though nobody asked them to, with the end of their logs. */
  failures(): string[] {
    return [...this.#programs.values()]
      .filter((program) => program.failed)
      .map((program) => `${program.name} ended:\n${program.log()}`)
  }

  /** Turns on what a service does by itself where it reads of it in the control file. */
  setFault(fault: string, on: boolean): void {
    if (on) this.#faults.add(fault)
    else this.#faults.delete(fault)
    this.#writeControl()
  }

  /** As a crash does it: no goodbye, no last spans. */
  kill(service: Service): void {
    this.#programs.get(service)?.kill()
    this.#programs.delete(service)
  }

  async revive(service: Service): Promise<void> {
    await this.#startService(service)
  }

  /** Somebody's report, which locks the bookings' database most of the time. */
  async lockBookings(on: boolean): Promise<void> {
    if (!on) {
      await this.#lock?.stop()
      this.#lock = null
      return
    }
    const { dir, installed } = this.#options
    this.#lock = await Program.start({
      name: 'lock',
      command: installed.python,
      args: [join(installed.dir, 'lock.py')],
      env: { DATABASE: join(dir, 'booking.sqlite') },
      dir,
      readyUrl: null,
    })
  }

  /** Version 2.0.0 of payment beside the first; then the callers are sent to it, and the first ends. */
  async deployPayment(): Promise<void> {
    await this.#startService('risk')
    const old = this.#programs.get('payment')
    const [port] = await freePorts(1)
    const address = `127.0.0.1:${port}`
    await this.#startService('payment', '2.0.0', address)
    this.#addresses['payment'] = address
    this.#writeControl()
    await delay(DRAIN_MS)
    await old?.stop()
  }

  async #startService(service: Service, version = '1.0.0', address?: string): Promise<void> {
    const { dir, installed } = this.#options
    const at = address ?? this.#addresses[service]
    const port = at?.split(':')[1] ?? ''
    const inPython = service !== 'risk' && SERVICES[service] === 'python'
    const program = await Program.start({
      name: version === '1.0.0' ? service : `${service}-${version}`,
      command: inPython ? installed.instrument : process.execPath,
      args: inPython
        ? [installed.python, join(installed.dir, `${service}.py`)]
        : ['--require', installed.register, join(installed.dir, `${service}.cjs`)],
      env: {
        ...this.#environment(service, version),
        PORT: port,
        DATABASE: join(dir, `${service}.sqlite`),
      },
      dir,
      readyUrl: null,
    })
    this.#programs.set(service, program)
    if (WITH_PORT.includes(service)) await listening(program, Number(port))
  }

  #environment(service: string, version: string): Record<string, string> {
    return {
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES: `service.version=${version}`,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${this.#options.otlp}`,
      CONTROL_FILE: this.#controlFile,
      KAFKA_BROKERS: this.#options.brokers,
      VERSION: version,
    }
  }

  #runCron(): void {
    const { installed } = this.#options
    const env = { ...process.env, ...this.#environment('expire', '1.0.0') }
    const args = [installed.python, join(installed.dir, 'expire.py')]
    // It fails where booking is away, which is a part of the story and no concern of this program.
    execFile(installed.instrument, args, { env, signal: this.#ending.signal }, () => undefined)
  }

  #writeControl(): void {
    const control = { faults: [...this.#faults], addresses: this.#addresses }
    writeFileSync(`${this.#controlFile}.new`, JSON.stringify(control))
    renameSync(`${this.#controlFile}.new`, this.#controlFile)
  }
}

/** Waits until somebody accepts connections there, without a request that would be a trace. */
async function listening(program: Program, port: number): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until && program.running) {
    if (await accepts(port)) return
    await delay(100)
  }
  throw new Error(`${program.name} does not listen on ${port}; its log says:\n${program.log()}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
