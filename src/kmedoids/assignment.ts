/**
 * Where each of n points belongs, given k medoids in slots 0 … k-1. `nearest[o]` and `second[o]` are
 * its distances to the nearest medoid and to the next one, `assignment[o]` and `runnerUp[o]` their
 * slots. With a single medoid `second` is Infinity and `runnerUp` -1; with none both distances are
 * Infinity and both slots -1.
 */
export interface Assignment {
  readonly assignment: Int32Array
  readonly runnerUp: Int32Array
  readonly nearest: Float32Array
  readonly second: Float32Array
}

export function emptyAssignment(n: number): Assignment {
  return {
    assignment: new Int32Array(n),
    runnerUp: new Int32Array(n),
    nearest: new Float32Array(n),
    second: new Float32Array(n),
  }
}

/**
 * Assigns every point to the medoids, into `into`: O(nk). `distances` is n x n, row-major; row m
 * holds the distances from m to all points. Ties go to the lower slot, but a medoid always belongs
 * to its own slot, so that duplicates as medoids do not leave an empty cluster.
 */
export function assignToMedoids(
  distances: Float32Array,
  n: number,
  medoids: ArrayLike<number>,
  into: Assignment,
): Assignment {
  const { assignment, runnerUp, nearest, second } = into
  assignment.fill(-1)
  runnerUp.fill(-1)
  nearest.fill(Infinity)
  second.fill(Infinity)
  for (let slot = 0; slot < medoids.length; slot++) {
    const row = medoids[slot]! * n
    for (let o = 0; o < n; o++) {
      const d = distances[row + o]!
      if (d < nearest[o]!) {
        second[o] = nearest[o]!
        runnerUp[o] = assignment[o]!
        nearest[o] = d
        assignment[o] = slot
      } else if (d < second[o]!) {
        second[o] = d
        runnerUp[o] = slot
      }
    }
  }
  for (let slot = 0; slot < medoids.length; slot++) {
    const o = medoids[slot]!
    if (assignment[o] === slot || distances[o * n + o]! > nearest[o]!) continue
    second[o] = nearest[o]!
    runnerUp[o] = assignment[o]!
    nearest[o] = distances[o * n + o]!
    assignment[o] = slot
  }
  return into
}

/** Total deviation: the weighted sum of the distances to the nearest medoid. */
export function totalDeviation(nearest: Float32Array, weights: Float64Array): number {
  let loss = 0
  for (let o = 0; o < nearest.length; o++) loss += weights[o]! * nearest[o]!
  return loss
}

/** Weight of the points of each of k slots. */
export function supportOf(assignment: Int32Array, weights: Float64Array, k: number): Float64Array {
  const support = new Float64Array(k)
  for (let o = 0; o < assignment.length; o++) {
    const slot = assignment[o]!
    if (slot >= 0) support[slot] = support[slot]! + weights[o]!
  }
  return support
}

/**
 * Throws RangeError unless there are n x n distances and n weights, all finite and at least 0. NaN
 * would make every comparison false and leave a plausible, wrong clustering behind.
 */
export function checkInput(distances: Float32Array, n: number, weights: Float64Array): void {
  if (distances.length !== n * n || weights.length !== n) {
    throw new RangeError(
      `Expected ${n * n} distances and ${n} weights, got ${distances.length} and ${weights.length}.`,
    )
  }
  for (let i = 0; i < distances.length; i++) {
    const d = distances[i]!
    if (d >= 0 && d < Infinity) continue
    throw new RangeError(`Distance of points ${Math.floor(i / n)} and ${i % n} is ${d}.`)
  }
  checkWeights(weights, n)
}

/** Throws RangeError unless there are n weights, all finite and at least 0. */
export function checkWeights(weights: Float64Array, n: number): void {
  if (weights.length !== n) {
    throw new RangeError(`Expected ${n} weights, one for each point, got ${weights.length}.`)
  }
  for (let o = 0; o < n; o++) {
    const weight = weights[o]!
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `Weight of point ${o} is ${weight}; it must be a finite number of at least 0.`,
      )
    }
  }
}

/** Throws RangeError unless the medoids are distinct points of 0 … n-1. */
export function checkMedoids(medoids: ArrayLike<number>, n: number): void {
  const seen = new Uint8Array(n)
  for (let slot = 0; slot < medoids.length; slot++) {
    const medoid = medoids[slot]!
    if (!Number.isInteger(medoid) || medoid < 0 || medoid >= n) {
      throw new RangeError(`Medoid ${medoid} of slot ${slot} is not one of ${n} points.`)
    }
    if (seen[medoid] === 1) throw new RangeError(`Medoid ${medoid} is given twice.`)
    seen[medoid] = 1
  }
}
