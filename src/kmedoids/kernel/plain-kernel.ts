import type { Kernel } from './kernel.ts'

/** Targets of one panel, and points measured at once. */
const PANEL = 8
const LANES = 4
const { fround } = Math

interface Views {
  readonly f32: Float32Array
  readonly f64: Float64Array
  readonly i32: Int32Array
  readonly u8: Uint8Array
}

/** The kernels in plain TypeScript, bit for bit those of WebAssembly: their oracle and fallback. */
export function plainKernel(buffer: ArrayBuffer): Kernel {
  const views: Views = {
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    i32: new Int32Array(buffer),
    u8: new Uint8Array(buffer),
  }
  const { f32 } = views
  return {
    manhattan: overPairs(f32, manhattanOf),
    euclidean: overPairs(f32, (...pair) => fround(Math.sqrt(squareOf(...pair)))),
    halfSquare: overPairs(f32, (...pair) => fround(squareOf(...pair) * 0.5)),
    chebyshev: overPairs(f32, chebyshevOf),
    ruzicka: overPairs(f32, ruzickaOf),
    gower: (points, panels, p, count, out, stride, kinds, weights) => {
      overPairs(f32, (_, a, b, columns) => gowerOf(views, a, b, columns, kinds, weights >> 2))(
        points,
        panels,
        p,
        count,
        out,
        stride,
      )
    },
    scan: (...args) => scan(views, ...args),
    nearestTwo: (...args) => nearestTwo(views, ...args),
    gain: (...args) => gain(views, ...args),
    applySwap: (...args) => applySwap(views, ...args),
  }
}

/** One pair: the first values of both (index into f32; strides LANES and PANEL) and p. */
type PairDistance = (f32: Float32Array, a: number, b: number, p: number) => number

function overPairs(f32: Float32Array, distance: PairDistance): Kernel['manhattan'] {
  return (points, panels, p, count, out, stride) => {
    for (let panel = 0; panel < count; panel++) {
      for (let c = 0; c < LANES; c++) {
        for (let o = 0; o < PANEL; o++) {
          const a = (points >>> 2) + c
          const b = (panels >>> 2) + panel * p * PANEL + o
          f32[((out + c * stride) >>> 2) + panel * PANEL + o] = distance(f32, a, b, p)
        }
      }
    }
  }
}

function manhattanOf(f32: Float32Array, a: number, b: number, p: number): number {
  let sum = 0
  for (let j = 0; j < p; j++) {
    sum = fround(sum + Math.abs(fround(f32[a + j * LANES]! - f32[b + j * PANEL]!)))
  }
  return sum
}

function squareOf(f32: Float32Array, a: number, b: number, p: number): number {
  let sum = 0
  for (let j = 0; j < p; j++) {
    const d = fround(f32[a + j * LANES]! - f32[b + j * PANEL]!)
    sum = fround(sum + fround(d * d))
  }
  return sum
}

function chebyshevOf(f32: Float32Array, a: number, b: number, p: number): number {
  let most = 0
  for (let j = 0; j < p; j++) {
    const d = Math.abs(fround(f32[a + j * LANES]! - f32[b + j * PANEL]!))
    if (most < d) most = d
  }
  return most
}

function ruzickaOf(f32: Float32Array, a: number, b: number, p: number): number {
  let least = 0
  let most = 0
  for (let j = 0; j < p; j++) {
    const x = f32[a + j * LANES]!
    const y = f32[b + j * PANEL]!
    least = fround(least + (y < x ? y : x))
    most = fround(most + (x < y ? y : x))
  }
  return most > 0 ? fround(1 - fround(least / most)) : 0
}

function gowerOf(
  { f32, u8 }: Views,
  a: number,
  b: number,
  p: number,
  kinds: number,
  weights: number,
): number {
  let sum = 0
  for (let j = 0; j < p; j++) {
    const x = f32[a + j * LANES]!
    const y = f32[b + j * PANEL]!
    const weight = f32[weights + j]!
    const missing = (Number.isNaN(x) ? 1 : 0) + (Number.isNaN(y) ? 1 : 0)
    let term = 0
    if (missing === 1) term = fround(weight * 0.5)
    else if (missing === 2) term = 0
    else if (u8[kinds + j] === 0) term = fround(Math.min(Math.abs(fround(x - y)), 1) * weight)
    else term = x === y ? 0 : weight
    sum = fround(sum + term)
  }
  return sum
}

