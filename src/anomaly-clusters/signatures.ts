import { CONSTANTS } from '../baseline/constants.ts'
import type { IdSets } from '../columns/marks.ts'
import type { Acceptance, Recalled, Signature, SignatureWords } from '../contract/signature.ts'
import { fitMedoids } from '../kmedoids/fit-medoids.ts'
import { SeededRandom } from '../stats/random.ts'
import {
  type Envelope,
  type Episode,
  type Extent,
  envelopeOf,
  episodeDistance,
  excessOf,
} from './episode.ts'
import { useExtent } from './ids-of-clusters.ts'
import { rhythmOf } from './rhythm.ts'

/** Episodes that are remembered in all and of one signature, and signatures. */
const MOST_EPISODES = 128
const MOST_OF_SIGNATURE = 8
const MOST_SIGNATURES = 32

const NO_WORDS: SignatureWords = { name: '', note: '', runbook: '' }

/** A signature as it is kept: what its episodes do not say themselves. Plain data. */
interface Kept {
  readonly id: string
  /** Number of the episode that is its medoid. */
  readonly medoid: number
  readonly words: SignatureWords
  readonly acceptance: Acceptance | null
  /** Episodes ever, and when the first of them began. */
  readonly times: number
  /** Episodes of before a person took an acceptance back: of no account for whether it is known. */
  readonly discounted: number
  readonly firstMs: number
}

/** An episode with the signature that it belongs to; '' = none. */
interface Placed extends Episode {
  readonly signature: string
}

/** What is remembered of a signature, put together. */
interface Memory {
  readonly kept: Kept
  readonly episodes: readonly Placed[]
  readonly envelope: Envelope
}

/**
 * What is remembered of anomaly clusters that are over. Each leaves an episode; like episodes are
 * grouped by k-medoids to signatures. What comes again within the envelope of a signature that ended by
 * itself often enough, or that a person accepted, is known.
 */
export class Signatures {
  #episodes: readonly Placed[] = []
  #kept: readonly Kept[] = []
  #next = 0
  /** Episodes that made room for newer ones. */
  dropped = 0
  #memories: readonly Memory[] | null = null
  readonly #leastMs: number

  /** `leastMs`: what is shorter has no length to speak of. */
  constructor(leastMs: number) {
    this.#leastMs = leastMs
  }

  get size(): number {
    return this.#kept.length
  }

  get episodes(): number {
    return this.#episodes.length
  }

  /** Changes with everything that may change an answer. */
  get version(): number {
    return this.#next
  }

  /** Remembers a cluster that is over. @returns the id of its signature */
  add(cluster: string, extent: Extent): string {
    const number = this.#next++
    this.#place([...this.#episodes, { ...extent, cluster, number, signature: '' }])
    return this.#episodes.find((one) => one.number === number)?.signature ?? ''
  }

  /** A person accepted a cluster, which has left its episode in this signature. */
  accept(signature: string, acceptance: Acceptance): void {
    this.#write(signature, { acceptance })
  }

  /** The signature that a cluster has left an episode in; '' = none. */
  of(cluster: string): string {
    return this.#episodes.findLast((one) => one.cluster === cluster)?.signature ?? ''
  }

  /** Takes back that a cluster was accepted. @returns false where it was not */
  unaccept(cluster: string): boolean {
    const found = this.#kept.find(({ acceptance }) => acceptance?.cluster === cluster)
    if (found === undefined) return false
    return this.#write(found.id, { acceptance: null, discounted: found.times })
  }

  /** @returns false where there is no such signature */
  describe(id: string, words: Partial<SignatureWords>): boolean {
    const kept = this.#kept.find((one) => one.id === id)
    return kept !== undefined && this.#write(id, { words: { ...kept.words, ...words } })
  }

