import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'

const run = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))

const KAFKA_VERSION = '4.4.0'
/** Generous: a JVM on a busy machine. */
const READY_MS = 180_000

/** Fixed credentials of the secured listeners; they guard a broker on the loopback for a minute. */
export const SASL_USER = { username: 'medoscope', password: 'correct-horse' } as const

export interface LocalBrokerOptions {
  /** Adds SASL_PLAINTEXT, TLS and SASL_SSL listeners to the plain one. */
  readonly secured?: boolean
  /** Lines appended to server.properties. */
  readonly properties?: Readonly<Record<string, string>>
}

export interface BrokerAddresses {
  readonly plaintext: string
  /** The three below are '' without `secured`. */
  readonly sasl: string
  readonly tls: string
  readonly saslTls: string
}

/**
 * One Apache Kafka broker in a JVM on the loopback: KRaft, free ports, data in a temporary folder. It ends when this process does, however that comes about: the JVM hangs on a
 * `sh` that kills it once its standard input closes.
 */
export class LocalBroker {
  readonly #dir: string
  readonly #jars: string
  readonly #secured: boolean
  readonly #properties: Readonly<Record<string, string>>
  readonly addresses: BrokerAddresses
  #shell: ChildProcess | null = null
  /** Certificate of the TLS listeners as PEM; '' without them. */
  certificate = ''

  private constructor(
    dir: string,
    jars: string,
    ports: readonly number[],
    options: LocalBrokerOptions,
  ) {
    this.#dir = dir
    this.#jars = jars
    this.#secured = options.secured ?? false
    this.#properties = options.properties ?? {}
    const [plaintext = '', sasl = '', tls = '', saslTls = ''] = ports.map((p) => `127.0.0.1:${p}`)
    this.addresses = { plaintext, sasl, tls, saslTls }
  }

  /** Fetches the jars if need be, formats a data folder and starts; throws with the reason. */
  static async start(options: LocalBrokerOptions = {}): Promise<LocalBroker> {
    const jars = await brokerJars()
    const dir = await mkdtemp(join(tmpdir(), 'medoscope-kafka-'))
    const ports = await freePorts(options.secured ? 4 : 1)
    const broker = new LocalBroker(dir, jars, ports, options)
    try {
      if (broker.#secured) broker.certificate = await makeKeystore(dir)
      await broker.#writeProperties()
      await broker.#format()
      await broker.resume()
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  /** Starts the JVM on the existing data folder; after `suspend` on the same ports as before. */
  async resume(): Promise<void> {
    // `sh` gives a background process /dev/null as input, hence the copy of 0 as 3.
    const script =
      'exec 3<&0; "$@" 3<&- </dev/null & broker=$!; (cat <&3 >/dev/null; kill $broker) & wait $broker'
    const shell = spawn('sh', ['-c', script, 'sh', ...this.#java(), 'kafka.Kafka', this.#file()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#shell = shell
    await ready(shell)
  }

  /** Stops the JVM (`SIGTERM`: a clean shutdown) and keeps its data for `resume`. */
  async suspend(): Promise<void> {
    const shell = this.#shell
    this.#shell = null
    if (shell === null || shell.exitCode !== null) return
    const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()))
    shell.stdin?.end()
    await ended
  }

  /** Stops the JVM and removes its data. Safe twice. */
  async close(): Promise<void> {
    await this.suspend()
    await rm(this.#dir, { recursive: true, force: true })
  }

  #file(): string {
    return join(this.#dir, 'server.properties')
  }

  #java(): string[] {
    const log = `-Dlog4j2.configurationFile=${join(here, 'log4j2.yaml')}`
    const heap = ['-Xms96m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    return ['java', ...heap, log, '-cp', join(this.#jars, '*')]
  }

  async #format(): Promise<void> {
    const id = randomBytes(16).toString('base64url')
    const [java = 'java', ...args] = this.#java()
    const { username, password } = SASL_USER
    const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ])
    await run(java, [
      ...args,
      'kafka.tools.StorageTool',
      'format',
      // With `=`, because one id in 64 begins with a dash.
      `--cluster-id=${id}`,
      '--standalone',
      ...(this.#secured ? users : []),
      '-c',
      this.#file(),
    ])
  }

  async #writeProperties(): Promise<void> {
    const { plaintext, sasl, tls, saslTls } = this.addresses
    const secured = this.#secured ? `,SASL://${sasl},TLS://${tls},SASLTLS://${saslTls}` : ''
    const lines = {
      listeners: `PLAINTEXT://${plaintext},CONTROLLER://127.0.0.1:0${secured}`,
      'log.dirs': join(this.#dir, 'data'),
      ...SMALL_BROKER,
      ...(this.#secured ? securityProperties(join(this.#dir, 'keystore.p12')) : {}),
      ...this.#properties,
    }
    const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(this.#file(), text.join(''))
  }
}

/** Waits for the line that says so; rejects with the end of the log. */
function ready(shell: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = (why: string): void => {
      clearTimeout(timer)
      shell.stdin?.end()
      reject(new Error(`Kafka ${why}\n${log.slice(-4000)}`))
    }
    const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS)
    shell.once('exit', (code) => fail(`ended with ${code}`))
    shell.once('error', (error) => fail(`could not be started: ${error.message}`))
    let up = false
    shell.stdout?.on('data', (chunk: Buffer) => {
      // Read to its end, else a full pipe would stop the JVM; kept only until the broker is up.
      if (up) return
      log += chunk.toString()
      up = log.includes('Kafka Server started')
      if (!up) return
      clearTimeout(timer)
      resolve()
    })
  })
}

const SMALL_BROKER: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'controller.quorum.bootstrap.servers': '127.0.0.1:0',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'auto.create.topics.enable': 'false',
  'log.cleaner.dedupe.buffer.size': '4194304',
  // After a kill the controller waits this long for the old session before the new one may register.
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
}

