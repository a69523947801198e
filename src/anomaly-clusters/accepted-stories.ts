import type { Profile } from '../profile/profile.ts'
import type { LivingCluster } from './accumulator-cluster.ts'
import { type Front, seriesKey } from './deviation-front.ts'
import { ALIKE } from './deviation-like.ts'
import type { Voice } from './deviation-voice.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Accepted stories that are remembered; older ones make room. */
const MOST_STORIES = 32
/**
 * How long a story is remembered, data time: some refreshes, in which the model finds a kind of its own
 * for the observations.
 */
const REMEMBERED_MS = 3_600_000

/** A cluster whose behaviour a person called fine, as plain data. */
export interface AcceptedStory {
  readonly atMs: number
  /** Whom it accused, and which callers took part. */
  readonly services: readonly string[]
  readonly callers: readonly string[]
  /** Examples of it. */
  readonly profiles: readonly Profile[]
}

/**
 * What was accepted: its series do not open until a null was fitted that knows it, what else deviated
 * with it at that time does not either, and observations like its examples are learned from although
 * the model still flags them.
 */
export class AcceptedStories {
  /** Series by key, with the data time of their acceptance. */
  readonly #series = new Map<number, number>()
  #stories: AcceptedStory[] = []

  add(cluster: LivingCluster, voices: readonly Voice[], atMs: number): void {
    this.#stories.push({
      atMs,
      services: [...new Set(voices.map(({ service }) => service))],
      callers: [...new Set(voices.map(({ caller }) => caller))].filter((caller) => caller !== ''),
      profiles: cluster.members.members.map(({ example }) => example.profile),
    })
    if (this.#stories.length > MOST_STORIES) this.#stories.shift()
  }

  addSeries({ kind, subject }: Pick<Front, 'kind' | 'subject'>, atMs: number): void {
    this.#series.set(seriesKey(kind, subject), atMs)
  }

  hasSeries(kind: number, subject: number): boolean {
    return this.#series.has(seriesKey(kind, subject))
  }

  /** Whether something that began at `firstMs` was part of an accepted story at the time of that. */
  tells({ service, caller }: Voice, firstMs: number): boolean {
    return this.#stories.some(
      ({ atMs, services, callers }) =>
        firstMs <= atMs && (services.includes(service) || callers.includes(caller)),
    )
  }

  /** Whether an observation is like the examples of an accepted story. */
  isLike(profile: Profile, timeMs: number, distances: ProfileDistances): boolean {
    const alike = (example: Profile): boolean =>
      distances.matrix([example, profile])[1]! <= 2 * ALIKE
    return this.#stories.some(
      ({ atMs, profiles }) => timeMs - atMs <= REMEMBERED_MS && profiles.some(alike),
    )
  }

  /**
   * A null takes effect at `timeMs` that was fitted at `fittedMs`: it knows what was accepted before.
   * Gives back the keys of the series that may open again.
   */
  fitted(fittedMs: number, timeMs: number): number[] {
    const released: number[] = []
    for (const [key, atMs] of this.#series) if (fittedMs > atMs) released.push(key)
    for (const key of released) this.#series.delete(key)
    this.#stories = this.#stories.filter(({ atMs }) => timeMs - atMs <= REMEMBERED_MS)
    return released
  }

  state(): AcceptedStoriesState {
    return { series: [...this.#series], stories: [...this.#stories] }
  }

  restore({ series, stories }: AcceptedStoriesState): void {
    for (const [key, atMs] of series) this.#series.set(key, atMs)
    this.#stories = [...stories]
  }
}

export interface AcceptedStoriesState {
  readonly series: readonly (readonly [key: number, atMs: number])[]
  readonly stories: readonly AcceptedStory[]
}
