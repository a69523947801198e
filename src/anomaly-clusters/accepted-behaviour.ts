import { CONSTANTS } from '../baseline/constants.ts'
import type { IdSets } from '../columns/marks.ts'
import { useProfile } from '../profile/ids-in-use.ts'
import type { Profile } from '../profile/profile.ts'
import { keyOf } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import { useKey } from './ids-of-clusters.ts'
import type { ProfileDistances } from './profile-distances.ts'
import type { Suspect } from './suspects.ts'

/** Accepted clusters that are remembered; older ones make room. */
const MOST_STORIES = 32
/**
 * How long one is remembered, data time: some refreshes, in which the model finds a kind of its own
 * for the observations.
 */
const REMEMBERED_MS = 3_600_000

/** A cluster whose behaviour a person called fine, as plain data. */
interface AcceptedStory {
  readonly cluster: string
  /** Keys of its series. */
  readonly keys: readonly number[]
  readonly atMs: number
  /** The services that it blamed, and the callers that took part. */
  readonly services: readonly string[]
  readonly callers: readonly string[]
  /** Examples of it. */
  readonly profiles: readonly Profile[]
}

/**
 * What people have accepted: its series raise no alarm until a null was fitted that knows it, what else
 * deviated with it at that time does not either, and observations like its examples are learned from
 * although the model still flags them.
 */
export class AcceptedBehaviour {
  /** Series by key, with the data time of their acceptance. */
  readonly #series = new Map<number, number>()
  #stories: readonly AcceptedStory[] = []

  add(cluster: Cluster, suspects: readonly Suspect[], atMs: number): void {
    const story = {
      cluster: cluster.id,
      keys: cluster.alarms.map(({ signal, subject }) => keyOf(signal, subject)),
      atMs,
      services: [...new Set(suspects.map(({ service }) => service))],
      callers: [...new Set(suspects.map(({ caller }) => caller))].filter((caller) => caller !== ''),
      profiles: cluster.members.map(({ example }) => example.profile),
    }
    this.#stories = [...this.#stories, story].slice(-MOST_STORIES)
  }

  addSeries(key: number, atMs: number): void {
    this.#series.set(key, atMs)
  }

  hasSeries(key: number): boolean {
    return this.#series.has(key)
  }

  /** Whether something that began at `firstMs` was part of an accepted story at the time of that. */
  includes({ service, caller }: Suspect, firstMs: number): boolean {
    return this.#stories.some(
      ({ atMs, services, callers }) =>
        firstMs <= atMs && (services.includes(service) || callers.includes(caller)),
    )
  }

  /** Whether an observation is similar to an example of an accepted story. */
  isSimilar(profile: Profile, timeMs: number, distances: ProfileDistances): boolean {
    const near = (example: Profile): boolean =>
      distances.between(example, profile) <= 2 * CONSTANTS.similar
    return this.#stories.some(
      ({ atMs, profiles }) => timeMs - atMs <= REMEMBERED_MS && profiles.some(near),
    )
  }

  /**
   * A null takes effect at `timeMs` that was fitted at `fittedMs`: it knows what was accepted before, but
   * for what it still can only assume. Gives back the keys of the series that may raise alarms again.
   */
  release(fittedMs: number, timeMs: number, isAssumed: (key: number) => boolean): number[] {
    const released = [...this.#series]
      .filter(([key, atMs]) => fittedMs > atMs && !isAssumed(key))
      .map(([key]) => key)
    for (const key of released) this.#series.delete(key)
    this.#stories = this.#stories.filter(({ atMs }) => timeMs - atMs <= REMEMBERED_MS)
    return released
  }

  /** Forgets that a cluster was accepted. Gives back the keys of the series that may raise alarms again. */
  takeBack(cluster: string): number[] {
    const stories = this.#stories.filter((story) => story.cluster === cluster)
    this.#stories = this.#stories.filter((story) => story.cluster !== cluster)
    const keys = stories.flatMap((story) => story.keys).filter((key) => this.#series.delete(key))
    return keys
  }

  /** Takes note of the ids that it refers to. */
  use(used: IdSets): void {
    for (const key of this.#series.keys()) useKey(used, key)
    for (const { keys, profiles } of this.#stories) {
      for (const key of keys) useKey(used, key)
      for (const profile of profiles) useProfile(used, profile)
    }
  }

  state() {
    return { series: [...this.#series], stories: this.#stories }
  }

  restore({ series, stories }: ReturnType<AcceptedBehaviour['state']>): void {
    for (const [key, atMs] of series) this.#series.set(key, atMs)
    this.#stories = stories
  }
}
