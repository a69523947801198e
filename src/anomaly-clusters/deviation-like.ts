import { grownTo } from '../columns/grown-array.ts'
import { EVIDENCE_OPTIONS } from '../evidence/evidence-options.ts'
import { fitMedoids } from '../kmedoids/fit-medoids.ts'
import { SeededRandom } from '../stats/random.ts'
import { logShareRatio } from '../stats/share-evidence.ts'
import { logMeanExp } from '../stats/shiryaev-roberts.ts'
import type { KeptExample } from './deviation-members.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Strays that are remembered. */
export const MOST_STRAYS = 64
/** Alike ones that make a group. */
const LEAST_ALIKE = 5
/** Greatest mean distance to their medoid at which they are alike. */
export const ALIKE = 0.15
/** Shares of its stratum that a group is claimed to be. */
const SHARES = EVIDENCE_OPTIONS.similarShares
/** Flagged observations do not burst by themselves; a little, so that no ratio is infinite. */
const RHO = 0.001
const SHARE_RHO = 0.1

/** A flagged observation that belongs to no open cluster. */
export interface Stray {
  readonly hash: number
  readonly timeMs: number
  readonly stratum: number
  /** Observations of its stratum until it came. */
  readonly seen: number
  /** The service that it accuses. */
  readonly service: string
  /** Keys of the series in which it deviates. */
  readonly series: readonly number[]
  readonly example: KeptExample
}

/** Strays of one kind, the medoid first. */
export interface LikeGroup {
  readonly strays: readonly Stray[]
  /** ln of the evidence that they are more than the flagged share that is normal. */
  readonly logEvidence: number
}

/** ln of the odds that a group with this share has ended, after `since` observations without a member. */
export function logNormalAgain(share: number, since: number, normalShare: number): number {
  const claimed = Math.min(0.99, Math.max(SHARES[0], share))
  return -logShareRatio(since, 0, claimed, SHARE_RHO, normalShare, RHO)
}

/**
 * Flagged observations without a shared place: are some of them the same strange thing? They are
 * grouped by k-medoids; a group's share of its stratum is tested against the share of observations
 * that is flagged anyway, from each of its members on, as Shiryaev and Roberts do.
 */
export class LikeAnomalies {
  /** Strays that made room for newer ones, and those that grew too old. */
  dropped = 0
  strays: Stray[] = []
  /** Whether strays came since they were last looked at. */
  fresh = false
  /** Observations by stratum. */
  #seen = new Float64Array(64)

  observed(stratum: number): void {
    if (stratum >= this.#seen.length) this.#seen = grownTo(this.#seen, stratum + 1)
    this.#seen[stratum]! += 1
  }

  seen(stratum: number): number {
    return this.#seen[stratum] ?? 0
  }

  add(stray: Stray, oldestMs: number): void {
    const kept = this.strays.filter(({ timeMs }) => timeMs >= oldestMs)
    this.dropped += this.strays.length - kept.length
    this.strays = kept
    if (this.strays.length >= MOST_STRAYS) {
      this.strays.shift()
      this.dropped++
    }
    this.strays.push(stray)
    this.fresh = true
  }

  /** Lets go of strays that deviate where something is open or about to open. */
  release(isTaken: (key: number) => boolean): void {
    this.strays = this.strays.filter(({ series }) => !series.some(isTaken))
  }

  /** The group that most speaks for itself, or null. `normalShare`: flagged observations normally. */
  strongestGroup(distances: ProfileDistances, normalShare: number): LikeGroup | null {
    const n = this.strays.length
    if (n < LEAST_ALIKE) return null
    const matrix = distances.matrix(this.strays.map(({ example }) => example.profile))
    const random = new SeededRandom(n)
    const { medoids, assignment, nearest } = fitMedoids(matrix, n, new Float64Array(n).fill(1), {
      start: [],
      kMax: 8,
      minSupport: 1,
      addGain: 0.5,
      removeLoss: 0.25,
      costFloor: ALIKE / 4,
      random: () => random.next(),
    })
    let strongest: LikeGroup | null = null
    medoids.forEach((medoid, slot) => {
      const near = (i: number): boolean => assignment[i] === slot && nearest[i]! <= 2 * ALIKE
      const alike = this.strays.filter((_, i) => near(i))
      let spread = 0
      for (let i = 0; i < n; i++) if (near(i)) spread += nearest[i]!
      if (alike.length < LEAST_ALIKE || spread > ALIKE * alike.length) return
      const logEvidence = this.#evidence(alike, normalShare)
      if (strongest && logEvidence <= strongest.logEvidence) return
      const first = this.strays[medoid]!
      strongest = { strays: [first, ...alike.filter((stray) => stray !== first)], logEvidence }
    })
    return strongest
  }

  /** Takes away the strays that have found their cluster. */
  remove(strays: readonly Stray[]): void {
    this.strays = this.strays.filter((stray) => !strays.includes(stray))
  }

  /** Each member but the last may be where it began; it does not itself count as evidence. */
  #evidence(alike: readonly Stray[], normalShare: number): number {
    const strata = new Set(alike.map(({ stratum }) => stratum))
    const starts = alike.slice(0, -1)
    const evidence = new Float64Array(starts.length)
    const ratios = new Float64Array(SHARES.length)
    starts.forEach((start, i) => {
      let n = 0
      for (const stratum of strata) n += this.seen(stratum) - this.#seenAt(stratum, start)
      const c = alike.length - 1 - i
      const base = Math.max(normalShare, 2 / (n + start.seen + 2))
      for (let j = 0; j < SHARES.length; j++) {
        const share = Math.max(SHARES[j]!, 2 * base)
        const ratio = logShareRatio(Math.max(n, c), c, share, SHARE_RHO, base, RHO)
        ratios[j] = c < SHARES[0] * n ? Math.min(0, ratio) : ratio
      }
      evidence[i] = logMeanExp(ratios, 0, SHARES.length)
    })
    return logMeanExp(evidence, 0, starts.length) + Math.log(starts.length)
  }

  /** Observations of a stratum until a stray came; exact for its own, else until the next known one. */
  #seenAt(stratum: number, start: Stray): number {
    if (stratum === start.stratum) return start.seen
    const at = this.strays.indexOf(start)
    for (let i = at; i >= 0; i--)
      if (this.strays[i]!.stratum === stratum) return this.strays[i]!.seen
    return 0
  }

  state(): LikeState {
    const { dropped, fresh } = this
    return { dropped, fresh, strays: [...this.strays], seen: this.#seen.slice() }
  }

  restore(state: LikeState): void {
    this.dropped = state.dropped
    this.fresh = state.fresh
    this.strays = [...state.strays]
    this.#seen = state.seen.slice()
  }
}

export interface LikeState {
  readonly dropped: number
  readonly fresh: boolean
  readonly strays: readonly Stray[]
  readonly seen: Float64Array<ArrayBuffer>
}
