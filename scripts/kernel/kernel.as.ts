// The kernels of src/kmedoids/kernel in AssemblyScript; `node scripts/build-kernel.ts` compiles them.
// All arguments are byte offsets or counts; the caller lays out the memory. Targets lie in panels:
// 8 points each, p x 8 floats, so that the innermost loop reads memory in order. Four points are
// measured against a panel at once; their values lie as p x 4 floats. Every sum runs over the columns
// in order and in f32, one lane a pair: the plain twin in plain-kernel.ts gives the same bits.

@inline const PANEL: usize = 32
@inline const LANES: usize = 16

@inline
function absolute(a: v128, b: v128): v128 {
  return f32x4.abs(f32x4.sub(a, b))
}

@inline
function square(a: v128, b: v128): v128 {
  const d = f32x4.sub(a, b)
  return f32x4.mul(d, d)
}

// 0: sum of |a-b|, 1: sum of squares, 2: largest |a-b|
@inline
function step(mode: i32, sum: v128, a: v128, b: v128): v128 {
  if (mode == 0) return f32x4.add(sum, absolute(a, b))
  if (mode == 1) return f32x4.add(sum, square(a, b))
  return f32x4.pmax(sum, absolute(a, b))
}

// 0: as it is, 1: square root, 2: half
@inline
function finish(how: i32, sum: v128): v128 {
  if (how == 1) return f32x4.sqrt(sum)
  if (how == 2) return f32x4.mul(sum, f32x4.splat(0.5))
  return sum
}

@inline
function measure(mode: i32, how: i32, points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  const end = points + <usize>p * LANES
  for (let panel = 0; panel < count; panel++) {
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
    for (let at = points; at < end; at += LANES) {
      const x0 = v128.load(panels)
      const x1 = v128.load(panels, 16)
      panels += PANEL
      const a = v128.load_splat<f32>(at)
      a0 = step(mode, a0, a, x0)
      a1 = step(mode, a1, a, x1)
      const b = v128.load_splat<f32>(at, 4)
      b0 = step(mode, b0, b, x0)
      b1 = step(mode, b1, b, x1)
      const c = v128.load_splat<f32>(at, 8)
      c0 = step(mode, c0, c, x0)
      c1 = step(mode, c1, c, x1)
      const d = v128.load_splat<f32>(at, 12)
      d0 = step(mode, d0, d, x0)
      d1 = step(mode, d1, d, x1)
    }
    store8(out, finish(how, a0), finish(how, a1))
    store8(out + stride, finish(how, b0), finish(how, b1))
    store8(out + 2 * stride, finish(how, c0), finish(how, c1))
    store8(out + 3 * stride, finish(how, d0), finish(how, d1))
    out += PANEL
  }
}

@inline
function store8(out: usize, low: v128, high: v128): void {
  v128.store(out, low)
  v128.store(out, high, 16)
}

export function manhattan(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  measure(0, 0, points, panels, p, count, out, stride)
}

export function euclidean(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  measure(1, 1, points, panels, p, count, out, stride)
}

export function halfSquare(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  measure(1, 2, points, panels, p, count, out, stride)
}

export function chebyshev(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  measure(2, 0, points, panels, p, count, out, stride)
}

// 1 - sum of minima / sum of maxima; two points without anything are equal.
@inline
function ruzickaOf(least: v128, most: v128): v128 {
  const one = f32x4.splat(1)
  const d = f32x4.sub(one, f32x4.div(least, most))
  return v128.bitselect(d, f32x4.splat(0), f32x4.gt(most, f32x4.splat(0)))
}

export function ruzicka(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize): void {
  const end = points + <usize>p * LANES
  for (let panel = 0; panel < count; panel++) {
    for (let half: usize = 0; half < 2; half++) {
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
      let from = panels + half * 16
      for (let at = points; at < end; at += LANES) {
        const x = v128.load(from)
        from += PANEL
        const a = v128.load_splat<f32>(at)
        a0 = f32x4.add(a0, f32x4.pmin(a, x))
        a1 = f32x4.add(a1, f32x4.pmax(a, x))
        const b = v128.load_splat<f32>(at, 4)
        b0 = f32x4.add(b0, f32x4.pmin(b, x))
        b1 = f32x4.add(b1, f32x4.pmax(b, x))
        const c = v128.load_splat<f32>(at, 8)
        c0 = f32x4.add(c0, f32x4.pmin(c, x))
        c1 = f32x4.add(c1, f32x4.pmax(c, x))
        const d = v128.load_splat<f32>(at, 12)
        d0 = f32x4.add(d0, f32x4.pmin(d, x))
        d1 = f32x4.add(d1, f32x4.pmax(d, x))
      }
      const to = out + half * 16
      v128.store(to, ruzickaOf(a0, a1))
      v128.store(to + stride, ruzickaOf(b0, b1))
      v128.store(to + 2 * stride, ruzickaOf(c0, c1))
      v128.store(to + 3 * stride, ruzickaOf(d0, d1))
    }
    panels += <usize>p * PANEL
    out += PANEL
  }
}

