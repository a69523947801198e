import { diverseMembers } from '../kmedoids/diverse-members.ts'
import { fasterPamOfMatrix } from '../kmedoids/faster-pam.ts'
import { medoidSilhouette } from '../kmedoids/medoid-silhouette.ts'
import type { KeptTrace } from '../profile/kept-trace.ts'
import type { Profile } from '../profile/profile.ts'
import { SeededRandom } from '../stats/random.ts'
import type { ProfileDistances } from './profile-distances.ts'

/** Examples kept of one cluster. */
export const MOST_MEMBERS = 24
/** Diverse ones named in what is published. */
const NAMED = 5

/** What is kept of an observation as an example of its cluster. */
export interface KeptExample {
  readonly profile: Profile
  readonly trace: KeptTrace
  /** The medoid nearest to it. */
  readonly nearestNormal: KeptTrace | null
}

/** A deviating observation of a cluster. Its members are a bounded uniform sample, ascending by hash. */
export interface Member {
  /** Hash of the trace id: the least ones stay, so the sample is uniform and order-free. */
  readonly hash: number
  readonly example: KeptExample
  /** Keys of the series in which it deviates. */
  readonly series: readonly number[]
}

/** Whether an observation of this hash would become a member. */
export function wantsMember(members: readonly Member[], hash: number): boolean {
  if (members.length >= MOST_MEMBERS && hash >= members[MOST_MEMBERS - 1]!.hash) return false
  return !members.some((member) => member.hash === hash)
}

/** The sample with one more that it wants. */
export function withMember(members: readonly Member[], member: Member): readonly Member[] {
  const at = members.findIndex(({ hash }) => hash > member.hash)
  return members.toSpliced(at < 0 ? members.length : at, 0, member).slice(0, MOST_MEMBERS)
}

/** The sample with those of some others that it wants. */
export function withMembers(
  members: readonly Member[],
  others: readonly Member[],
): readonly Member[] {
  return others.reduce(
    (all, one) => (wantsMember(all, one.hash) ? withMember(all, one) : all),
    members,
  )
}

/** The medoid and a few diverse others, the medoid first. */
export function representatives(
  members: readonly Member[],
  distances: ProfileDistances,
): KeptExample[] {
  const n = members.length
  if (n === 0) return []
  const matrix = distances.matrix(members.map(({ example }) => example.profile))
  const medoid = medoidOf(matrix, n)
  const all = members.map((_, i) => i)
  return diverseMembers(matrix, n, medoid, all, NAMED).map((i) => members[i]!.example)
}

/**
 * The members in two groups where they clearly differ, else null: k-medoids with k = 2, a mean
 * medoid silhouette of at least `silhouette`, and `least` members on both sides.
 */
export function halves(
  members: readonly Member[],
  distances: ProfileDistances,
  silhouette: number,
  least: number,
): [Member[], Member[]] | null {
  const n = members.length
  if (n < 2 * least) return null
  const matrix = distances.matrix(members.map(({ example }) => example.profile))
  const weights = new Float64Array(n).fill(1)
  const first = medoidOf(matrix, n)
  const medoids = Int32Array.of(first, farthestFrom(matrix, n, first))
  const random = new SeededRandom(n)
  const { assignment, nearest, second } = fasterPamOfMatrix(matrix, n, weights, medoids, {
    random: () => random.next(),
  })
  if (medoidSilhouette(nearest, second, weights) < silhouette) return null
  const a = members.filter((_, i) => assignment[i] === 0)
  const b = members.filter((_, i) => assignment[i] === 1)
  return a.length < least || b.length < least ? null : [a, b]
}

/** Index of the point with the least sum of distances; the first where several have it. */
function medoidOf(matrix: Float32Array, n: number): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += matrix[i * n + j]!
    if (sum >= least) continue
    least = sum
    best = i
  }
  return best
}

function farthestFrom(matrix: Float32Array, n: number, point: number): number {
  let best = point === 0 ? 1 : 0
  for (let i = 0; i < n; i++) {
    if (i !== point && matrix[point * n + i]! > matrix[point * n + best]!) best = i
  }
  return best
}