const KEYSTORE_PASSWORD = 'changeit'

function securityProperties(keystore: string): Record<string, string> {
  const module = 'org.apache.kafka.common.security'
  const lines: Record<string, string> = {
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  }
  for (const listener of ['sasl', 'sasltls']) {
    const prefix = `listener.name.${listener}`
    const { username, password } = SASL_USER
    lines[`${prefix}.plain.sasl.jaas.config`] =
      `${module}.plain.PlainLoginModule required user_${username}="${password}";`
    for (const mechanism of ['scram-sha-256', 'scram-sha-512']) {
      lines[`${prefix}.${mechanism}.sasl.jaas.config`] =
        `${module}.scram.ScramLoginModule required;`
    }
  }
  for (const listener of ['tls', 'sasltls']) {
    const prefix = `listener.name.${listener}.ssl`
    lines[`${prefix}.keystore.type`] = 'PKCS12'
    lines[`${prefix}.keystore.location`] = keystore
    lines[`${prefix}.keystore.password`] = KEYSTORE_PASSWORD
    lines[`${prefix}.key.password`] = KEYSTORE_PASSWORD
  }
  return lines
}

/** A self-signed certificate for 127.0.0.1 by the JDK's own tool; resolves to it as PEM. */
async function makeKeystore(dir: string): Promise<string> {
  const store = ['-keystore', join(dir, 'keystore.p12'), '-storepass', KEYSTORE_PASSWORD]
  const san = 'san=ip:127.0.0.1,dns:localhost'
  await run('keytool', [
    ...['-genkeypair', '-alias', 'broker', '-keyalg', 'EC', '-dname', 'CN=localhost'],
    ...['-ext', san, '-validity', '30', '-storetype', 'PKCS12', ...store],
  ])
  const pem = join(dir, 'broker.pem')
  await run('keytool', ['-exportcert', '-rfc', '-alias', 'broker', '-file', pem, ...store])
  return await readFile(pem, 'utf8')
}

/** Folder with the broker's jars, filled from Maven Central (43 MB) the first time. */
async function brokerJars(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const jars = join(cache, 'medoscope-kafka', KAFKA_VERSION)
  if (existsSync(jars)) return jars
  await mkdir(dirname(jars), { recursive: true })
  const unfinished = await mkdtemp(`${jars}.`)
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime']
    const pom = ['-f', join(here, 'pom.xml'), `-Dkafka.version=${KAFKA_VERSION}`]
    await run('mvn', ['-B', '-q', '-ntp', ...pom, ...goal, `-DoutputDirectory=${unfinished}`])
    // Another run may have been faster: its folder is as good as ours.
    await rename(unfinished, jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return jars
}
