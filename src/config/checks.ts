import type { Config } from './schema.ts'

/** Something two keys must satisfy together; checked once both are right by themselves. */
export interface CrossCheck {
  /** The first is the one that is reported. */
  readonly keys: readonly [string, string]
  readonly allowed: string
  readonly holds: (config: Config) => boolean
}

export const crossChecks: readonly CrossCheck[] = [
  {
    keys: ['traces.quiet', 'traces.max_wait'],
    allowed: 'no longer than traces.max_wait',
    holds: (c) => c.traces.quiet <= c.traces.max_wait,
  },
  {
    keys: ['sample.stratum_floor', 'sample.stratum_cap'],
    allowed: 'at most sample.stratum_cap',
    holds: (c) => c.sample.stratum_floor <= c.sample.stratum_cap,
  },
  {
    keys: ['sample.stratum_cap', 'sample.size'],
    allowed: 'at most sample.size',
    holds: (c) => c.sample.stratum_cap <= c.sample.size,
  },
  {
    keys: ['sample.size', 'sample.size_most'],
    allowed: 'at most sample.size_most',
    holds: (c) => c.sample.size <= c.sample.size_most,
  },
  {
    keys: ['model.min_observations', 'sample.stratum_floor'],
    allowed: 'at most sample.stratum_floor, or a busy system is never judged',
    holds: (c) => c.model.min_observations <= c.sample.stratum_floor,
  },
  {
    keys: ['model.min_calibration', 'sample.calibration_size'],
    allowed: 'at most sample.calibration_size, or nothing is ever judged',
    holds: (c) => c.model.min_calibration <= c.sample.calibration_size,
  },
  {
    keys: ['model.refresh', 'model.window'],
    allowed: 'at least model.window',
    holds: (c) => c.model.refresh >= c.model.window,
  },
  {
    keys: ['accumulate.silent', 'accumulate.bucket'],
    allowed: 'at least accumulate.bucket',
    holds: (c) => c.accumulate.silent >= c.accumulate.bucket,
  },
  {
    keys: ['input.otlp_http.max_body_size', 'input.otlp_http.queue_bytes'],
    allowed: 'at most input.otlp_http.queue_bytes, or such a body never finds room',
    holds: (c) => c.input.otlp_http.max_body_size <= c.input.otlp_http.queue_bytes,
  },
  {
    keys: ['input.otlp_http.max_bytes_in_flight', 'input.otlp_http.max_body_size'],
    allowed: 'at least input.otlp_http.max_body_size, or such a body is never received',
    holds: (c) => c.input.otlp_http.max_body_size <= c.input.otlp_http.max_bytes_in_flight,
  },
  {
    keys: ['input.otlp_http.log_bytes', 'input.otlp_http.queue_bytes'],
    allowed: 'at least input.otlp_http.queue_bytes, which are a part of them',
    holds: (c) => c.input.otlp_http.queue_bytes <= c.input.otlp_http.log_bytes,
  },
  {
    keys: ['input.kafka.heartbeat_interval', 'input.kafka.session_timeout'],
    allowed: 'at most a third of input.kafka.session_timeout',
    holds: (c) => c.input.kafka.heartbeat_interval * 3 <= c.input.kafka.session_timeout,
  },
  {
    keys: ['input.kafka.sasl.username', 'input.kafka.sasl.mechanism'],
    allowed: 'not empty when input.kafka.sasl.mechanism is set',
    holds: (c) => c.input.kafka.sasl.mechanism === 'none' || c.input.kafka.sasl.username !== '',
  },
  {
    keys: ['input.kafka.tls.key', 'input.kafka.tls.cert'],
    allowed: 'set together with input.kafka.tls.cert',
    holds: (c) => (c.input.kafka.tls.key === '') === (c.input.kafka.tls.cert === ''),
  },
  {
    keys: ['pipeline.backoff', 'pipeline.backoff_max'],
    allowed: 'at most pipeline.backoff_max',
    holds: (c) => c.pipeline.backoff <= c.pipeline.backoff_max,
  },
]
