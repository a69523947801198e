import type { LogRecord } from '../../src/contract/log-record.ts'
import { textKey } from '../../src/detector/log-sessions.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { SeededRandom } from '../../src/stats/random.ts'

/** A block as a file system logs it: its lines, in order, with the block's id in each. */
export interface BlockSession {
  readonly id: string
  readonly lines: readonly string[]
  readonly startMs: number
  /** Whether something is wrong with it. */
  readonly isAnomalous: boolean
}

const START_MS = 1_795_914_000_000
/** Between two lines of a block. */
const STEP_MS = 400
/** Between the beginnings of two blocks. */
const PACE_MS = 50

type Line = (random: SeededRandom) => string

const node: Line = (random) => `10.0.${random.uint32() % 4}.${random.uint32() % 250}:50010`
const size: Line = (random) => String(1 + (random.uint32() % 67_108_864))

/** Blocks one after the other, overlapping; `share` of them go wrong in one of five ways. */
export function blockSessions(
  n: number,
  seed: number,
  share: number,
  firstMs = START_MS,
): BlockSession[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: n }, (_, i) => {
    const id = `blk_${random.uint32()}${random.uint32()}`
    const isAnomalous = random.next() < share
    const lines = normalLines(id, random)
    if (isAnomalous) goWrong(lines, id, random)
    return { id, lines, startMs: firstMs + i * PACE_MS, isAnomalous }
  })
}

function normalLines(id: string, random: SeededRandom): string[] {
  const lines = [`BLOCK* NameSystem.allocateBlock: /user/root/${random.uint32()}/part. ${id}`]
  const replicas = 3
  for (let r = 0; r < replicas; r++)
    lines.push(`Receiving block ${id} src: /${node(random)} dest: /${node(random)}`)
  for (let r = 0; r < replicas; r++) {
    lines.push(`PacketResponder ${r} for block ${id} terminating`)
    lines.push(`Received block ${id} of size ${size(random)} from /${node(random)}`)
    lines.push(
      `BLOCK* NameSystem.addStoredBlock: blockMap updated: ${node(random)} is added to ${id} size ${size(random)}`,
    )
  }
  if (random.next() < 0.3) lines.push(`Verification succeeded for ${id}`)
  const served = random.next() < 0.4 ? 1 + (random.uint32() % 3) : 0
  for (let s = 0; s < served; s++)
    lines.push(`${node(random)} Served block ${id} to /${node(random)}`)
  if (random.next() < 0.5) {
    for (let r = 0; r < replicas; r++)
      lines.push(`BLOCK* NameSystem.delete: ${id} is added to invalidSet of ${node(random)}`)
    for (let r = 0; r < replicas; r++)
      lines.push(`Deleting block ${id} file /mnt/hadoop/dfs/current/${id}`)
  }
  return lines
}

function goWrong(lines: string[], id: string, random: SeededRandom): void {
  switch (random.uint32() % 5) {
    case 0:
      // A replica is never stored.
      lines.splice(
        lines.findIndex((line) => line.includes('addStoredBlock')),
        1,
      )
      lines.splice(
        lines.findIndex((line) => line.startsWith('Received block')),
        1,
      )
      lines.push(
        `writeBlock ${id} received exception java.io.IOException: Could not read from stream`,
      )
      return
    case 1:
      for (let i = 0; i < 3; i++)
        lines.push(`${node(random)}:Got exception while serving ${id} to /${node(random)}:`)
      return
    case 2:
      lines.push(
        `BLOCK* NameSystem.addStoredBlock: Redundant addStoredBlock request received for ${id} on ${node(random)} size ${size(random)}`,
      )
      return
    case 3:
      // It ends in the middle.
      lines.splice(5)
      lines.push(`PendingReplicationMonitor timed out block ${id}`)
      return
    default:
      for (let i = 0; i < 12; i++)
        lines.push(`Receiving block ${id} src: /${node(random)} dest: /${node(random)}`)
  }
}

/** The lines of all sessions by time, as OTLP bodies of one service. */
export function blockBodies(
  sessions: readonly BlockSession[],
  perBody = 50,
): Uint8Array<ArrayBuffer>[] {
  const records = sessions.flatMap(({ lines, startMs }) =>
    lines.map((body, i) => ({ body, timeMs: startMs + i * STEP_MS })),
  )
  records.sort((a, b) => a.timeMs - b.timeMs)
  const bodies: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < records.length; at += perBody) {
    const part = records.slice(at, at + perBody).map(
      ({ body, timeMs }): OtlpLogRecord => ({
        ...{ body, timeMs, traceId: '', spanId: '', severityNumber: 9, severityText: 'INFO' },
        ...{ eventName: '', attributes: {} },
      }),
    )
    bodies.push(encodeLogsProto({ 'service.name': 'storage' }, part))
  }
  return bodies
}

export function logRecords(
  bodies: readonly Uint8Array<ArrayBuffer>[],
  partition: string,
): LogRecord[] {
  return bodies.map((body, i) => ({
    ...{ partition, offset: BigInt(i), encoding: 'otlp_proto' as const, body },
    ...{ timestampMs: 0, keyed: false },
  }))
}

/** How the id of a verdict on this block begins: the session's key is the first pattern's. */
/** How the id of a verdict on this block begins: the session's key is the first pattern's. */
export function verdictPrefix({ id }: BlockSession): string {
  return keyPrefix(textKey(0, id))
}

/** How the id of a verdict on a session with this key begins. */
export function keyPrefix(key: number): string {
  const word = (value: number): string => value.toString(16).padStart(8, '0')
  return word(Math.floor(key / 2 ** 32)) + word(key % 2 ** 32)
}
