/** How the body of a record is encoded. */
export type Encoding = 'otlp_proto' | 'otlp_json'

/** What a record holds. */
export type Signal = 'traces' | 'logs'

/** One record of the ordered log, as a source hands it over: the unit in which the detector steps. */
export interface LogRecord {
  /** Source and partition, e.g. `otlp_spans/3`, `otlp_http/0`, `traces.jsonl/0`: one ordered log each. */
  readonly partition: string
  /** Position in that partition; rises, gaps allowed. */
  readonly offset: bigint
  readonly encoding: Encoding
  /** What its sender said that it holds; where nobody did, its body is looked at. */
  readonly signal?: Signal
  readonly body: Uint8Array
  /** Record timestamp, ms since 1970, as the log has it (Kafka CreateTime); 0 where there is none. */
  readonly timestampMs: number
  /** Whether the record had a key (the Collector's partition_traces_by_id); used to notice unkeyed topics. */
  readonly keyed: boolean
}
