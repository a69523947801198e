import type { Message, Producer, TopicMessages } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { DeadLetter } from '../../contract/dead-letter.ts'
import type { Publication, Sink } from '../../contract/sink.ts'
import { messageOf } from '../telemetry/log.ts'
import { COMPRESSION_TYPES, type Compression } from './codecs.ts'
import {
  connectError,
  isAbsent,
  type KafkaConnection,
  type KafkaLog,
  kafkaClient,
  kafkaErrorType,
} from './kafka-client.ts'
import { checkCluster, type EnsureTopics, missingTopics } from './kafka-topics.ts'

export interface KafkaSinkSettings extends KafkaConnection {
  /** Topic of anomalies and of changes of anomaly clusters. */
  readonly topic: string
  readonly deadLetterTopic: string
  readonly compression: Compression
  readonly ensureTopics?: EnsureTopics | undefined
}

/** A publication as a Kafka message. */
export interface EncodedPublication {
  /** null: `publicationKey` is taken. */
  readonly key: string | null
  readonly value: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** Encodes what is not a dead letter: those go out as they came in. */
export type EncodePublication = (
  publication: Exclude<Publication, { readonly type: 'dead_letter' }>,
) => EncodedPublication

export interface KafkaSinkHooks {
  readonly log?: KafkaLog
  /** A message that the broker refuses for its size, even alone; it is dropped (a dead letter: cut). */
  readonly onOversized?: (publication: Publication['type'], bytes: number) => void
}

export interface KafkaSinkCounters {
  messages: number
  bytes: number
  /** Dead letters sent with only the beginning of their body. */
  truncated: number
  /** Other messages that were too large for the broker and are lost. */
  oversized: number
}

/**
 * Most bytes sent at once. kafkajs makes one record batch per partition of all that it is given, and
 * a broker refuses one beyond 1 MiB unless set otherwise.
 */
const CHUNK_BYTES = 900_000

/** What is left of a dead letter that is too large: enough to see what it was. */
const TRUNCATED_BYTES = 64 * 1024

interface Outgoing {
  readonly publication: Publication
  readonly topic: string
  readonly message: Message & { readonly value: Buffer }
}

/**
 * Publications to two Kafka topics, acknowledged by all in-sync replicas, in order. A batch that
 * fails part-way is given again by the pipeline; whoever reads recognises repeats by their ids.
 */
export class KafkaSink implements Sink {
  readonly name = 'kafka'
  readonly takes: ReadonlySet<Publication['type']> = new Set([
    'anomaly',
    'anomaly_cluster',
    'new_error',
    'dead_letter',
  ] as const)
  readonly counters: KafkaSinkCounters = { messages: 0, bytes: 0, truncated: 0, oversized: 0 }
  readonly #settings: KafkaSinkSettings
  readonly #encode: EncodePublication
  readonly #hooks: KafkaSinkHooks
  #producer: Producer | null = null
  #started = false
  #stopping: Promise<void> | null = null

  constructor(settings: KafkaSinkSettings, encode: EncodePublication, hooks: KafkaSinkHooks = {}) {
    this.#settings = settings
    this.#encode = encode
    this.#hooks = hooks
  }

