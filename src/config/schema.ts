import { z } from 'zod'
import {
  choice,
  count,
  duration,
  flag,
  list,
  positive,
  secretMap,
  secretText,
  section,
  share,
  size,
  text,
  url,
} from './leaf.ts'

import { isSessionKey } from './session-keys.ts'

const PORT = [0, 65535] as const
const ADDRESS = /^\[?[\w.:-]+\]?:\d{1,5}$/
const TOPIC = /^[\w.-]{1,249}$/
const TOPIC_WORDS = 'a Kafka topic name: letters, digits, dot, dash, underscore'

const kafkaSasl = section('SASL log-in.', {
  mechanism: choice(['none', 'plain', 'scram-sha-256', 'scram-sha-512'], 'none', 'How to log in.'),
  username: text('', 'User name.'),
  password: secretText('', 'Password; better from the environment than in the file.'),
})

const kafkaTls = section('TLS to the brokers.', {
  enabled: flag(false, 'Encrypt.'),
  ca: text('', 'PEM file of the authority to trust; empty: the ones of the system.'),
  cert: text('', "PEM file of the client's certificate."),
  key: text('', "PEM file of the client's key."),
  verify: flag(true, "Check the broker's certificate and name."),
})

const kafkaInput = section('Traces from Kafka, as the Collector writes them.', {
  brokers: list([], 'Bootstrap brokers; empty: no Kafka.', 'host:port, several in a list', ADDRESS),
  topics: list(['otlp_spans'], 'Topics to read.', TOPIC_WORDS, TOPIC),
  group_id: text(
    'medoscope',
    'Consumer group; instances of one group share the partitions.',
    'a text',
    /./,
  ),
  client_id: text('medoscope', 'Name shown to the brokers.', 'a text', /./),
  encoding: choice(
    ['auto', 'otlp_proto', 'otlp_json'],
    'auto',
    'Encoding of the records; auto looks at each.',
  ),
  from: choice(['latest', 'earliest'], 'latest', 'Where a group without committed offsets begins.'),
  session_timeout: duration(
    '30s',
    'Silence after which the group gives our partitions away.',
    '1s',
    '30m',
  ),
  heartbeat_interval: duration('3s', 'Time between signs of life.', '100ms', '10m'),
  max_wait: duration('250ms', 'Longest time a fetch waits for data.', '10ms', '5s'),
  max_partition_bytes: size('1MiB', 'Compressed bytes fetched from a partition at once.'),
  queue_records: count(2000, 'Records waiting between Kafka and the detector.', 1, 1_000_000),
  queue_bytes: size('64MiB', 'Bytes waiting between Kafka and the detector.'),
  create_topics: flag(false, 'Create missing topics; for trying things out.'),
  sasl: kafkaSasl,
  tls: kafkaTls,
})

const httpInput = section('Traces over OTLP/HTTP: POST /v1/traces, protobuf or JSON.', {
  enabled: flag(true, 'Listen.'),
  host: text('127.0.0.1', 'Address to listen on; 0.0.0.0 for all.', 'an address', /./),
  port: count(4318, 'Port; 0: any free one.', ...PORT),
  max_body_size: size('20MiB', 'Largest body, also after decompression; more is answered 413.'),
  max_requests: count(
    64,
    'Requests being received at once; more are answered 429, unless one of these is silent.',
    1,
    10_000,
  ),
  max_bytes_in_flight: size(
    '64MiB',
    'Bytes being received over all requests, and as many being decompressed; more are answered 429.',
  ),
  idle_timeout: duration(
    '10s',
    'A connection that is silent for this long before or within a request is closed.',
    '100ms',
    '10m',
  ),
  request_timeout: duration(
    '1m',
    'Longest time for one request to come; then its connection is closed.',
    '100ms',
    '1h',
  ),
  queue_records: count(1000, 'Bodies waiting for the detector; when full, 429.', 1, 1_000_000),
  queue_bytes: size('64MiB', 'Bytes waiting for the detector; when full, 429.'),
  log_bytes: size(
    '1GiB',
    'Disk space, under state.path, for bodies until they are committed; when full, 429.',
  ),
})

const filesInput = list(
  [],
  'Files to read once, in this order, as one log: what a Collector writes, also .gz and .zst.',
  'paths, in a list',
)

