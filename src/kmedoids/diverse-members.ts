/**
 * Up to `count` examples that show how wide a cluster is: the medoid, then each time the member that is
 * farthest from all chosen so far (Gonzalez 1985). Only members within `radius` of the medoid count, so
 * that no outlier becomes an example of what is normal; copies of a chosen one add nothing and are
 * left out. Ties go to the earlier member. `distances` is n x n, row-major; O(count * members).
 */
export function diverseMembers(
  distances: Float32Array,
  n: number,
  medoid: number,
  members: ArrayLike<number>,
  count: number,
  radius = Infinity,
): number[] {
  const chosen = [medoid]
  const gap = new Float64Array(members.length)
  for (let i = 0; i < members.length; i++) {
    const d = distances[medoid * n + members[i]!]!
    gap[i] = d <= radius ? d : 0
  }
  while (chosen.length < count) {
    let best = -1
    let bestGap = 0
    for (let i = 0; i < members.length; i++) {
      if (gap[i]! > bestGap) {
        best = i
        bestGap = gap[i]!
      }
    }
    if (best < 0) break
    const member = members[best]!
    chosen.push(member)
    for (let i = 0; i < members.length; i++) {
      const d = distances[member * n + members[i]!]!
      if (d < gap[i]!) gap[i] = d
    }
  }
  return chosen
}
