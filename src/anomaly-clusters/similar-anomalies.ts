import { CONSTANTS } from '../baseline/constants.ts'
import { grownTo } from '../columns/grown-array.ts'
import { alternativeShares } from '../evidence/alternatives.ts'
import { fitMedoids } from '../kmedoids/fit-medoids.ts'
import { SeededRandom } from '../stats/random.ts'
import { logShareRatio } from '../stats/share-evidence.ts'
import { logMeanExp } from '../stats/shiryaev-roberts.ts'
import type { SimilarAlarm } from './alarm.ts'
import type { Member } from './members.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Anomalies that are remembered, and how old they may get, data time. */
export const MOST_WAITING = 64
const OLDEST_MS = 1_800_000

/** A flagged observation that belongs to no open cluster. */
export interface LoneAnomaly extends Member {
  readonly timeMs: number
  readonly stratum: number
  /** Observations of its stratum until it came. */
  readonly seen: number
  /** The service that it blames; '' where no place of it deviates. */
  readonly service: string
}

/** Anomalies of one kind, the medoid first. */
export interface SimilarGroup {
  readonly anomalies: readonly LoneAnomaly[]
  /** ln of the evidence that they are more than the flagged share that is normal. */
  readonly logEvidence: number
}

/** ln of the odds that a group with this share has ended, after `since` observations without a member. */
export function logNormalAgain(share: number, since: number, baseRate: number): number {
  const { rare, farQuantile, alternativeRho, leastErrorRho } = CONSTANTS
  const claimed = Math.min(farQuantile, Math.max(rare, share))
  // Flagged observations hardly burst by themselves.
  return -logShareRatio(since, 0, claimed, alternativeRho, baseRate, leastErrorRho)
}

/**
 * Flagged observations without a shared place that wait for others like them. They are grouped by
 * k-medoids; a group's share of its stratum is tested against the share of observations that is flagged
 * anyway, from each of its members on, as Shiryaev and Roberts do.
 */
