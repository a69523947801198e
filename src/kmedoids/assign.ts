import { type Assignment, checkMedoids, emptyAssignment } from './assignment.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { type Backend, kernelMemory } from './kernel/kernel-memory.ts'
import { layOutMeasure, Pieces, RowMeasurer } from './kernel-board.ts'

const QUAD = 4
/** Targets at a time: their panels stay in the processor's second cache. */
const CHUNK = 4096

/**
 * Where each of n points belongs among the medoids (points of the same n): exact, O(nk) in time, O(n)
 * in memory. To assign new points, put medoids and new points into one `Points`. Ties as in
 * `assignToMedoids`. Throws RangeError on medoids that are none, not distinct, or not among the points.
 */
export function assign(data: Dissimilarities, medoids: Int32Array, backend?: Backend): Assignment {
  const { n } = data
  checkMedoids(medoids, n)
  const result = emptyAssignment(n)
  if (n === 0 || medoids.length === 0) {
    result.assignment.fill(-1)
    result.runnerUp.fill(-1)
    result.nearest.fill(Infinity)
    result.second.fill(Infinity)
    return result
  }
  const chunk = Math.min(CHUNK, Math.ceil(n / 16) * 16)
  const nearestTwo = chunkAssigner(data, medoids, chunk, backend)
  for (let from = 0; from < n; from += chunk) nearestTwo(from, Math.min(chunk, n - from), result)
  keepOwn(medoids, result)
  return result
}

/** Assigns the points from … from + count - 1, by one piece of memory used again and again. */
function chunkAssigner(
  data: Dissimilarities,
  medoids: Int32Array,
  chunk: number,
  backend?: Backend,
): (from: number, count: number, into: Assignment) => void {
  const pieces = new Pieces()
  const at = layOutMeasure(pieces, data.prepared?.p ?? 0, chunk)
  const rows = pieces.take(QUAD * at.stride)
  const offsets = Array.from({ length: 4 }, () => pieces.take(at.stride))
  const [nearestAt = 0, secondAt = 0, assignmentAt = 0, runnerUpAt = 0] = offsets
  const memory = kernelMemory(pieces.bytes, backend)
  const { buffer, kernel } = memory
  const nearest = new Float32Array(buffer, nearestAt, chunk)
  const second = new Float32Array(buffer, secondAt, chunk)
  const assignment = new Int32Array(buffer, assignmentAt, chunk)
  const runnerUp = new Int32Array(buffer, runnerUpAt, chunk)
  const ids = new Int32Array(chunk)
  const measurer = new RowMeasurer(data, ids, memory, at)
  const quad = new Int32Array(QUAD)
  return (from, count, into) => {
    // What is beyond the last point is that point again, and not read.
    for (let o = 0; o < chunk; o++) ids[o] = from + Math.min(o, count - 1)
    if (data.prepared) measurer.aim(data.prepared)
    nearest.fill(Infinity)
    second.fill(Infinity)
    assignment.fill(-1)
    runnerUp.fill(-1)
    for (let slot = 0; slot < medoids.length; slot += QUAD) {
      const width = Math.min(QUAD, medoids.length - slot)
      for (let c = 0; c < QUAD; c++) quad[c] = medoids[slot + Math.min(c, width - 1)]!
      measurer.measure(quad, width, rows)
      for (let c = 0; c < width; c++) {
        const row = rows + c * at.stride
        const where = [nearestAt, secondAt, assignmentAt, runnerUpAt] as const
        kernel.nearestTwo(row, slot + c, chunk, ...where)
      }
    }
    into.nearest.set(nearest.subarray(0, count), from)
    into.second.set(second.subarray(0, count), from)
    into.assignment.set(assignment.subarray(0, count), from)
    into.runnerUp.set(runnerUp.subarray(0, count), from)
  }
}

/** A medoid belongs to its own slot, though a copy of it be a medoid with a lower one. */
function keepOwn(medoids: Int32Array, { assignment, runnerUp, nearest, second }: Assignment): void {
  medoids.forEach((o, slot) => {
    if (assignment[o] === slot) return
    second[o] = nearest[o]!
    runnerUp[o] = assignment[o]!
    nearest[o] = 0
    assignment[o] = slot
  })
}
