import { SeededRandom } from './random.ts'

/** Draws for an interval, the central share that it holds, and the seed: the same files, the same interval. */
const DRAWS = 1000
const CENTRAL = 0.95
const SEED = 1

/** A figure's central 95 % of what other incidents and other minutes like these would have given. */
export type Interval = readonly [low: number, high: number]

/**
 * Bootstrap by units (Efron's percentile interval): incidents and minutes, not single observations, are
 * drawn with replacement, since what happens together is no independent evidence.
 * @param groups units that are drawn among each other; a unit is an index into the weights
 * @param figures what the weights of all units give; null values take no part
 */
export function bootstrapIntervals<Name extends string>(
  groups: readonly (readonly number[])[],
  figures: (weights: Float64Array) => Readonly<Record<Name, number | null>>,
): Record<Name, Interval | null> {
  const units = groups.reduce((sum, { length }) => sum + length, 0)
  const weights = new Float64Array(units)
  const random = new SeededRandom(SEED)
  const drawn = new Map<Name, number[]>()
  for (let draw = 0; draw < DRAWS; draw++) {
    weights.fill(0)
    for (const group of groups) {
      for (let i = 0; i < group.length; i++) {
        weights[group[Math.floor(random.next() * group.length)]!]!++
      }
    }
    for (const [name, value] of Object.entries(figures(weights)) as [Name, number | null][]) {
      const values = drawn.get(name) ?? []
      drawn.set(name, values)
      if (value !== null) values.push(value)
    }
  }
  return Object.fromEntries(
    [...drawn].map(([name, values]) => [name, centralPart(values)]),
  ) as Record<Name, Interval | null>
}

function centralPart(values: readonly number[]): Interval | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!
  return [at((1 - CENTRAL) / 2), at((1 + CENTRAL) / 2)]
}
