import {
  COUNT,
  ERRORS,
  fromLogTime,
  MAX_SELF,
  MEAN_DURATION,
  type PackedProfiles,
  PROFILE_STRIDE,
} from '../profile/profile.ts'
import { fitKnots, KNOTS, type Scales } from './scales.ts'
import type { StratumRange } from './stratum-range.ts'

/** What every element in the sampled strata does, from observations with weight. */
export function fitScales(
  sample: PackedProfiles,
  weight: Float64Array,
  ranges: readonly StratumRange[],
): Scales {
  // A path holds its entry, so it belongs to one stratum only.
  const found = ranges
    .flatMap(({ from, to }) => [...valuesByPath(sample, weight, from, to)])
    .sort((a, b) => a[0] - b[0])
  const count = found.length
  const scales = {
    paths: Int32Array.from(found, ([path]) => path),
    knots: new Float64Array(count * 2 * KNOTS),
    supported: new Uint8Array(count * 2),
    upperSelf: new Float64Array(count),
    medianSelfMs: new Float64Array(count),
    observations: Uint32Array.from(found, ([, { selfs }]) => selfs.length),
    failing: Uint32Array.from(found, ([, { failing }]) => failing),
    mostTimes: Float64Array.from(found, ([, { mostTimes }]) => mostTimes),
  }
  found.forEach(([, { durations, selfs, wholes }], i) => {
    const scaleUs = Math.expm1(median(Float64Array.from(wholes).sort()))
    const self = Float64Array.from(selfs).sort()
    const fitted = [fitKnots(Float64Array.from(durations).sort(), scaleUs), fitKnots(self, scaleUs)]
    fitted.forEach(({ knots, supported }, measure) => {
      scales.knots.set(knots, (2 * i + measure) * KNOTS)
      scales.supported[2 * i + measure] = supported
    })
    scales.upperSelf[i] = self[Math.floor(0.75 * self.length)]!
    scales.medianSelfMs[i] = fromLogTime(median(self))
  })
  return scales
}

interface PathValues {
  readonly durations: number[]
  readonly selfs: number[]
  /** Longest duration in each observation that has the path: the observation's own. */
  readonly wholes: number[]
  failing: number
  mostTimes: number
}

function valuesByPath(
  sample: PackedProfiles,
  weight: Float64Array,
  from: number,
  to: number,
): Map<number, PathValues> {
  const byPath = new Map<number, PathValues>()
  for (let i = from; i < to; i++) {
    if (weight[i] === 0) continue
    let whole = 0
    for (let j = sample.offsets[i]!; j < sample.offsets[i + 1]!; j++) {
      whole = Math.max(whole, sample.values[j * PROFILE_STRIDE + MEAN_DURATION]!)
    }
    for (let j = sample.offsets[i]!; j < sample.offsets[i + 1]!; j++) {
      const path = sample.paths[j]!
      let values = byPath.get(path)
      if (!values) {
        values = { durations: [], selfs: [], wholes: [], failing: 0, mostTimes: 0 }
        byPath.set(path, values)
      }
      values.durations.push(sample.values[j * PROFILE_STRIDE + MEAN_DURATION]!)
      values.selfs.push(sample.values[j * PROFILE_STRIDE + MAX_SELF]!)
      values.wholes.push(whole)
      if (sample.values[j * PROFILE_STRIDE + ERRORS]! > 0) values.failing++
      const times = sample.values[j * PROFILE_STRIDE + COUNT]!
      if (times > values.mostTimes) values.mostTimes = times
    }
  }
  return byPath
}

function median(sorted: Float64Array): number {
  return sorted[sorted.length >> 1]!
}
