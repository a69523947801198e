import { kafkaSinkCase } from '../io/kafka/kafka-sink-case.ts'
import {
  jsonLinesFileCase,
  jsonLinesStreamCase,
  otlpHttpSinkCase,
  webhookSinkCase,
} from '../io/sink-cases.ts'
import { describeSink, type SinkCase } from './sink-contract.ts'

/** Every sink, one line each. */
const sinks: readonly SinkCase[] = [
  kafkaSinkCase,
  otlpHttpSinkCase,
  webhookSinkCase,
  jsonLinesFileCase,
  jsonLinesStreamCase,
]

for (const line of sinks) describeSink(line)
