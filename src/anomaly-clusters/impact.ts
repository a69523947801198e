import type { ElementTable } from '../profile/element-table.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { Alarm } from './alarm.ts'
import type { RecentRequests, RequestCounts } from './recent-requests.ts'

/** Entry operations that one cluster counts; those that suffer least find no room. */
const MOST_ENTRIES = 32
/** Kind of stratum that observations of traces have. */
const OF_TRACES = 0

/** How the requests of one entry operation fared while a cluster lasted. */
export interface EntryImpact extends RequestCounts {
  readonly stratum: number
}

/** Requests that failed or were slow. */
export function suffering({ failed, slow }: RequestCounts): number {
  return failed + slow
}

/** Those that suffer most first. */
export function byImpact(a: EntryImpact, b: EntryImpact): number {
  return suffering(b) - suffering(a) || b.requests - a.requests || a.stratum - b.stratum
}

/** Entry operations that come through a place, as far as call paths tell. Reads them anew where some are new. */
export class EntriesOfPlaces {
  readonly #table: ElementTable
  readonly #strata = new Map<number, number[]>()
  /** By path, that of its entry. */
  #roots: number[] = []
  #changes = -1

  constructor(table: ElementTable) {
    this.#table = table
  }

  of(alarm: Alarm): readonly number[] {
    if (alarm.on !== 'place') return [alarm.subject]
    this.#read()
    return this.#strata.get(alarm.subject) ?? []
  }

  #read(): void {
    const { paths, places, strata } = this.#table
    const changes = paths.ids.changes + places.ids.changes + strata.ids.changes
    if (changes === this.#changes) return
    this.#changes = changes
    this.#strata.clear()
    this.#roots = []
    for (let path = OTHER_PAIR + 1; path < paths.size; path++) {
      const place = this.#table.placeOfPath(path)
      const stratum = strata.find(OF_TRACES, this.#rootOf(path))
      if (place <= OTHER_PAIR || stratum <= OTHER_PAIR) continue
      const known = this.#strata.get(place) ?? []
      this.#strata.set(place, known)
      if (!known.includes(stratum)) known.push(stratum)
    }
  }

  #rootOf(path: number): number {
    const known = this.#roots[path]
    if (known !== undefined) return known
    const above = this.#table.paths.parentOf(path)
    const root = above <= OTHER_PAIR ? path : this.#rootOf(above)
    this.#roots[path] = root
    return root
  }
}

/** The impact with the entry operations of more alarms, counted since the cluster began. */
export function withEntries(
  impact: readonly EntryImpact[],
  strata: readonly number[],
  recent: RecentRequests,
  sinceMs: number,
): readonly EntryImpact[] {
  const fresh = [...new Set(strata)].filter((one) => !impact.some(({ stratum }) => stratum === one))
  if (fresh.length === 0) return impact
  const counted = fresh.map((stratum) => ({ stratum, ...recent.since(stratum, sinceMs) }))
  return [...impact, ...counted].sort(byImpact).slice(0, MOST_ENTRIES)
}

/** The impact of two clusters that are one: of what both counted, the one that counted more. */
export function mergedImpact(
  impact: readonly EntryImpact[],
  other: readonly EntryImpact[],
): readonly EntryImpact[] {
  const merged = new Map(impact.map((one) => [one.stratum, one]))
  for (const one of other) {
    const known = merged.get(one.stratum)
    merged.set(one.stratum, {
      stratum: one.stratum,
      requests: Math.max(one.requests, known?.requests ?? 0),
      failed: Math.max(one.failed, known?.failed ?? 0),
      slow: Math.max(one.slow, known?.slow ?? 0),
      plainlySlow: Math.max(one.plainlySlow, known?.plainlySlow ?? 0),
      fineAfter: Math.min(one.fineAfter, known?.fineAfter ?? one.fineAfter),
    })
  }
  return [...merged.values()].sort(byImpact).slice(0, MOST_ENTRIES)
}
