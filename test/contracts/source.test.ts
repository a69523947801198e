import { kafkaSourceCase } from '../io/kafka/kafka-source-case.ts'
import { fileSourceCase, otlpHttpSourceCase } from '../io/source-cases.ts'
import { describeSource, type SourceCase } from './source-contract.ts'

/** Every source, one line each. */
const sources: readonly SourceCase[] = [kafkaSourceCase, otlpHttpSourceCase, fileSourceCase]

for (const line of sources) describeSource(line)
