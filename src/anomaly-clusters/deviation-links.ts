import { LIKE } from '../baseline/series-kind.ts'
import type { DeviationEvidence } from '../evidence/deviation-evidence.ts'
import { hashWords } from '../stats/random.ts'
import { type Front, seriesKey } from './deviation-front.ts'
import type { DeviationMembers, Member } from './deviation-members.ts'
import type { Voices } from './deviation-voice.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Hashes that two sketches must have in the comparable range to be compared. */
const LEAST_COMMON = 4
/** Mean medoid silhouette from which members clearly differ, and the fewest of a side. */
const APART = 0.3
const LEAST_APART = 3

/** What makes several fronts one story. */
export class FrontLinks {
  readonly #voices: Voices
  readonly #limits: { readonly bucketMs: number; readonly mergeOverlap: number }

  constructor(
    voices: Voices,
    limits: { readonly bucketMs: number; readonly mergeOverlap: number },
  ) {
    this.#voices = voices
    this.#limits = limits
  }

  /** Whether two fronts are one story: same suspect, same caller, or the same observations. */
  areLinked(a: Front, b: Front, evidence: DeviationEvidence): boolean {
    const ours = this.#voices.of(a)
    const theirs = this.#voices.of(b)
    if (ours.service === theirs.service) return true
    // Like anomalies share no place: whom they accuse is all that can tie them.
    if (a.kind === LIKE || b.kind === LIKE) return false
    if (ours.caller !== '' && ours.caller === theirs.caller) return true
    const overlap = evidence.sketches.overlap(a.series, b.series, LEAST_COMMON)
    return overlap >= this.#limits.mergeOverlap
  }

  /** Deviating now: what has stopped must not swallow what begins. */
  isActive(front: Front, timeMs: number): boolean {
    return (
      front.closedMs === null &&
      front.closing < 1 &&
      timeMs - front.lastMs <= 2 * this.#limits.bucketMs
    )
  }

  /** Those of some fronts that nothing ties to the strongest one, directly or through others. */
  untied(fronts: readonly Front[], timeMs: number, evidence: DeviationEvidence): Front[] {
    const sorted = [...fronts].sort((a, b) => b.score - a.score || a.series - b.series)
    const tied = sorted.slice(0, 1)
    let left = sorted.slice(1)
    for (let i = 0; i < tied.length; i++) {
      const linked = left.filter((front) => this.areLinked(front, tied[i]!, evidence))
      tied.push(...linked)
      left = left.filter((front) => !linked.includes(front))
    }
    return left.filter((front) => this.isActive(front, timeMs))
  }
}

/** The members of a cluster by whether they deviate in `apart`, where k-medoids tells both kinds apart. */
export function separateMembers(
  members: DeviationMembers,
  apart: readonly Front[],
  distances: ProfileDistances,
): [Member[], Member[]] | null {
  const halves = members.halves(distances, APART, LEAST_APART)
  if (!halves) return null
  const keys = new Set(apart.map(({ kind, subject }) => seriesKey(kind, subject)))
  const inApart = ({ series }: Member): boolean => series.some((key) => keys.has(key))
  const share = (side: readonly Member[]): number => side.filter(inApart).length / side.length
  const [a, b] = halves
  if (Math.min(share(a), share(b)) > 0.2 || Math.max(share(a), share(b)) < 0.8) return null
  return share(a) < share(b) ? [a, b] : [b, a]
}

/** Names what opened, where and when: the same input gives the same id. */
export function clusterId({ kind, subject }: Front, timeMs: number): string {
  const high = Math.floor(timeMs / 4294967296)
  const a = hashWords(kind, subject, high, timeMs >>> 0, 0x5bd1e995)
  const b = hashWords(subject, kind, timeMs >>> 0, high, 0x1b873593)
  return `cluster-${a.toString(16).padStart(8, '0')}${b.toString(16).padStart(8, '0')}`
}