  /**
   * The signature that something open is like: the first that it stays within, the known ones first;
   * else the one with which it shares most of its places. null where that is less than half of them.
   */
  recall(extent: Extent, timeMs: number): Recalled | null {
    let best: { recalled: Recalled; rank: number } | null = null
    for (const { kept, episodes, envelope } of this.#all()) {
      const common = extent.marks.filter(({ what }) => envelope.marks.has(what)).length
      if (common === 0 || 2 * common < extent.marks.length) continue
      const accepted = isAccepted(kept, timeMs)
      // What was accepted is fine however long it stays.
      const within = accepted ? { ...envelope, longestMs: Number.POSITIVE_INFINITY } : envelope
      const excess = excessOf(extent, within, this.#leastMs)
      const known = isKnown(kept, episodes, envelope, timeMs)
      const rank = (excess === null ? 4 : 0) + (known ? 2 : 0) + common / extent.marks.length
      if (best && rank <= best.rank) continue
      const { id, words, times } = kept
      const lastMs = episodes.at(-1)?.toMs ?? kept.firstMs
      best = { rank, recalled: { id, ...words, times: times + 1, lastMs, known, excess } }
    }
    return best?.recalled ?? null
  }

  /**
   * How often a place has raised alarms that were nothing but what is known there, in the weeks that
   * are remembered, and how many weeks these are.
   */
  shownFalse(what: string, timeMs: number): { openings: number; weeks: number } {
    let openings = 0
    for (const { kept, episodes, envelope } of this.#all()) {
      if (!envelope.marks.has(what) || !isKnown(kept, episodes, envelope, timeMs)) continue
      for (const { marks, toMs } of episodes) {
        if (marks.some((mark) => mark.what === what)) openings += weightOf(toMs, timeMs)
      }
    }
    return { openings, weeks: CONSTANTS.halfLifeMs / Math.LN2 / WEEK_MS }
  }

  /** The ids of the signatures, and what is published of each but for its places in words. */
  all(timeMs: number): (Omit<Signature, 'places'> & { readonly whats: readonly string[] })[] {
    return this.#all().map(({ kept, episodes, envelope }) => {
      const { id, words, acceptance, times, firstMs } = kept
      const marks = [...envelope.marks.values()]
      return {
        id,
        ...words,
        known: isKnown(kept, episodes, envelope, timeMs),
        acceptance: isAccepted(kept, timeMs) ? acceptance : null,
        times,
        firstMs,
        lastMs: episodes.at(-1)?.toMs ?? firstMs,
        ...rhythmOf(episodes.map(({ fromMs }) => fromMs)),
        longestMs: envelope.longestMs,
        largestShare: Math.max(0, ...marks.map(({ share }) => share)),
        largestSize: Math.max(1, ...marks.map(({ size }) => size)),
        whats: marks.map(({ what }) => what).sort(),
        clusters: [...new Set(episodes.map(({ cluster }) => cluster))],
      }
    })
  }

  /** What was accepted and still holds, the latest last. */
  acceptances(timeMs: number): Acceptance[] {
    const accepted = this.#kept.filter((kept) => isAccepted(kept, timeMs))
    return accepted
      .map(({ acceptance }) => acceptance as Acceptance)
      .sort((a, b) => a.atMs - b.atMs || (a.cluster < b.cluster ? -1 : 1))
  }

  #write(id: string, changes: Partial<Kept>): boolean {
    const found = this.#kept.some((kept) => kept.id === id)
    this.#kept = this.#kept.map((kept) => (kept.id === id ? { ...kept, ...changes } : kept))
    this.#memories = null
    this.#next++
    return found
  }

  #all(): readonly Memory[] {
    this.#memories ??= this.#kept.map((kept) => {
      const episodes = this.#episodes.filter(({ signature }) => signature === kept.id)
      return { kept, episodes, envelope: envelopeOf(episodes) }
    })
    return this.#memories
  }

  /** Groups the episodes anew, from the medoids of before, so that signatures keep their ids. */
  #place(all: readonly Placed[]): void {
    const episodes = this.#bounded(all)
    const n = episodes.length
    const matrix = new Float32Array(n * n)
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const distance = episodeDistance(episodes[i] as Placed, episodes[j] as Placed)
        // What is alike is one signature: all of it together is not worth another medoid.
        const cost = distance <= CONSTANTS.most ? distance / n : distance
        matrix[i * n + j] = cost
        matrix[j * n + i] = cost
      }
    }
    const old = this.#kept.map((kept) => ({ kept, at: medoidOf(kept, episodes) }))
    const placed = old.filter(({ at }) => at >= 0)
    const random = new SeededRandom(n)
    const fitted = fitMedoids(matrix, n, new Float64Array(n).fill(1), {
      start: placed.map(({ at }) => at),
      // Room is left for one that is like none of them.
      kMax: MOST_SIGNATURES - 1,
      minSupport: 1,
      clusterCost: CONSTANTS.most,
      addGain: 1,
      removeLoss: 0.5,
      random: () => random.next(),
    })
    const signatures = [...fitted.medoids].map((medoid, slot) =>
      signatureOf(episodes[medoid] as Placed, placed[fitted.origin[slot] as number]?.kept),
    )
    const ids = [...fitted.assignment].map((slot, i) =>
      (fitted.nearest[i] as number) <= CONSTANTS.most ? (signatures[slot] as Kept).id : '',
    )
    // What was added a moment ago is like nothing else, and may be accepted in the next.
    if (ids[n - 1] === '') {
      const own = signatureOf(episodes[n - 1] as Placed, undefined)
      signatures.push(own)
      ids[n - 1] = own.id
    }
    this.#episodes = episodes.map((one, i) => ({ ...one, signature: ids[i] as string }))
    const gone = old.flatMap(({ kept, at }) =>
      signatures.some(({ id }) => id === kept.id) ? [] : [{ kept, into: ids[at] ?? '' }],
    )
    this.#kept = this.#counted(withHeirs(signatures, gone), ids.at(-1) ?? '')
    this.#memories = null
  }

  /** Counts the latest episode for its signature. */
  #counted(signatures: readonly Kept[], latest: string): Kept[] {
    return signatures.map((kept) => {
      const own = this.#episodes.filter(({ signature }) => signature === kept.id)
      const times = Math.max(own.length, kept.times + (kept.id === latest ? 1 : 0))
      return { ...kept, times, firstMs: Math.min(kept.firstMs, ...own.map((one) => one.fromMs)) }
    })
  }

  /** As many as there is room for: the oldest of what came most often go first. */
  #bounded(all: readonly Placed[]): readonly Placed[] {
    const kept = [...all]
    for (const { id } of this.#kept) {
      const own = kept.filter(({ signature }) => signature === id)
      if (own.length < MOST_OF_SIGNATURE) continue
      kept.splice(kept.indexOf(own[0] as Placed), 1)
      this.dropped++
    }
    while (kept.length > MOST_EPISODES) {
      kept.shift()
      this.dropped++
    }
    return kept
  }

  /** Takes note of the ids that its episodes refer to. */
  use(used: IdSets): void {
    for (const episode of this.#episodes) useExtent(used, episode)
  }

  /** Plain data. */
  state(): SignaturesState {
    const { dropped } = this
    return { episodes: this.#episodes, kept: this.#kept, next: this.#next, dropped }
  }

  restore({ episodes, kept, next, dropped }: SignaturesState): void {
    this.#episodes = episodes
    this.#kept = kept
    this.#next = next
    this.dropped = dropped
    this.#memories = null
  }
}

export interface SignaturesState {
  readonly episodes: readonly Placed[]
  readonly kept: readonly Kept[]
  readonly next: number
  readonly dropped: number
}

const WEEK_MS = 7 * 86_400_000

function isAccepted({ acceptance }: Kept, timeMs: number): boolean {
  return acceptance !== null && timeMs < acceptance.untilMs
}

/**
 * Whether the next one like it is no news: it was accepted, or it ended by itself often enough and not
 * too long ago.
 */
function isKnown(
  kept: Kept,
  episodes: readonly Placed[],
  { failing }: Envelope,
  timeMs: number,
): boolean {
  if (isAccepted(kept, timeMs)) return true
  if (kept.times - kept.discounted < CONSTANTS.knownAfter * (failing ? 2 : 1)) return false
  return episodes.reduce((sum, { toMs }) => sum + weightOf(toMs, timeMs), 0) >= 1
}

function weightOf(thenMs: number, nowMs: number): number {
  return 2 ** (-Math.max(0, nowMs - thenMs) / CONSTANTS.halfLifeMs)
}

/** Position of a signature's medoid, or of its latest episode where that has gone; -1 without any. */
function medoidOf(kept: Kept, episodes: readonly Placed[]): number {
  const at = episodes.findIndex(({ number }) => number === kept.medoid)
  return at >= 0 ? at : episodes.findLastIndex(({ signature }) => signature === kept.id)
}

/** The signature that a medoid stands for: the one of before, or a new one. */
function signatureOf({ number, cluster, fromMs }: Placed, before: Kept | undefined): Kept {
  if (before) return { ...before, medoid: number }
  const id = `signature-${cluster.replace(/^cluster-/, '')}-${number}`
  return {
    id,
    medoid: number,
    words: NO_WORDS,
    acceptance: null,
    times: 0,
    discounted: 0,
    firstMs: fromMs,
  }
}

function isDescribed({ words: { name, note, runbook } }: Kept): boolean {
  return name !== '' || note !== '' || runbook !== ''
}

/** What people said of signatures that are no more goes over to those that their medoids belong to now. */
function withHeirs(
  signatures: readonly Kept[],
  gone: readonly { readonly kept: Kept; readonly into: string }[],
): Kept[] {
  const heirs = signatures.map((own) => {
    const heard = gone.filter(({ into }) => into === own.id).map(({ kept }) => kept)
    const words = [own, ...heard].find(isDescribed)
    const accepted = [own, ...heard].find(({ acceptance }) => acceptance !== null)
    return {
      ...own,
      words: words?.words ?? own.words,
      acceptance: accepted?.acceptance ?? null,
      times: heard.reduce((times, one) => times + one.times, own.times),
      discounted: heard.reduce((times, one) => times + one.discounted, own.discounted),
    }
  })
  // What has no episode left is kept for its words, while there is room.
  const told = gone.filter(
    ({ kept, into }) => into === '' && (isDescribed(kept) || kept.acceptance !== null),
  )
  return [...heirs, ...told.map(({ kept }) => kept)].slice(0, MOST_SIGNATURES)
}
