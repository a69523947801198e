import { MAX_SELF, MEAN_DURATION, type PackedProfiles, PROFILE_STRIDE } from '../profile/profile.ts'
import { fitKnots, KNOTS, type Scales } from './scales.ts'
import type { StratumRange } from './stratum-range.ts'

/** The own scales of every element in the sampled strata, from observations with weight. */
export function fitScales(
  sample: PackedProfiles,
  weight: Float64Array,
  ranges: readonly StratumRange[],
): Scales {
  const found: { path: number; knots: Float64Array; supported: [number, number] }[] = []
  for (const { from, to } of ranges) {
    const byPath = valuesByPath(sample, weight, from, to)
    // A path holds its entry, so it belongs to one stratum only.
    for (const [path, { durations, selfs, wholes }] of byPath) {
      const scaleUs = Math.expm1(median(wholes))
      const duration = fitKnots(Float64Array.from(durations).sort(), scaleUs)
      const self = fitKnots(Float64Array.from(selfs).sort(), scaleUs)
      const knots = new Float64Array(2 * KNOTS)
      knots.set(duration.knots)
      knots.set(self.knots, KNOTS)
      found.push({ path, knots, supported: [duration.supported, self.supported] })
    }
  }
  found.sort((a, b) => a.path - b.path)
  const knots = new Float64Array(found.length * 2 * KNOTS)
  found.forEach((scale, i) => {
    knots.set(scale.knots, i * 2 * KNOTS)
  })
  return {
    paths: Int32Array.from(found, ({ path }) => path),
    knots,
    supported: Uint8Array.from(found.flatMap(({ supported }) => supported)),
  }
}

interface PathValues {
  readonly durations: number[]
  readonly selfs: number[]
  /** Longest duration in each observation that has the path: the observation's own. */
  readonly wholes: number[]
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
        values = { durations: [], selfs: [], wholes: [] }
        byPath.set(path, values)
      }
      values.durations.push(sample.values[j * PROFILE_STRIDE + MEAN_DURATION]!)
      values.selfs.push(sample.values[j * PROFILE_STRIDE + MAX_SELF]!)
      values.wholes.push(whole)
    }
  }
  return byPath
}

function median(values: number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1]!
}
