import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { type BlockSession, blockSessions, logRecords } from '../detector/block-logs.ts'
import { LogsRequest } from '../otlp/protobuf-oracle.ts'
import { benchSettings, type Prepared, stepAll } from './detector-bench.ts'

const WARMUP = 1500
const SESSIONS = 4000
const HOUR_MS = 3_600_000
const FIRST_MS = 1_795_914_000_000
const STEP_MS = 400
const RECORDS_A_BODY = 256
const LOGGERS = ['dfs.DataNode', 'dfs.FSNamesystem', 'dfs.DataBlockScanner', 'dfs.PacketResponder']

/** How log records become sessions: by an attribute, or by what is found in their bodies. */
export type Keys = 'attribute' | 'body'

/** A warm detector and fresh log records for it: protobuf bodies in memory. `spans` are log records here. */
export function prepareLogs(by: Keys): Prepared {
  const settings = logSettings(by)
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  stepAll(detector, logRecords(bodies(blockSessions(WARMUP, 1, 0)), 'warmup/0'))
  detector.flush(output)
  detector.drop('warmup/0')
  detector.fitNow(output)
  detector.learnOnly = false
  const records = logRecords(
    bodies(blockSessions(SESSIONS, 2, 0.01, FIRST_MS + HOUR_MS)),
    'otlp_logs/0',
  )
  const before = detector.counts().records.logRecords
  const counter = Detector.restore(detector.snapshot(), settings)
  stepAll(counter, records)
  const model = detector.installed()
  return {
    ...{ detector, records, spans: counter.counts().records.logRecords - before },
    ...{ clusters: model?.clusters.length ?? 0, strata: model?.strata ?? 0 },
  }
}

/** ms that protobufjs takes to decode the same bodies, nothing else. */
export function protobufjsLogsPass({ records }: Prepared): () => number {
  return () => {
    const from = performance.now()
    let found = 0
    for (const { body } of records) {
      found += (LogsRequest.decode(body) as unknown as { resourceLogs: unknown[] }).resourceLogs
        .length
    }
    if (found === 0) throw new Error('nothing was decoded')
    return performance.now() - from
  }
}

function logSettings(by: Keys): DetectorSettings {
  const keys = by === 'attribute' ? ['block.id'] : []
  const patterns = by === 'attribute' ? [] : [/(blk_-?\d+)/u]
  const limits = { maxRecords: 1000, maxOpen: 50_000, maxJumpMs: 600_000 }
  const session = { gapMs: 60_000, maxAgeMs: 600_000, ...limits }
  return { ...benchSettings(1), logs: { keys, patterns, session } }
}

/** As loggers with an OTLP appender send them: half a dozen attributes beside the body. */
function bodies(sessions: readonly BlockSession[]): Uint8Array<ArrayBuffer>[] {
  const records = sessions.flatMap(({ id, lines, startMs }) =>
    lines.map((body, i) => record(body, id, startMs + i * STEP_MS, i)),
  )
  records.sort((a, b) => a.timeMs - b.timeMs)
  const resource = { 'service.name': 'storage', 'service.version': '2.4.1', 'host.name': 'node-7' }
  return Array.from({ length: Math.ceil(records.length / RECORDS_A_BODY) }, (_, i) =>
    encodeLogsProto(resource, records.slice(i * RECORDS_A_BODY, (i + 1) * RECORDS_A_BODY)),
  )
}

function record(body: string, block: string, timeMs: number, i: number): OtlpLogRecord {
  return {
    ...{ body, timeMs, traceId: '', spanId: '', severityNumber: 9, severityText: 'INFO' },
    eventName: '',
    attributes: {
      'block.id': block,
      'log.logger': LOGGERS[i % LOGGERS.length] ?? '',
      'thread.name': `pool-${i % 4}-thread-${i % 16}`,
      'thread.id': i % 64,
      'code.function.name': 'run',
      'code.line.number': 100 + i,
    },
  }
}