const kafkaOutput = section('Anomalies and anomaly clusters to Kafka, as OTLP log records.', {
  enabled: flag(true, 'Publish, where brokers are known.'),
  brokers: list(
    [],
    'Brokers; empty: those of input.kafka, with its log-in and TLS.',
    'host:port, several in a list',
    ADDRESS,
  ),
  topic: text(
    'medoscope.anomalies',
    'Topic of anomalies and anomaly clusters.',
    TOPIC_WORDS,
    TOPIC,
  ),
  dead_letter_topic: text(
    'medoscope.dead_letters',
    'Topic of records that could not be read.',
    TOPIC_WORDS,
    TOPIC,
  ),
  encoding: choice(['otlp_json', 'otlp_proto'], 'otlp_json', 'Encoding of the log records.'),
  compression: choice(
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    'none',
    'Compression of the messages.',
  ),
  create_topics: flag(false, 'Create missing topics; for trying things out.'),
  required: flag(
    true,
    'Commits wait until it has everything; else it may miss some when it is away for long.',
  ),
})

const otlpOutput = section('Anomalies and anomaly clusters to a Collector, as OTLP logs.', {
  endpoint: url('', 'Base address; /v1/logs is added. Empty: none.'),
  headers: secretMap('Headers to send.'),
  timeout: duration('10s', 'Longest time for one request.', '100ms', '10m'),
  required: flag(
    true,
    'Commits wait until it has everything; else it may miss some when it is away for long.',
  ),
})

const webhookOutput = section("Anomaly clusters to a web hook, in Alertmanager's form.", {
  url: url('', 'Address to post to. Empty: none.'),
  timeout: duration('10s', 'Longest time for one request.', '100ms', '10m'),
  required: flag(
    false,
    'Commits wait until it has everything; else it may miss some when it is away for long.',
  ),
})

const fileOutput = section('Everything as JSON lines.', {
  path: text('-', 'File to append to; - for standard output, empty for none.'),
  required: flag(
    true,
    'Commits wait until it has everything; else it may miss some when it is away for long.',
  ),
})

const traces = section('How spans become traces. All times are data time.', {
  quiet: duration(
    '5s',
    'A trace is judged when its root has ended and nothing came for this long.',
  ),
  max_wait: duration('60s', '... or at the latest this long after its first span.'),
  max_spans_per_trace: count(
    5000,
    'Further spans of a trace are dropped and counted.',
    1,
    1_000_000,
  ),
  max_open_traces: count(50_000, 'Beyond it the oldest open trace is judged early.', 1, 10_000_000),
  max_open_spans: count(
    1_000_000,
    'Beyond it the oldest open trace is judged early.',
    1,
    100_000_000,
  ),
  closed_ids: count(
    200_000,
    'Ids of judged traces remembered, to recognise late spans.',
    1,
    100_000_000,
  ),
  max_jump: duration(
    '10m',
    'How far services that agree move data time ahead at once; beyond it three traces must agree, too.',
  ),
})

const logs = section('Which logs are judged. All times are data time.', {
  traces: section('How log records with a trace id become part of their traces.', {
    join: flag(true, 'They do; else they are judged in sessions, where they have a key.'),
    wait: duration(
      '10s',
      'A complete trace waits for logs that are behind, but no longer than this.',
      '0s',
      '10m',
    ),
    max_records: count(256, 'Further records of a trace are dropped and counted.', 1, 100_000),
    max_waiting: count(
      100_000,
      'Records that wait for their traces; beyond it the oldest no longer do.',
      1,
      10_000_000,
    ),
  }),
  session: section('How log records become sessions.', {
    keys: list(
      [],
      'Attributes of the record or its resource by which records belong together, or regular expressions on the body, /id=(\\w+)/; the first that a record has counts. Empty: there are no sessions.',
      'attribute keys, and regular expressions with a group between slashes, in a list',
      { test: isSessionKey },
    ),
    gap: duration('60s', 'A session is judged when no record of it came for this long ...'),
    max_age: duration('10m', '... or when its first record is this old ...'),
    max_records: count(1000, '... or when it has so many records.', 1, 100_000),
    max_open: count(
      50_000,
      'Beyond it the session that is silent the longest is judged early.',
      1,
      10_000_000,
    ),
    max_jump: duration(
      '10m',
      'How far one record of the log moves data time ahead; beyond it three in a row must agree.',
    ),
  }),
})