// What one column adds: kinds 0 numeric, 1 nominal; NaN is missing and half of the weight away from
// everything but another NaN. `scales` is the weight of the column, `half` the half of it.
@inline
function gowerTerm(kind: i32, a: v128, b: v128, weight: v128, half: v128): v128 {
  const known = kind == 0
    ? f32x4.mul(f32x4.pmin(absolute(a, b), f32x4.splat(1)), weight)
    : v128.and(f32x4.ne(a, b), weight)
  const noA = f32x4.ne(a, a)
  const noB = f32x4.ne(b, b)
  const one = v128.bitselect(half, known, v128.xor(noA, noB))
  return v128.andnot(one, v128.and(noA, noB))
}

export function gower(points: usize, panels: usize, p: i32, count: i32, out: usize, stride: usize, kinds: usize, weights: usize): void {
  for (let panel = 0; panel < count; panel++) {
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
    for (let j = 0; j < p; j++) {
      const kind = <i32>load<u8>(kinds + j)
      const weight = v128.load_splat<f32>(weights + (<usize>j << 2))
      const half = f32x4.mul(weight, f32x4.splat(0.5))
      const at = points + <usize>j * LANES
      const x0 = v128.load(panels)
      const x1 = v128.load(panels, 16)
      panels += PANEL
      const a = v128.load_splat<f32>(at)
      const b = v128.load_splat<f32>(at, 4)
      const c = v128.load_splat<f32>(at, 8)
      const d = v128.load_splat<f32>(at, 12)
      if (kind == 0) {
        a0 = f32x4.add(a0, gowerTerm(0, a, x0, weight, half))
        a1 = f32x4.add(a1, gowerTerm(0, a, x1, weight, half))
        b0 = f32x4.add(b0, gowerTerm(0, b, x0, weight, half))
        b1 = f32x4.add(b1, gowerTerm(0, b, x1, weight, half))
        c0 = f32x4.add(c0, gowerTerm(0, c, x0, weight, half))
        c1 = f32x4.add(c1, gowerTerm(0, c, x1, weight, half))
        d0 = f32x4.add(d0, gowerTerm(0, d, x0, weight, half))
        d1 = f32x4.add(d1, gowerTerm(0, d, x1, weight, half))
      } else {
        a0 = f32x4.add(a0, gowerTerm(1, a, x0, weight, half))
        a1 = f32x4.add(a1, gowerTerm(1, a, x1, weight, half))
        b0 = f32x4.add(b0, gowerTerm(1, b, x0, weight, half))
        b1 = f32x4.add(b1, gowerTerm(1, b, x1, weight, half))
        c0 = f32x4.add(c0, gowerTerm(1, c, x0, weight, half))
        c1 = f32x4.add(c1, gowerTerm(1, c, x1, weight, half))
        d0 = f32x4.add(d0, gowerTerm(1, d, x0, weight, half))
        d1 = f32x4.add(d1, gowerTerm(1, d, x1, weight, half))
      }
    }
    store8(out, a0, a1)
    store8(out + stride, b0, b1)
    store8(out + 2 * stride, c0, c1)
    store8(out + 3 * stride, d0, d1)
    out += PANEL
  }
}

// The swap scan of FasterPAM: adds to change[slot], returns what the candidate itself gains. Lanes with
// d >= second contribute nothing and are skipped 16 at a time; the sums are f64 and in order.
export function scan(row: usize, m: i32, nearest: usize, second: usize, assignment: usize, weights: usize, change: usize): f64 {
  let added: f64 = 0
  const bytes = <usize>m << 2
  for (let at: usize = 0; at < bytes; at += 64) {
    const h0 = f32x4.lt(v128.load(row + at), v128.load(second + at))
    const h1 = f32x4.lt(v128.load(row + at, 16), v128.load(second + at, 16))
    const h2 = f32x4.lt(v128.load(row + at, 32), v128.load(second + at, 32))
    const h3 = f32x4.lt(v128.load(row + at, 48), v128.load(second + at, 48))
    const low = i16x8.narrow_i32x4_s(h0, h1)
    const high = i16x8.narrow_i32x4_s(h2, h3)
    let hits = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high))
    while (hits != 0) {
      const o = at + (<usize>ctz(hits) << 2)
      hits &= hits - 1
      const d = <f64>load<f32>(row + o)
      const now = <f64>load<f32>(nearest + o)
      const next = <f64>load<f32>(second + o)
      const weight = load<f64>(weights + (o << 1))
      const slot = change + (<usize>load<i32>(assignment + o) << 3)
      if (d < now) {
        added += weight * (d - now)
        store<f64>(slot, load<f64>(slot) + weight * (now - next))
      } else {
        store<f64>(slot, load<f64>(slot) + weight * (d - next))
      }
    }
  }
  return added
}

