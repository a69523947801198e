/** Halvings of the search for the water level, on a log scale: to the last bits of a double. */
const STEPS = 64
/** A stratum this much rarer than the busiest (as a ratio of roots) counts as no rarer. */
const ROOT_MIN = 1e-12

/**
 * How many observations to keep of each stratum: proportional to the square root of its rate, but at
 * least `floor` and at most `cap`, by water-filling; what clamping gives or takes goes to the others.
 * The root keeps rare strata visible without giving them as much as busy ones. Whole numbers by largest
 * remainder, equal remainders to the higher rate, then to the lower stratum.
 *
 * The sum never exceeds `total`, and is `total` unless all strata reach the cap before. Strata of rate 0
 * get nothing. Where `floor` times the strata is more than `total`, the busiest that have room get theirs
 * and the others nothing: a floor that is cut is of no use to anybody.
 *
 * Throws RangeError on rates that are negative or not finite, or limits that are not whole numbers with
 * 0 <= floor <= cap.
 */
export function strataQuotas(
  rates: Float64Array,
  total: number,
  floor: number,
  cap: number,
): Int32Array {
  checkLimits(rates, total, floor, cap)
  const served = busiest(rates, floor === 0 ? rates.length : Math.floor(total / floor))
  const quotas = new Int32Array(rates.length)
  const strata = served.reduce((count, rate) => count + (rate > 0 ? 1 : 0), 0)
  if (strata === 0) return quotas
  const roots = rootsOf(served)
  const level = waterLevel(roots, strata, total, floor, cap)
  const wanted = roots.map((root) => (root > 0 ? clamp(level * root, floor, cap) : 0))
  let left = total
  for (let s = 0; s < wanted.length; s++) {
    quotas[s] = Math.floor(wanted[s]!)
    left -= quotas[s]!
  }
  const order = Array.from(wanted, (_, s) => s).sort(
    (a, b) => wanted[b]! - quotas[b]! - (wanted[a]! - quotas[a]!) || rates[b]! - rates[a]! || a - b,
  )
  for (const s of order) {
    if (left <= 0) break
    if (roots[s]! === 0 || quotas[s]! >= cap) continue
    quotas[s] = quotas[s]! + 1
    left--
  }
  return quotas
}

/**
 * The level at which the clamped quotas add up to `total`, or one at which all reach `most`. Roots are
 * at most 1, so at a level of total / strata they cannot add up to more.
 */
function waterLevel(
  roots: Float64Array,
  strata: number,
  total: number,
  least: number,
  most: number,
): number {
  let low = total / strata
  let high = Math.max(low, most / ROOT_MIN)
  for (let step = 0; step < STEPS; step++) {
    const level = Math.sqrt(low) * Math.sqrt(high)
    let sum = 0
    for (const root of roots) if (root > 0) sum += clamp(level * root, least, most)
    if (sum <= total) low = level
    else high = level
  }
  return low
}

/** The rates of the `most` busiest strata, of equals the lower ones; 0 for all others. */
function busiest(rates: Float64Array, most: number): Float64Array {
  const order = Array.from(rates.keys()).filter((s) => rates[s]! > 0)
  if (order.length <= most) return rates
  order.sort((a, b) => rates[b]! - rates[a]! || a - b)
  const served = new Float64Array(rates.length)
  for (const s of order.slice(0, most)) served[s] = rates[s]!
  return served
}

/** Square roots of the rates, the largest scaled to 1. */
function rootsOf(rates: Float64Array): Float64Array {
  let largest = 0
  for (const rate of rates) if (rate > largest) largest = rate
  const root = Math.sqrt(largest)
  return rates.map((rate) => (rate > 0 ? Math.max(Math.sqrt(rate) / root, ROOT_MIN) : 0))
}

function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value
}

function checkLimits(rates: Float64Array, total: number, floor: number, cap: number): void {
  const whole = Number.isInteger(total) && Number.isInteger(floor) && Number.isInteger(cap)
  if (!whole || total < 0 || floor < 0 || cap < floor) {
    throw new RangeError(`Quotas of ${total} with floor ${floor} and cap ${cap} make no sense.`)
  }
  for (let s = 0; s < rates.length; s++) {
    const rate = rates[s]!
    if (!(rate >= 0 && rate < Infinity)) throw new RangeError(`Rate of stratum ${s} is ${rate}.`)
  }
}