const features = section('What is looked at in a trace.', {
  categories: list(
    ['http.request.method', 'http.response.status_code', 'error.type'],
    'Attributes of the entry span to compare; of few values each. Another value starts anew.',
    'attribute keys, in a list',
  ),
  ignore_services: list(
    ['medoscope'],
    'service.name of spans to drop.',
    'service names, in a list',
  ),
  max_texts: count(
    65_536,
    'Names and values told apart; further ones become (other). A smaller value starts anew.',
    256,
    16_777_216,
  ),
  max_paths: count(131_072, 'Call paths told apart. A smaller value starts anew.', 256, 16_777_216),
  max_places: count(
    8192,
    'Places watched for anomaly clusters. A smaller value starts anew.',
    16,
    1_048_576,
  ),
  max_strata: count(8192, 'Entry operations told apart. A smaller value starts anew.', 1, 65_536),
  forget_after: duration(
    '14d',
    'What did not come for this long gives its room back; sooner where room is short.',
  ),
})

const sample = section('What is remembered of normal traffic.', {
  half_life: duration('6h', "Age at which a trace's weight has halved. Another value starts anew."),
  size: count(6000, 'Traces kept to fit the model from.', 10, 1_000_000),
  size_most: count(
    24_000,
    '... at most, where more entry operations are alive than that is enough for.',
    10,
    4_000_000,
  ),
  stratum_floor: count(40, 'Fewest of them for one entry operation.', 1, 1_000_000),
  stratum_cap: count(400, 'Most of them for one entry operation.', 1, 1_000_000),
  calibration_size: count(
    16_384,
    'Further traces kept to turn scores into p-values.',
    100,
    10_000_000,
  ),
})

const model = section('How the model is made.', {
  window: duration(
    '30s',
    'Models are asked for and installed at multiples of this. Another value starts anew.',
  ),
  refresh: duration('10m', 'Time between two models once the sample is full.'),
  min_observations: count(30, 'Traces of an entry operation before it is judged.', 2, 1_000_000),
  min_calibration: count(
    100,
    'Calibration traces before anything is judged; to flag at alpha takes 1/alpha - 1.',
    10,
    10_000_000,
  ),
  max_clusters_per_stratum: count(24, 'Normal clusters of one entry operation.', 1, 1000),
  min_support: count(3, 'Sampled traces below which a cluster is not normal.', 1, 1_000_000),
})

const accumulate = section('When many small deviations become an anomaly cluster.', {
  false_clusters_per_week: positive(1, 'Stated rate of false anomaly clusters.', 0, 10_000),
  bucket: duration(
    '30s',
    'Deviations are counted in buckets of this length. Another value starts anew.',
  ),
  silent: duration('10m', 'An open cluster closes after this long without deviations.'),
  reopen: duration(
    '2m',
    'The same thing within this time reopens its cluster; caller and callee that begin within it are one story.',
  ),
  ask_after: duration('15m', 'A cluster that lasts this long asks to be accepted as normal.'),
  max_open_clusters: count(200, 'Open anomaly clusters.', 1, 100_000),
})

const severity = section('Who suffers decides how urgent an anomaly cluster is.', {
  critical_failed: share(
    0.1,
    'Critical from this share of failing requests of an entry operation.',
  ),
  critical_slow: share(
    0.5,
    'Critical where surely more requests (20 to 1, at any look) take over 1.5 times their normal tail.',
  ),
  warning_failed: share(0.01, 'Warning from this share of failing requests of an entry operation.'),
  warning_slow: share(
    0.05,
    'Warning where surely more are beyond that tail, and wherever something is worse. The rest is information: no alert.',
  ),
})