export class SimilarAnomalies {
  #kept: SimilarAnomaliesState = {
    dropped: 0,
    fresh: false,
    groups: 0,
    waiting: [],
    seen: new Float64Array(64),
  }

  /** Anomalies that made room for newer ones, and those that grew too old. */
  get dropped(): number {
    return this.#kept.dropped
  }

  /** In the order in which they came. */
  get waiting(): readonly LoneAnomaly[] {
    return this.#kept.waiting
  }

  /** Counts an observation, anomalous or not. */
  observed(stratum: number): void {
    if (stratum >= this.#kept.seen.length) this.#kept.seen = grownTo(this.#kept.seen, stratum + 1)
    this.#kept.seen[stratum]! += 1
  }

  /** Observations of a stratum so far. */
  seen(stratum: number): number {
    return this.#kept.seen[stratum] ?? 0
  }

  add(anomaly: LoneAnomaly): void {
    const young = this.waiting.filter(({ timeMs }) => timeMs >= anomaly.timeMs - OLDEST_MS)
    const kept = young.slice(-(MOST_WAITING - 1))
    this.#kept.dropped += this.waiting.length - kept.length
    this.#kept.waiting = [...kept, anomaly]
    this.#kept.fresh = true
  }

  /**
   * Takes out the strongest group whose evidence has passed the threshold, if anomalies came since this
   * was asked last. Those that deviate where something is open or about to open (`isTaken`) are let go.
   */
  takeGroup(
    distances: ProfileDistances,
    baseRate: number,
    logThreshold: number,
    isTaken: (key: number) => boolean,
  ): SimilarGroup | null {
    if (!this.#kept.fresh) return null
    this.#kept.fresh = false
    this.#kept.waiting = this.waiting.filter(({ series }) => !series.some(isTaken))
    const group = this.strongestGroup(distances, baseRate)
    if (!group || group.logEvidence <= logThreshold) return null
    this.#kept.waiting = this.waiting.filter((anomaly) => !group.anomalies.includes(anomaly))
    return group
  }

  /** The alarm of a group. `entry`: the service to blame where its members blame nobody. */
  alarmOf(
    { anomalies, logEvidence }: SimilarGroup,
    entry: (stratum: number) => string,
    timeMs: number,
    baseRate: number,
  ): SimilarAlarm {
    const { stratum } = anomalies[0]!
    const times = anomalies.map((anomaly) => anomaly.timeMs)
    const own = anomalies.filter((anomaly) => anomaly.stratum === stratum)
    const seen = this.seen(stratum)
    return {
      on: 'similar anomalies',
      signal: 'similarAnomalies',
      subject: stratum,
      series: -1 - this.#kept.groups++,
      openedMs: timeMs,
      closedMs: null,
      peak: logEvidence,
      n: seen - Math.min(...own.map((anomaly) => anomaly.seen)) + 1,
      c: anomalies.length,
      score: anomalies.length,
      firstMs: Math.min(...times),
      lastMs: Math.max(...times),
      baseRate,
      service: mostBlamed(anomalies) ?? entry(stratum),
      seenAtLast: seen,
      countedSince: 0,
    }
  }

  /** The alarm of a group with one more of its kind. */
  withAnother(alarm: SimilarAlarm, timeMs: number): SimilarAlarm {
    const seenAtLast = this.seen(alarm.subject)
    const n = alarm.n + seenAtLast - alarm.seenAtLast - alarm.countedSince
    const lastMs = Math.max(alarm.lastMs, timeMs)
    return { ...alarm, c: alarm.c + 1, n, lastMs, seenAtLast, countedSince: 0 }
  }

  /** The group with most evidence, or null. `baseRate`: flagged observations normally. */
  strongestGroup(distances: ProfileDistances, baseRate: number): SimilarGroup | null {
    const n = this.waiting.length
    const { several, similar: radius } = CONSTANTS
    if (n < several) return null
    const matrix = distances.matrix(this.waiting.map(({ example }) => example.profile))
    const random = new SeededRandom(n)
    const { medoids, assignment, nearest } = fitMedoids(matrix, n, new Float64Array(n).fill(1), {
      start: [],
      kMax: 8,
      minSupport: 1,
      addGain: 0.5,
      removeLoss: 0.25,
      costFloor: radius / 4,
      random: () => random.next(),
    })
    let strongest: SimilarGroup | null = null
    medoids.forEach((medoid, slot) => {
      const near = (i: number): boolean => assignment[i] === slot && nearest[i]! <= 2 * radius
      const similar = this.waiting.filter((_, i) => near(i))
      let spread = 0
      for (let i = 0; i < n; i++) if (near(i)) spread += nearest[i]!
      if (similar.length < several || spread > radius * similar.length) return
      const logEvidence = this.#evidence(similar, baseRate)
      if (strongest && logEvidence <= strongest.logEvidence) return
      const first = this.waiting[medoid]!
      strongest = {
        anomalies: [first, ...similar.filter((anomaly) => anomaly !== first)],
        logEvidence,
      }
    })
    return strongest
  }

  /** Each member but the last may be where it began; it does not itself count as evidence. */
  #evidence(similar: readonly LoneAnomaly[], baseRate: number): number {
    const strata = new Set(similar.map(({ stratum }) => stratum))
    const starts = similar.slice(0, -1)
    const evidence = new Float64Array(starts.length)
    const { rare, quantile, alternativeRho, leastErrorRho } = CONSTANTS
    const shares = alternativeShares(rare, quantile)
    const ratios = new Float64Array(shares.length)
    starts.forEach((start, i) => {
      let n = 0
      for (const stratum of strata) n += this.seen(stratum) - this.#seenAt(stratum, start)
      const c = similar.length - 1 - i
      const base = Math.max(baseRate, 2 / (n + start.seen + 2))
      for (let j = 0; j < shares.length; j++) {
        const share = Math.max(shares[j]!, 2 * base)
        const ratio = logShareRatio(Math.max(n, c), c, share, alternativeRho, base, leastErrorRho)
        ratios[j] = c < rare * n ? Math.min(0, ratio) : ratio
      }
      evidence[i] = logMeanExp(ratios, 0, shares.length)
    })
    return logMeanExp(evidence, 0, starts.length) + Math.log(starts.length)
  }

  /** Observations of a stratum until an anomaly came; exact for its own, else until the next known one. */
  #seenAt(stratum: number, start: LoneAnomaly): number {
    if (stratum === start.stratum) return start.seen
    const at = this.waiting.indexOf(start)
    for (let i = at; i >= 0; i--)
      if (this.waiting[i]!.stratum === stratum) return this.waiting[i]!.seen
    return 0
  }

  /** These strata will be other ones. */
  forget(strata: Iterable<number>): void {
    const { seen } = this.#kept
    for (const stratum of strata) if (stratum < seen.length) seen[stratum] = 0
  }

  state(): SimilarAnomaliesState {
    return { ...this.#kept, seen: this.#kept.seen.slice() }
  }

  restore(state: SimilarAnomaliesState): void {
    this.#kept = { ...state, seen: state.seen.slice() }
  }
}

export interface SimilarAnomaliesState {
  dropped: number
  /** Whether anomalies came since they were last looked at. */
  fresh: boolean
  /** Groups that were given alarms. */
  groups: number
  waiting: readonly LoneAnomaly[]
  /** Observations by stratum. */
  seen: Float64Array<ArrayBuffer>
}

/** The service that most of some anomalies blame, the first by name of several. */
function mostBlamed(anomalies: readonly LoneAnomaly[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { service } of anomalies) {
    if (service !== '') counts.set(service, (counts.get(service) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0]
}
