import kafkajs, { type Admin, type Kafka, type LogEntry, type SASLOptions } from 'kafkajs'
import { installCodecs } from './codecs.ts'

/** How to reach a cluster; the same for source and sink. */
export interface KafkaConnection {
  /** host:port of some brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly sasl?: KafkaSasl | undefined
  readonly tls?: KafkaTls | undefined
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** PEM texts, not paths. An empty object: the authorities of the system, no client certificate. */
export interface KafkaTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** false: neither the broker's certificate nor its name is checked. */
  readonly verify?: boolean | undefined
}

export type KafkaLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void

const CONNECTION_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 15_000
/**
 * `brief`: about 3 s, so that a start against nothing says so soon. `patient`: about 14 s, so that a
 * consumer sits out the restart of a broker. What lasts longer is waited for outside the client.
 */
const RETRY = {
  brief: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 4 },
  patient: { initialRetryTime: 300, maxRetryTime: 5_000, retries: 6 },
} as const

/** Most bytes that one compressed record batch may become, unless told otherwise. */
const DEFAULT_MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024

/** A kafkajs client with all codecs, its log sent to `log`. */
export function kafkaClient(
  connection: KafkaConnection,
  log: KafkaLog,
  retry: keyof typeof RETRY,
  maxDecompressedBytes = DEFAULT_MAX_DECOMPRESSED_BYTES,
): Kafka {
  silenceNegativeTimeoutWarning()
  installCodecs(maxDecompressedBytes)
  const { brokers, clientId, sasl, tls } = connection
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY[retry],
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => (entry) => route(entry, log),
    // kafkajs writes into the object it is given, hence a copy.
    ...(sasl ? { sasl: { ...sasl } as SASLOptions } : {}),
    ...(tls ? { ssl: tlsOptions(tls) } : {}),
  })
}

function tlsOptions(tls: KafkaTls): Record<string, unknown> {
  return {
    ...(tls.ca ? { ca: [tls.ca] } : {}),
    ...(tls.cert ? { cert: tls.cert } : {}),
    ...(tls.key ? { key: tls.key } : {}),
    rejectUnauthorized: tls.verify ?? true,
  }
}

/**
 * What kafkajs logs is mostly its own retrying, at ERROR. Faults that last reach the user as events
 * and rejected promises, so here an error becomes a warning, a routine one debug output, like the rest.
 */
function route({ level, namespace, log: content }: LogEntry, log: KafkaLog): void {
  const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = content
  const text = String(message)
  const isRoutine = level > kafkajs.logLevel.WARN || ROUTINE.some((pattern) => pattern.test(text))
  log(
    isRoutine ? 'debug' : 'warn',
    `kafkajs: ${text}`,
    namespace ? { ...fields, namespace } : fields,
  )
}

const ROUTINE: readonly RegExp[] = [
  /^The group is rebalancing/,
  /^The coordinator is not aware of this member/,
  /^Response (Heartbeat|JoinGroup|SyncGroup|OffsetCommit|OffsetFetch|Fetch|FindCoordinator|GroupCoordinator|Metadata|LeaveGroup)/,
  /^Connection (error|timeout)/,
  /^Failed to (connect|send)/,
  /^Offset out of range/,
  /^Crash: /,
  /^Restarting the consumer/,
  /resync group$/,
  /^Consumer is not aware of all assigned partitions/,
]

let silenced = false

/**
 * Drops Node's TimeoutNegativeWarning, which the request queue of kafkajs 2.2.4 causes in every
 * process on Node 24 (its issue 1751) and which tells the user nothing.
 */
export function silenceNegativeTimeoutWarning(): void {
  if (silenced) return
  silenced = true
  const emitWarning = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] === 'TimeoutNegativeWarning') return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
}

/** Runs `use` with an admin client of its own and disconnects it, come what may. */
export async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await use(admin)
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

/** The Kafka error name, e.g. `UNKNOWN_MEMBER_ID`, wherever kafkajs has put it; '' where there is none. */
export function kafkaErrorType(error: unknown): string {
  let at: unknown = error
  // The client wraps what it gives up on, up to three times, and keeps the original as the cause.
  for (let depth = 0; depth < 8 && typeof at === 'object' && at !== null; depth++) {
    if ('type' in at && typeof at.type === 'string') return at.type
    at = 'cause' in at ? at.cause : null
  }
  return ''
}

/** What Node and kafkajs say where nobody answers at an address, as against somebody who refuses. */
const ABSENT =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|connection timeout|closed connection/i

/** Whether an error of `connectError` is that no broker is there; it may come. */
export function isAbsent(error: unknown): boolean {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
  return ABSENT.test(reason) && !/SASL|certificate|self.signed/i.test(reason)
}

/** An error for a person: what failed, against which brokers, why, and what to look at. */
export function connectError(brokers: readonly string[], error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const name = error instanceof Error ? error.name : ''
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.name : ''
  const advice =
    name.includes('SASL') || cause.includes('SASL')
      ? 'check the SASL mechanism, user name and password'
      : 'check the addresses, that the brokers are up, and whether they want TLS or SASL'
  return new Error(`Cannot connect to Kafka at ${brokers.join(', ')}: ${reason}; ${advice}`, {
    cause: error,
  })
}