const drift = section('When traffic counts as having moved away from what it was.', {
  block: duration(
    '5m',
    'Distances and shares are collected in blocks of at least this length ... Another value starts anew.',
  ),
  block_observations: count(
    64,
    '... that hold this many traces. Another value starts anew.',
    8,
    100_000,
  ),
  window_blocks: count(
    6,
    'Latest blocks, compared with the reference. Another value starts anew.',
    1,
    1000,
  ),
  reference_blocks: count(
    288,
    'Blocks of a full reference: what was. Another value starts anew.',
    2,
    100_000,
  ),
  least_reference_blocks: count(
    36,
    'Blocks before an entry operation is watched. Another value starts anew.',
    2,
    100_000,
  ),
  adopt_blocks: count(
    72,
    'Blocks after which a change that stays is the reference. Another value starts anew.',
    1,
    100_000,
  ),
  max_strata: count(
    128,
    'Entry operations that are watched. Another value starts anew.',
    1,
    100_000,
  ),
})

const pipeline = section('The loop: read, judge, publish, commit.', {
  batch_records: count(64, 'Most records judged in one go.', 1, 100_000),
  batch_wait: duration('250ms', 'Longest wait for the first of them.', '1ms', '10s'),
  commit_interval: duration('1s', 'Time between two commits to the source.', '0ms', '10m'),
  publish_attempts: count(6, 'Attempts before a sink counts as unreachable.', 1, 1000),
  backoff: duration(
    '250ms',
    'Wait after the first failed attempt; doubles each time.',
    '1ms',
    '1m',
  ),
  backoff_max: duration('30s', 'Longest wait between two attempts.', '1ms', '1h'),
  stop_timeout: duration('20s', 'Longest time an orderly stop may take.', '1s', '10m'),
})

const state = section(
  'What survives a restart. Settings may change between, but for those that say that they start anew.',
  {
    path: text(
      '.medoscope',
      'Directory of the checkpoint and of what came over OTLP/HTTP; each service has its own.',
      'a path',
      /./,
    ),
    checkpoint_interval: duration('10s', 'Time between two checkpoints; 0s: none.', '0s', '1d'),
  },
)

const admin = section('Metrics, health and status over HTTP.', {
  enabled: flag(true, 'Listen.'),
  host: text('127.0.0.1', 'Address to listen on; 0.0.0.0 for all.', 'an address', /./),
  port: count(9464, 'Port; 0: any free one.', ...PORT),
  external_url: url('', 'Address at which people reach these pages, for links. Empty: no links.'),
  hosts: list(
    [],
    'Host names by which these pages may be asked for, beside that of external_url, addresses and names without a dot.',
    'host names, in a list',
    /^[\w.-]+$/,
  ),
  trace_url: text(
    '',
    'Page of one trace in your trace store, with {trace_id} in it. Empty: no links.',
  ),
  compare_url: text(
    '',
    'Page that compares two, with {normal} and {anomaly} in it. Empty: no links.',
  ),
  token: secretText('', 'Bearer token for what changes state; empty: nothing can be changed.'),
})

const tracing = section("medoscope's own traces: one span a batch.", {
  enabled: flag(false, 'Send them.'),
  endpoint: url(
    'http://127.0.0.1:4318',
    'Base address of an OTLP/HTTP receiver; /v1/traces is added.',
  ),
  sample_ratio: share(0.1, 'Share of batches traced.'),
})

const log = section("medoscope's own log, on standard error.", {
  level: choice(['debug', 'info', 'warn', 'error'], 'info', 'Least severity written.'),
  format: choice(['text', 'json'], 'text', 'Form of a line.'),
})

/** THE schema: defaults, checks, units and doc lines of every key. `config/medoscope.yaml` is made from it. */
export const configSchema = z.strictObject({
  seed: count(
    1,
    'Same input, same settings, same seed: same output. Another value starts anew.',
    0,
    0xffffffff,
  ),
  alpha: positive(0.001, 'Share of normal traces that may be flagged.', 0, 0.5),
  input: section('Where traces come from; any of these together.', {
    kafka: kafkaInput,
    otlp_http: httpInput,
    files: filesInput,
  }),
  output: section('Where anomalies go; any of these together.', {
    kafka: kafkaOutput,
    otlp_http: otlpOutput,
    webhook: webhookOutput,
    file: fileOutput,
  }),
  traces,
  logs,
  features,
  sample,
  model,
  accumulate,
  severity,
  drift,
  pipeline,
  state,
  admin,
  tracing,
  log,
})

/** A checked configuration: durations in ms, sizes in bytes. */
export type Config = z.output<typeof configSchema>
