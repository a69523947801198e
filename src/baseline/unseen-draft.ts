import { NO_MOMENTS } from '../stats/over-dispersion.ts'
import type { NullOptions } from './null-options.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import type { SeriesDraft } from './series-draft.ts'
import { UNSEEN } from './series-kind.ts'

/** Occurrences of one element in the reference, and those with a child in a place hardly ever seen. */
export interface UnseenShare {
  n: number
  unseen: number
}

/**
 * Ids of the places that are known, ascending: seen in `knownBuckets` buckets or more, or accepted by
 * a person. One bucket would do for a place to look known, and a fault that begins is learned from
 * until it is found.
 */
export function knownPlaces(data: PlaceReferenceData, { knownBuckets }: NullOptions): number[] {
  const known = new Set<number>(data.accepted)
  data.places.forEach((place, i) => {
    if (data.records[i + 1]! - data.records[i]! >= knownBuckets) known.add(place)
  })
  return [...known].sort((a, b) => a - b)
}

/**
 * By element: how often the reference itself has what the same rule calls unseen. It is the share that
 * Good and Turing expect of things never met, counted in buckets instead of single occurrences since
 * they come in bursts.
 */
export function unseenShares(
  data: PlaceReferenceData,
  known: readonly number[],
): ReadonlyMap<number, UnseenShare> {
  const isKnown = new Set(known)
  const shares = new Map<number, UnseenShare>()
  const of = (element: number): UnseenShare => {
    const share = shares.get(element) ?? { n: 0, unseen: 0 }
    shares.set(element, share)
    return share
  }
  data.places.forEach((place, i) => {
    const own = of(data.element[i]!)
    const above = of(data.parentElement[i]!)
    for (let r = data.records[i]!; r < data.records[i + 1]!; r++) {
      own.n += data.n[r]!
      if (!isKnown.has(place)) above.unseen += data.runs[r]!
    }
  })
  return shares
}

/** Occurrences of place i with an unseen child. Not of calls: what is below them is who answers. */
export function draftUnseen(
  data: PlaceReferenceData,
  i: number,
  shares: ReadonlyMap<number, UnseenShare>,
  options: NullOptions,
): SeriesDraft[] {
  const share = shares.get(data.element[i]!)
  const buckets = data.records[i + 1]! - data.records[i]!
  if (!share || data.isCall[i] === 1 || buckets < options.knownBuckets) return []
  let reference = 0
  for (let r = data.records[i]!; r < data.records[i + 1]!; r++) reference += data.n[r]!
  if (reference < options.leastReference) return []
  const { n } = share
  const unseen = Math.min(n, share.unseen)
  return [
    {
      kind: UNSEEN,
      level: 0,
      rate: (unseen + 1) / (n + 2),
      floor: options.rareFloor,
      normal: unseen / n,
      reference,
      perBucket: reference / buckets,
      pool: 'structure',
      moments: NO_MOMENTS,
      byPath: null,
    },
  ]
}