  /**
   * Rejects when the log-in is refused or a topic is missing. A cluster that is not there is waited for:
   * until it is, `publish` rejects.
   */
  async start(): Promise<void> {
    this.#started = true
    try {
      await this.#connect()
    } catch (error) {
      if (!isAbsent(error)) throw error
      this.#hooks.log?.('warn', 'Kafka is not there yet; what is to be published waits for it', {
        reason: messageOf(error),
      })
    }
  }

  async #connect(): Promise<Producer> {
    const { brokers, topic, deadLetterTopic, ensureTopics } = this.#settings
    const kafka = kafkaClient(this.#settings, this.#hooks.log ?? (() => {}), 'brief')
    await checkCluster(kafka, brokers, [topic, deadLetterTopic], ensureTopics)
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
    })
    try {
      await producer.connect()
    } catch (error) {
      await producer.disconnect().catch(() => {})
      throw connectError(brokers, error)
    }
    this.#producer = producer
    return producer
  }

  async publish(batch: readonly Publication[]): Promise<void> {
    if (!this.#started || this.#stopping !== null) throw new Error('The Kafka sink is not running')
    if (batch.length === 0) return
    if (this.#producer === null) await this.#connect()
    const outgoing = batch.map((publication) => this.#outgoing(publication))
    for (const chunk of chunks(outgoing)) {
      if (await this.#send(chunk)) continue
      // One of them is too large for the broker; alone, each shows whether it is the one.
      for (const one of chunk) {
        if (!(await this.#send([one]))) await this.#sendOversized(one)
      }
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#producer?.disconnect() ?? Promise.resolve()
    this.#producer = null
    return this.#stopping
  }

  #outgoing(publication: Publication): Outgoing {
    if (publication.type === 'dead_letter') {
      const message = deadLetterMessage(publication.deadLetter)
      return { publication, topic: this.#settings.deadLetterTopic, message }
    }
    const { key, value, headers } = this.#encode(publication)
    const message = {
      key: key ?? publicationKey(publication),
      value: asBuffer(value),
      headers: { ...headers },
    }
    return { publication, topic: this.#settings.topic, message }
  }

  /** False: a message in it is too large. Rejects for every other fault. */
  async #send(outgoing: readonly Outgoing[]): Promise<boolean> {
    const { brokers, compression } = this.#settings
    const producer = this.#producer
    if (producer === null) throw new Error('The Kafka sink is not running')
    try {
      await producer.sendBatch({
        acks: -1,
        compression: COMPRESSION_TYPES[compression],
        topicMessages: messagesByTopic(outgoing),
      })
    } catch (error) {
      const type = kafkaErrorType(error)
      if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') return false
      const topics = [...new Set(outgoing.map(({ topic }) => topic))]
      const what =
        type === 'UNKNOWN_TOPIC_OR_PARTITION' ? missingTopics(topics, brokers) : String(error)
      throw new Error(`Cannot publish to Kafka: ${what}`, { cause: error })
    }
    this.counters.messages += outgoing.length
    for (const { message } of outgoing) this.counters.bytes += message.value.length
    return true
  }

  async #sendOversized({ publication, topic, message }: Outgoing): Promise<void> {
    const bytes = message.value.length
    this.#hooks.onOversized?.(publication.type, bytes)
    if (publication.type === 'dead_letter') {
      const headers = { ...message.headers, [HEADER.truncatedFrom]: String(bytes) }
      const value = message.value.subarray(0, TRUNCATED_BYTES)
      if (await this.#send([{ publication, topic, message: { ...message, headers, value } }])) {
        this.counters.truncated++
        return
      }
    }
    this.counters.oversized++
  }
}

/** Messages about one thing go to one partition, and so stay in order. */
export function publicationKey(publication: Publication): string {
  if (publication.type === 'anomaly') {
    return publication.anomaly.anomalyCluster ?? publication.anomaly.verdict.stratum
  }
  if (publication.type === 'anomaly_cluster') return publication.change.cluster.id
  if (publication.type === 'new_error') return publication.newError.id
  return publication.deadLetter.partition
}

const HEADER = {
  partition: 'medoscope.partition',
  offset: 'medoscope.offset',
  reason: 'medoscope.reason',
  position: 'medoscope.position',
  truncatedFrom: 'medoscope.truncated_from',
} as const

/** The record as it was, so that it can be sent again, with where it lay and what was wrong with it. */
function deadLetterMessage(letter: DeadLetter): Outgoing['message'] {
  return {
    key: letter.partition,
    value: asBuffer(letter.body),
    headers: {
      [HEADER.partition]: letter.partition,
      [HEADER.offset]: String(letter.offset),
      [HEADER.reason]: letter.reason,
      [HEADER.position]: String(letter.position),
    },
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function chunks(outgoing: readonly Outgoing[]): Outgoing[][] {
  const parts: Outgoing[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const one of outgoing) {
    bytes += one.message.value.length
    const part = bytes > CHUNK_BYTES ? undefined : parts.at(-1)
    if (part === undefined) {
      bytes = one.message.value.length
      parts.push([one])
    } else part.push(one)
  }
  return parts
}

function messagesByTopic(outgoing: readonly Outgoing[]): TopicMessages[] {
  const topics = new Map<string, Message[]>()
  for (const { topic, message } of outgoing) {
    const messages = topics.get(topic)
    if (messages === undefined) topics.set(topic, [message])
    else messages.push(message)
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}