function scan(views: Views, ...args: Parameters<Kernel['scan']>): number {
  const { f32, f64, i32 } = views
  const [rowAt, m, nearestAt, secondAt, assignmentAt, weightsAt, changeAt] = args
  const row = rowAt >>> 2
  const nearest = nearestAt >>> 2
  const second = secondAt >>> 2
  const assignment = assignmentAt >>> 2
  const weights = weightsAt >>> 3
  const change = changeAt >>> 3
  let added = 0
  for (let o = 0; o < m; o++) {
    const d = f32[row + o]!
    const next = f32[second + o]!
    if (!(d < next)) continue
    const now = f32[nearest + o]!
    const weight = f64[weights + o]!
    const slot = change + i32[assignment + o]!
    if (d < now) {
      added += weight * (d - now)
      f64[slot] = f64[slot]! + weight * (now - next)
    } else {
      f64[slot] = f64[slot]! + weight * (d - next)
    }
  }
  return added
}

function nearestTwo(views: Views, ...args: Parameters<Kernel['nearestTwo']>): void {
  const { f32, i32 } = views
  const [rowAt, slot, m, nearestAt, secondAt, assignmentAt, runnerUpAt] = args
  const row = rowAt >>> 2
  const nearest = nearestAt >>> 2
  const second = secondAt >>> 2
  const assignment = assignmentAt >>> 2
  const runnerUp = runnerUpAt >>> 2
  for (let o = 0; o < m; o++) {
    const d = f32[row + o]!
    if (!(d < f32[second + o]!)) continue
    const now = f32[nearest + o]!
    if (d < now) {
      f32[second + o] = now
      i32[runnerUp + o] = i32[assignment + o]!
      f32[nearest + o] = d
      i32[assignment + o] = slot
    } else {
      f32[second + o] = d
      i32[runnerUp + o] = slot
    }
  }
}

function gain(views: Views, ...args: Parameters<Kernel['gain']>): number {
  const { f32, f64 } = views
  const [rowAt, m, nearestAt, weightsAt] = args
  const row = rowAt >>> 2
  const nearest = nearestAt >>> 2
  const weights = weightsAt >>> 3
  let sum = 0
  for (let o = 0; o < m; o++) {
    const d = f32[row + o]!
    const now = f32[nearest + o]!
    if (d < now) sum += f64[weights + o]! * (now - d)
  }
  return sum
}

function applySwap(views: Views, ...args: Parameters<Kernel['applySwap']>): void {
  const [rowsAt, stride, k, slot, m, nearestAt, secondAt, assignmentAt, runnerUpAt] = args
  const { f32, i32 } = views
  const medoids = args[9] >>> 2
  const ids = args[10] >>> 2
  const nearest = nearestAt >>> 2
  const second = secondAt >>> 2
  const assignment = assignmentAt >>> 2
  const runnerUp = runnerUpAt >>> 2
  const row = (rowsAt + slot * stride) >>> 2
  const medoid = i32[medoids + slot]!
  const findRunnerUp = (o: number, own: number): void => {
    let best = -1
    let least = Infinity
    for (let other = 0; other < k; other++) {
      const d = f32[((rowsAt + other * stride) >>> 2) + o]!
      if (d >= least || other === own) continue
      best = other
      least = d
    }
    i32[runnerUp + o] = best
    f32[second + o] = least
  }
  for (let o = 0; o < m; o++) {
    const d = f32[row + o]!
    const owner = i32[assignment + o]!
    const next = i32[runnerUp + o]!
    const now = f32[nearest + o]!
    const after = f32[second + o]!
    const id = i32[ids + o]!
    const rank = id === medoid ? -1 : slot
    if (owner === slot) {
      if (d < after || (d === after && rank < next)) {
        f32[nearest + o] = d
        continue
      }
      i32[assignment + o] = next
      f32[nearest + o] = after
      findRunnerUp(o, next)
    } else if (d < now || (d === now && rank < (i32[medoids + owner] === id ? -1 : owner))) {
      i32[runnerUp + o] = owner
      f32[second + o] = now
      i32[assignment + o] = slot
      f32[nearest + o] = d
    } else if (next === slot) {
      if (d <= after) f32[second + o] = d
      else findRunnerUp(o, owner)
    } else if (d < after || (d === after && slot < next)) {
      i32[runnerUp + o] = slot
      f32[second + o] = d
    }
  }
}