// Brings the two nearest medoids up to date with one more medoid in `slot`; ties stay as they are.
export function nearestTwo(row: usize, slot: i32, m: i32, nearest: usize, second: usize, assignment: usize, runnerUp: usize): void {
  const bytes = <usize>m << 2
  for (let at: usize = 0; at < bytes; at += 16) {
    let hits = i32x4.bitmask(f32x4.lt(v128.load(row + at), v128.load(second + at)))
    while (hits != 0) {
      const o = at + (<usize>ctz(hits) << 2)
      hits &= hits - 1
      const d = load<f32>(row + o)
      const now = load<f32>(nearest + o)
      if (d < now) {
        store<f32>(second + o, now)
        store<i32>(runnerUp + o, load<i32>(assignment + o))
        store<f32>(nearest + o, d)
        store<i32>(assignment + o, slot)
      } else {
        store<f32>(second + o, d)
        store<i32>(runnerUp + o, slot)
      }
    }
  }
}

// What the loss falls by when the point becomes one more medoid.
export function gain(row: usize, m: i32, nearest: usize, weights: usize): f64 {
  let sum: f64 = 0
  const bytes = <usize>m << 2
  for (let at: usize = 0; at < bytes; at += 16) {
    let hits = i32x4.bitmask(f32x4.lt(v128.load(row + at), v128.load(nearest + at)))
    while (hits != 0) {
      const o = at + (<usize>ctz(hits) << 2)
      hits &= hits - 1
      sum += load<f64>(weights + (o << 1)) * (<f64>load<f32>(nearest + o) - <f64>load<f32>(row + o))
    }
  }
  return sum
}

// After medoids[slot] was exchanged: rows holds one row a slot, ids the point that each target is.
export function applySwap(rows: usize, stride: usize, k: i32, slot: i32, m: i32, nearest: usize, second: usize, assignment: usize, runnerUp: usize, medoids: usize, ids: usize): void {
  const row = rows + <usize>slot * stride
  const medoid = load<i32>(medoids + (<usize>slot << 2))
  const bytes = <usize>m << 2
  const same = i32x4.splat(slot)
  for (let at: usize = 0; at < bytes; at += 16) {
    const closer = f32x4.le(v128.load(row + at), v128.load(second + at))
    const mine = i32x4.eq(v128.load(assignment + at), same)
    const next = i32x4.eq(v128.load(runnerUp + at), same)
    let hits = i32x4.bitmask(v128.or(closer, v128.or(mine, next)))
    while (hits != 0) {
      const o = at + (<usize>ctz(hits) << 2)
      hits &= hits - 1
      moveOne(rows, stride, k, slot, load<f32>(row + o), o, medoid, nearest, second, assignment, runnerUp, medoids, ids)
    }
  }
}

function moveOne(rows: usize, stride: usize, k: i32, slot: i32, d: f32, o: usize, medoid: i32, nearest: usize, second: usize, assignment: usize, runnerUp: usize, medoids: usize, ids: usize): void {
  const owner = load<i32>(assignment + o)
  const next = load<i32>(runnerUp + o)
  const now = load<f32>(nearest + o)
  const after = load<f32>(second + o)
  const id = load<i32>(ids + o)
  const rank = id == medoid ? -1 : slot
  if (owner == slot) {
    if (d < after || (d == after && rank < next)) {
      store<f32>(nearest + o, d)
      return
    }
    store<i32>(assignment + o, next)
    store<f32>(nearest + o, after)
    findRunnerUp(rows, stride, k, next, o, second, runnerUp)
    return
  }
  const ownerRank = load<i32>(medoids + (<usize>owner << 2)) == id ? -1 : owner
  if (d < now || (d == now && rank < ownerRank)) {
    store<i32>(runnerUp + o, owner)
    store<f32>(second + o, now)
    store<i32>(assignment + o, slot)
    store<f32>(nearest + o, d)
  } else if (next == slot) {
    if (d <= after) store<f32>(second + o, d)
    else findRunnerUp(rows, stride, k, owner, o, second, runnerUp)
  } else if (d < after || (d == after && slot < next)) {
    store<i32>(runnerUp + o, slot)
    store<f32>(second + o, d)
  }
}

function findRunnerUp(rows: usize, stride: usize, k: i32, own: i32, o: usize, second: usize, runnerUp: usize): void {
  let best = -1
  let least: f32 = Infinity
  let at = rows + o
  for (let slot = 0; slot < k; slot++, at += stride) {
    const d = load<f32>(at)
    if (d >= least || slot == own) continue
    best = slot
    least = d
  }
  store<i32>(runnerUp + o, best)
  store<f32>(second + o, least)
}
