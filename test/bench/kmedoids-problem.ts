import type { Points } from '../../src/kmedoids/points.ts'
import { SeededRandom } from '../../src/stats/random.ts'

/** n points around `groups` centres in p dimensions, overlapping a little; the same for the same seed. */
export function groupedPoints(n: number, p: number, groups: number, seed: number): Points {
  const random = new SeededRandom(seed)
  const centres = Float64Array.from({ length: groups * p }, () => 10 * random.next())
  const values = new Float32Array(n * p)
  for (let i = 0; i < n; i++) {
    const centre = (i % groups) * p
    for (let j = 0; j < p; j++) {
      const noise = random.next() + random.next() + random.next() - 1.5
      values[i * p + j] = centres[centre + j]! + 2 * noise
    }
  }
  return { n, p, values }
}
