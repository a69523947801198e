import type { DetectorCounts } from '../detector/detector-counts.ts'
import type { Log } from '../io/telemetry/log.ts'

/** Incomplete traces from records without a key, from which it cannot be chance: a number and a share. */
const ENOUGH = 20
const SHARE = 0.05

/**
 * Notices that a topic spreads the spans of one trace over its partitions, which an exporter does
 * that sets no key: each partition is assembled by itself, so every trace would be judged in parts.
 * Says so once, with the option that mends it.
 */
export class SplitTracesNotice {
  readonly #log: Log
  #told = false

  constructor(log: Log) {
    this.#log = log
  }

  /** @param partitions names such as `otlp_spans/3` of what is being read */
  look(partitions: Iterable<string>, { assembled }: DetectorCounts): void {
    if (this.#told || assembled.incompleteUnkeyed < ENOUGH) return
    const { closedQuiet, closedMaxWait, closedEndOfInput } = assembled
    const closed = closedQuiet + closedMaxWait + closedEndOfInput
    const topic = topicOfSeveral(partitions)
    if (topic === null || assembled.incompleteUnkeyed < SHARE * closed) return
    this.#told = true
    this.#log.warn(
      `traces are split between the partitions of ${topic}: their records have no key. ` +
        "Set partition_traces_by_id: true in the Collector's kafka exporter, " +
        'else every trace is judged in parts',
      { incomplete: assembled.incompleteUnkeyed, traces: closed },
    )
  }
}

/** The first topic of which more than one partition is read, or null. */
function topicOfSeveral(partitions: Iterable<string>): string | null {
  const seen = new Set<string>()
  for (const partition of partitions) {
    const topic = partition.slice(0, partition.lastIndexOf('/'))
    if (seen.has(topic)) return topic
    seen.add(topic)
  }
  return null
}
