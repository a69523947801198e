/**
 * Share of the pairs of points on which two labelings agree: together in both or apart in both (Rand
 * 1971). 1 for fewer than two points. Labels are whole numbers; only which are equal counts.
 */
export function rand(a: Int32Array, b: Int32Array): number {
  const { pairs, both, inA, inB } = countPairs(a, b)
  return pairs === 0 ? 1 : (pairs + 2 * both - inA - inB) / pairs
}

/**
 * The Rand index less what chance would give (Hubert, Arabie 1985): 1 for equal partitions, about 0
 * for unrelated ones. Where chance leaves no room (both all together, or both all apart) it is 1.
 */
export function adjustedRand(a: Int32Array, b: Int32Array): number {
  const { pairs, both, inA, inB } = countPairs(a, b)
  if (pairs === 0) return 1
  const expected = (inA * inB) / pairs
  const most = (inA + inB) / 2
  return most === expected ? 1 : (both - expected) / (most - expected)
}

interface Pairs {
  readonly pairs: number
  /** Together in both, in a, in b. */
  readonly both: number
  readonly inA: number
  readonly inB: number
}

function countPairs(a: Int32Array, b: Int32Array): Pairs {
  if (a.length !== b.length) {
    throw new RangeError(`Labelings of ${a.length} and ${b.length} points cannot be compared.`)
  }
  const cells = new Map<string, number>()
  const rows = new Map<number, number>()
  const columns = new Map<number, number>()
  for (let o = 0; o < a.length; o++) {
    const key = `${a[o]} ${b[o]}`
    cells.set(key, (cells.get(key) ?? 0) + 1)
    rows.set(a[o]!, (rows.get(a[o]!) ?? 0) + 1)
    columns.set(b[o]!, (columns.get(b[o]!) ?? 0) + 1)
  }
  const sum = (counts: Iterable<number>): number => {
    let total = 0
    for (const count of counts) total += (count * (count - 1)) / 2
    return total
  }
  return {
    pairs: (a.length * (a.length - 1)) / 2,
    both: sum(cells.values()),
    inA: sum(rows.values()),
    inB: sum(columns.values()),
  }
}
