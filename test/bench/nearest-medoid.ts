import { assign } from '../../src/kmedoids/assign.ts'
import { euclidean } from '../../src/kmedoids/distances.ts'
import type { Points } from '../../src/kmedoids/points.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { groupedPoints } from './kmedoids-problem.ts'
import { threadCpuUs } from './thread-cpu.ts'

/**
 * Exact nearest medoid: brute force by the SIMD kernel against a vantage-point tree (Yianilos 1993), by
 * the number of medoids and columns. Decides what `assign` does; the table is in docs/performance.md.
 */
interface VpNode {
  readonly medoid: number
  readonly radius: number
  readonly inside: VpNode | null
  readonly outside: VpNode | null
}

function between({ p, values }: Points, a: number, b: number): number {
  let sum = 0
  for (let j = 0; j < p; j++) sum += (values[a * p + j]! - values[b * p + j]!) ** 2
  return Math.sqrt(sum)
}

function vpTree(points: Points, medoids: number[], random: () => number): VpNode | null {
  if (medoids.length === 0) return null
  const [medoid = 0] = medoids.splice(Math.floor(random() * medoids.length), 1)
  const ranked = medoids
    .map((other) => ({ other, d: between(points, medoid, other) }))
    .sort((a, b) => a.d - b.d)
  const half = Math.floor(ranked.length / 2)
  const part = (from: number, to: number): VpNode | null =>
    vpTree(
      points,
      ranked.slice(from, to).map(({ other }) => other),
      random,
    )
  const radius = ranked[half]?.d ?? 0
  return { medoid, radius, inside: part(0, half), outside: part(half, ranked.length) }
}

function nearest(
  points: Points,
  root: VpNode | null,
  point: number,
): { medoid: number; d: number } {
  const best = { medoid: -1, d: Infinity }
  const visit = (node: VpNode | null): void => {
    if (node === null) return
    const d = between(points, node.medoid, point)
    if (d < best.d) {
      best.d = d
      best.medoid = node.medoid
    }
    const [first, second] =
      d < node.radius ? [node.inside, node.outside] : [node.outside, node.inside]
    visit(first)
    if (Math.abs(d - node.radius) <= best.d) visit(second)
  }
  visit(root)
  return best
}

function nanoseconds(count: number, run: () => void): number {
  run()
  let best = Infinity
  for (let round = 0; round < 3; round++) {
    const start = threadCpuUs()
    run()
    best = Math.min(best, threadCpuUs() - start)
  }
  return (1000 * best) / count
}

const queries = 20_000
console.log('columns  medoids  brute force ns  VP-tree ns  tree over brute')
for (const p of [4, 16, 32]) {
  for (const k of [10, 60, 200, 1000, 4000]) {
    const points = groupedPoints(k + queries, p, 60, 3)
    const data = euclidean.of(points)
    const medoids = Int32Array.from({ length: k }, (_, i) => i)
    const random = new SeededRandom(1)
    const root = vpTree(points, [...medoids], () => random.next())
    const brute = nanoseconds(queries, () => assign(data, medoids))
    let wrong = 0
    const tree = nanoseconds(queries, () => {
      for (let o = k; o < k + queries; o++) if (nearest(points, root, o).medoid < 0) wrong++
    })
    const exact = assign(data, medoids)
    for (let o = k; o < k + 100; o++) {
      if (Math.abs(nearest(points, root, o).d - exact.nearest[o]!) > 1e-4) wrong++
    }
    if (wrong > 0) throw new Error(`The tree was wrong ${wrong} times.`)
    const cells = [p, k, brute.toFixed(0), tree.toFixed(0), (tree / brute).toFixed(1)]
    console.log(cells.map((cell) => String(cell).padStart(9)).join('  '))
  }
}
