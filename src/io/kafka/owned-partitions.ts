import type { TopicPartitions } from 'kafkajs'
import type { PartitionId } from './start-offsets.ts'

/** A partition that this process reads, and how far it has come. Offsets are the next ones wanted. */
export interface OwnedPartition extends PartitionId {
  readonly name: string
  /** Where the next fetched batch must begin; null: nothing is accepted until a start is set. */
  fetchAt: bigint | null
  /** Where the next polled record comes from; null until a start is known. */
  pollAt: bigint | null
  /** End of the log as last heard. */
  end: bigint
  /**
   * Kept over a time in which another member may have had it: goes on at `pollAt` once the group's commit
   * shows that none has.
   */
  isUnsure: boolean
  /** Batches in a row that began elsewhere for no reason that was found. */
  jumps: number
}

/** Commits of an outage that are remembered: more than there are back-offs in a day. */
const MAX_OFFERED = 1024

export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/**
 * Book-keeping over rebalances: which partitions are ours, where each goes on, which ones the
 * pipeline still has to be told about. No input or output of its own.
 *
 * A partition kept over a rebalance goes on behind what was polled, so that open traces live on.
 * One that another member may have had in between (all, when the group had thrown this member out, or
 * the consumer was made anew after an outage) is kept as unsure: where the group's commit is one of
 * this member's, nobody had it, and it goes on; else it is reported as revoked and begins at the commit.
 */
export class OwnedPartitions {
  readonly #owned = new Map<string, OwnedPartition>()
  /** Positions of a restored checkpoint, until the first join. */
  readonly #restored = new Map<string, bigint>()
  readonly #revoked = new Set<string>()
  /** Last offsets handed to `commit`, and the ones of them that Kafka has. */
  readonly #handed = new Map<string, bigint>()
  readonly #committed = new Map<string, bigint>()
  /** Offsets that may be the group's commit and be ours: handed since the last one that Kafka confirmed. */
  readonly #offered = new Map<string, Set<bigint>>()
  #memberId: string | null = null

  get(name: string): OwnedPartition | undefined {
    return this.#owned.get(name)
  }

  all(): IterableIterator<OwnedPartition> {
    return this.#owned.values()
  }

  /** Whether revocations wait to be reported. */
  get hasRevoked(): boolean {
    return this.#revoked.size > 0
  }

  takeRevoked(): string[] {
    const names = [...this.#revoked]
    this.#revoked.clear()
    return names
  }

  /** Takes over a new assignment. Afterwards `fetchAt` is null where a start must be looked up. */
  join(memberId: string, assigned: readonly PartitionId[]): void {
    const isSameMember = memberId === this.#memberId
    const isFirst = this.#memberId === null
    this.#memberId = memberId
    const names = new Set(assigned.map(({ topic, partition }) => partitionName(topic, partition)))
    for (const name of [...this.#owned.keys()]) {
      if (!names.has(name)) this.revoke(name)
    }
    for (const { topic, partition } of assigned) {
      const name = partitionName(topic, partition)
      const kept = this.#owned.get(name)
      const pollAt = kept?.pollAt ?? this.#restored.get(name) ?? null
      const end = kept?.end ?? 0n
      const isUnsure =
        kept !== undefined && kept.pollAt !== null && (!isSameMember || kept.isUnsure)
      const fetchAt = isUnsure ? null : pollAt
      this.#owned.set(name, { topic, partition, name, fetchAt, pollAt, end, isUnsure, jumps: 0 })
    }
    if (!isFirst) return
    // A checkpoint also knows partitions that others have by now: their state is not ours to go on with.
    for (const name of this.#restored.keys()) if (!names.has(name)) this.#revoked.add(name)
    this.#restored.clear()
  }

  /** Accepts no batch until the next join: what is in flight would leave a hole behind the dropped queue. */
  suspend(): void {
    for (const partition of this.#owned.values()) partition.fetchAt = null
  }

  revoke(name: string): void {
    this.#owned.delete(name)
    this.#revoked.add(name)
    this.#handed.delete(name)
    this.#committed.delete(name)
    this.#offered.delete(name)
  }

  /** Nobody else had it: it goes on where its state is. */
  keep(partition: OwnedPartition): void {
    partition.isUnsure = false
    partition.fetchAt = partition.pollAt
  }

  /** Somebody else had it: its state is not ours to go on with, and it begins anew. */
  giveUp(partition: OwnedPartition): void {
    this.revoke(partition.name)
    this.#owned.set(partition.name, partition)
    partition.isUnsure = false
    partition.pollAt = null
  }

  /** Whether a commit of the group can be one that this member made. */
  isOurs(name: string, commit: bigint): boolean {
    return this.#committed.get(name) === commit || this.#offered.get(name)?.has(commit) === true
  }

  /** A kept partition whose log was made anew: its state is reported as revoked, it goes on at `offset`. */
  restart(partition: OwnedPartition, offset: bigint): void {
    this.#revoked.add(partition.name)
    partition.fetchAt = offset
    partition.pollAt = offset
  }

  /** For `seek`: at once where the partition is ours, else at the first join. Returns the ones at once. */
  restore(offsets: ReadonlyMap<string, bigint>): OwnedPartition[] {
    const moved: OwnedPartition[] = []
    for (const [name, offset] of offsets) {
      const partition = this.#owned.get(name)
      if (partition !== undefined) {
        partition.fetchAt = offset
        partition.pollAt = offset
        moved.push(partition)
      } else if (this.#memberId === null) {
        this.#restored.set(name, offset)
      } else {
        this.#revoked.add(name)
      }
    }
    return moved
  }

  /**
   * Notes what may be committed. Ignored for a partition that is not ours, and for one that is ours
   * again while the pipeline has not yet heard that it lost it: its offset is about the lost state.
   */
  hand(offsets: ReadonlyMap<string, bigint>): void {
    for (const [name, offset] of offsets) {
      if (this.#owned.has(name) && !this.#revoked.has(name)) this.#hand(name, offset)
    }
  }

  /** As `hand`, for the source itself, which knows what it does. */
  handOne(name: string, offset: bigint): void {
    this.#hand(name, offset)
    this.#committed.delete(name)
  }

  #hand(name: string, offset: bigint): void {
    this.#handed.set(name, offset)
    const offered = this.#offered.get(name) ?? new Set()
    this.#offered.set(name, offered.add(offset))
    const [oldest] = offered
    if (offered.size > MAX_OFFERED && oldest !== undefined) offered.delete(oldest)
  }

  uncommitted(): Map<string, bigint> {
    const offsets = new Map<string, bigint>()
    for (const [name, offset] of this.#handed) {
      if (this.#committed.get(name) !== offset) offsets.set(name, offset)
    }
    return offsets
  }

  markCommitted(offsets: ReadonlyMap<string, bigint>): void {
    for (const [name, offset] of offsets) {
      if (!this.#owned.has(name)) continue
      this.#committed.set(name, offset)
      for (const offered of this.#offered.get(name) ?? []) {
        if (offered < offset) this.#offered.get(name)?.delete(offered)
      }
    }
  }
}

/** The form that kafkajs pauses and resumes by. */
export function byTopic(partitions: readonly PartitionId[]): TopicPartitions[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const ids = topics.get(topic)
    if (ids === undefined) topics.set(topic, [partition])
    else ids.push(partition)
  }
  return [...topics].map(([topic, ids]) => ({ topic, partitions: ids }))
}
