import {
  encodeResourceLogs,
  encodeResourceLogsJson,
  type OtlpResourceLogs,
} from '../otlp/encode-logs.ts'
import {
  encodeTracesJson,
  encodeTracesProto,
  type OtlpResourceSpans,
} from '../otlp/encode-traces.ts'

/** Spans, or log records, that reached the log together: one Collector batch, grouped by who sent them. */
export interface SimulatedRecord {
  /** When the batch was sent, ms since 1970; no span of it ends later. */
  readonly timeMs: number
  readonly spanCount: number
  readonly resources: readonly OtlpResourceSpans[]
  /** Log records instead of spans: signals are never sent together. */
  readonly logs?: readonly OtlpResourceLogs[]
}

/** The body of the record as OTLP JSON, UTF-8. */
export function toOtlpJson(record: SimulatedRecord): Uint8Array<ArrayBuffer> {
  return record.logs ? encodeResourceLogsJson(record.logs) : encodeTracesJson(record.resources)
}

/** The body of the record as OTLP protobuf (`TracesData` or `LogsData`). */
export function toOtlpProto(record: SimulatedRecord): Uint8Array<ArrayBuffer> {
  return record.logs ? encodeResourceLogs(record.logs) : encodeTracesProto(record.resources)
}
