import type { ModelRequest } from '../model/fit-request.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import { fromLogTime, MEAN_DURATION, PROFILE_STRIDE } from '../profile/profile.ts'
import { upperShare } from '../stats/quantile-bound.ts'
import { CONSTANTS } from './constants.ts'

/** How long hardly any request of a stratum takes, ns. */
export interface EntryTail {
  readonly stratum: number
  readonly tailNs: number
}

/** The tails of durations by stratum, ascending, from the calibration observations. */
export function entryTails({
  calibration,
  calibrationStratum,
  calibrationEntry,
}: Pick<ModelRequest, 'calibration' | 'calibrationStratum' | 'calibrationEntry'>): EntryTail[] {
  const { offsets, paths, values } = calibration
  const times = new Map<number, number[]>()
  calibrationStratum.forEach((stratum, i) => {
    const entry = calibrationEntry[i]!
    const at = paths.subarray(offsets[i], offsets[i + 1]).indexOf(entry)
    if (entry <= OTHER_PAIR || at < 0) return
    const ofStratum = times.get(stratum) ?? []
    times.set(stratum, ofStratum)
    const row = offsets[i]! + at
    ofStratum.push(fromLogTime(values[row * PROFILE_STRIDE + MEAN_DURATION]!) * 1e6)
  })
  return [...times]
    .filter(([, { length }]) => length >= CONSTANTS.enough)
    .map(([stratum, ofStratum]) => ({ stratum, tailNs: tailOf(ofStratum) }))
    .sort((a, b) => a.stratum - b.stratum)
}

function tailOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  const n = sorted.length
  const { farQuantile, deviations, plainly } = CONSTANTS
  const at = (share: number): number => sorted[Math.min(n - 1, Math.floor(share * n))]!
  return Math.max(at(upperShare(farQuantile, n, deviations)), plainly * at(0.5))
}
