import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OtlpHttpSettings } from '../io/http/otlp-http.ts'
import type { KafkaConnection } from '../io/kafka/kafka-client.ts'
import type { KafkaSinkSettings } from '../io/kafka/kafka-sink.ts'
import type { KafkaSourceSettings } from '../io/kafka/kafka-source-settings.ts'
import { messageOf } from '../io/telemetry/log.ts'
import { readsLogs } from './detector-settings.ts'
import type { Config } from './schema.ts'
import { inputSettings } from './section-settings.ts'
import { sessionKeys } from './session-keys.ts'

/** Of topics made for trying things out. */
const NEW_TOPIC = { partitions: 1, replicationFactor: 1 }

/** @throws Error naming the key of a file that cannot be read */
function kafkaConnection(config: Config): KafkaConnection {
  const { brokers, client_id, sasl, tls } = config.input.kafka
  const { mechanism, username, password } = sasl
  return {
    brokers,
    clientId: client_id,
    sasl: mechanism === 'none' ? undefined : { mechanism, username, password },
    tls: tls.enabled
      ? {
          ca: pem('input.kafka.tls.ca', tls.ca),
          cert: pem('input.kafka.tls.cert', tls.cert),
          key: pem('input.kafka.tls.key', tls.key),
          verify: tls.verify,
        }
      : undefined,
  }
}

/** @param bootstrapMs history to learn from at the first start; undefined: none */
export function kafkaSourceSettings(
  config: Config,
  bootstrapMs: number | undefined,
): KafkaSourceSettings {
  const { kafka } = config.input
  return {
    ...kafkaConnection(config),
    groupId: kafka.group_id,
    topics: kafka.topics,
    encoding: kafka.encoding,
    withLogs: readsLogs(config),
    from: kafka.from,
    sessionTimeoutMs: kafka.session_timeout,
    heartbeatIntervalMs: kafka.heartbeat_interval,
    maxBytesPerPartition: kafka.max_partition_bytes,
    maxWaitMs: kafka.max_wait,
    queueRecords: kafka.queue_records,
    queueBytes: kafka.queue_bytes,
    bootstrapMs,
    ensureTopics: kafka.create_topics ? NEW_TOPIC : undefined,
  }
}

export function kafkaSinkSettings(config: Config): KafkaSinkSettings {
  const { brokers, topic, dead_letter_topic, compression, create_topics } = config.output.kafka
  const connection = kafkaConnection(config)
  return {
    ...connection,
    brokers: brokers.length > 0 ? brokers : connection.brokers,
    topic,
    deadLetterTopic: dead_letter_topic,
    compression,
    ensureTopics: create_topics ? NEW_TOPIC : undefined,
  }
}

export function otlpHttpSettings(config: Config): OtlpHttpSettings {
  const { ignore_services, categories } = config.features
  return {
    ...inputSettings(config, 'otlp_http'),
    logDirectory: join(config.state.path, 'otlp_http'),
    ignoreServices: ignore_services,
    categories,
    withLogs: readsLogs(config),
    sessionKeys: sessionKeys(config.logs.session.keys).keys,
  }
}

/** Names of the sinks that commits wait for. */
export function requiredSinks({ output }: Config): ReadonlySet<string> {
  const names = (['kafka', 'otlp_http', 'webhook', 'file'] as const).filter(
    (name) => output[name].required,
  )
  // What goes to standard output is a file to the configuration, and has a name of its own.
  return new Set<string>(output.file.required ? [...names, 'stdout'] : names)
}

function pem(key: string, path: string): string | undefined {
  if (path === '') return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${key} cannot be read: ${messageOf(error)}`)
  }
}
