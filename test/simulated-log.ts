import type { LogRecord } from '../src/contract/log-record.ts'
import { type SimulationOptions, simulate } from '../src/simulate/simulate.ts'
import { toOtlpProto } from '../src/simulate/simulated-record.ts'

/** A simulated stretch of traffic as records of one partition, offsets from 0. */
export function simulatedLog(options: SimulationOptions, partition = 'otlp_spans/0'): LogRecord[] {
  const records: LogRecord[] = []
  for (const record of simulate(options)) {
    records.push({
      partition,
      offset: BigInt(records.length),
      encoding: 'otlp_proto',
      body: toOtlpProto(record),
      timestampMs: record.timeMs,
      keyed: true,
    })
  }
  return records
}
