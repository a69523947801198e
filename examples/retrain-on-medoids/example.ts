import { cluster, euclidean } from '../../src/kmedoids.ts'
import { Dice, percent, say } from '../kit.ts'

/**
 * A network is trained three times, until each has seen its rows 60 times: on all rows, on 2 % of them that
 * are medoids, each with the weight of the rows it stands for, and on 2 % at random. Cost is counted in
 * gradient steps, which do not depend on the machine.
 */
const dice = new Dice(7)
const DIMENSIONS = 2
const EPOCHS = 60
const HIDDEN = 16

interface Rows {
  readonly n: number
  readonly values: Float32Array
  readonly labels: Int32Array
}

/** Two moons that interlock: no straight line parts them. */
function moons(n: number): Rows {
  const labels = Int32Array.from({ length: n }, () => dice.below(2))
  const values = new Float32Array(n * DIMENSIONS)
  for (let i = 0; i < n; i++) {
    const angle = Math.PI * dice.next()
    const upper = labels[i] === 0
    values[2 * i] = (upper ? Math.cos(angle) : 1 - Math.cos(angle)) + dice.normal(0, 0.12)
    values[2 * i + 1] = (upper ? Math.sin(angle) : 0.5 - Math.sin(angle)) + dice.normal(0, 0.12)
  }
  return { n, values, labels }
}

/** One hidden layer of tanh, logistic output, plain stochastic gradient descent; returns the accuracy on `test`. */
function train(rows: Rows, weights: Float64Array, test: Rows): { accuracy: number; steps: number } {
  const own = new Dice(1)
  const w = Float64Array.from({ length: HIDDEN * 3 }, () => own.normal(0, 0.7))
  const v = Float64Array.from({ length: HIDDEN + 1 }, () => own.normal(0, 0.3))
  const hidden = new Float64Array(HIDDEN)
  const output = (x: number, y: number): number => {
    let sum = v[HIDDEN] ?? 0
    for (let h = 0; h < HIDDEN; h++) {
      const at = Math.tanh((w[3 * h] ?? 0) * x + (w[3 * h + 1] ?? 0) * y + (w[3 * h + 2] ?? 0))
      hidden[h] = at
      sum += (v[h] ?? 0) * at
    }
    return 1 / (1 + Math.exp(-sum))
  }
  let steps = 0
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (let seen = 0; seen < rows.n; seen++) {
      const i = own.below(rows.n)
      const x = rows.values[2 * i] ?? 0
      const y = rows.values[2 * i + 1] ?? 0
      const error = (output(x, y) - (rows.labels[i] ?? 0)) * 0.1 * (weights[i] ?? 1)
      for (let h = 0; h < HIDDEN; h++) {
        const at = hidden[h] ?? 0
        const back = error * (v[h] ?? 0) * (1 - at * at)
        v[h] = (v[h] ?? 0) - error * at
        w[3 * h] = (w[3 * h] ?? 0) - back * x
        w[3 * h + 1] = (w[3 * h + 1] ?? 0) - back * y
        w[3 * h + 2] = (w[3 * h + 2] ?? 0) - back
      }
      v[HIDDEN] = (v[HIDDEN] ?? 0) - error
      steps++
    }
  }
  let right = 0
  for (let i = 0; i < test.n; i++) {
    const guess = output(test.values[2 * i] ?? 0, test.values[2 * i + 1] ?? 0) > 0.5 ? 1 : 0
    if (guess === test.labels[i]) right++
  }
  return { accuracy: right / test.n, steps }
}

function rowsAt({ values, labels }: Rows, rows: readonly number[]): Rows {
  return {
    n: rows.length,
    values: Float32Array.from(rows.flatMap((i) => [values[2 * i] ?? 0, values[2 * i + 1] ?? 0])),
    labels: Int32Array.from(rows, (i) => labels[i] ?? 0),
  }
}

const all = moons(4000)
const test = moons(2000)
const KEPT = 80
// Within each class, so that a medoid stands for rows of its own label.
const medoids: number[] = []
const support: number[] = []
for (const label of [0, 1]) {
  const own = Array.from(all.labels.keys()).filter((i) => all.labels[i] === label)
  const { n, values } = rowsAt(all, own)
  const found = cluster({ n, p: DIMENSIONS, values }, { k: KEPT / 2, distance: euclidean, seed: 1 })
  for (const [slot, medoid] of found.medoids.entries()) {
    medoids.push(own[medoid] ?? 0)
    support.push(((found.support[slot] ?? 0) * KEPT) / all.n)
  }
}
const equal = (n: number): Float64Array => new Float64Array(n).fill(1)
const full = train(all, equal(all.n), test)
const few = train(rowsAt(all, medoids), Float64Array.from(support), test)
const DRAWS = 10
let random = 0
for (let draw = 0; draw < DRAWS; draw++) {
  const rows = Array.from({ length: KEPT }, () => dice.below(all.n))
  random += train(rowsAt(all, rows), equal(KEPT), test).accuracy / DRAWS
}
say(`all ${all.n} rows:      ${percent(full.accuracy)} right after ${full.steps} steps`)
say(
  `${KEPT} medoids:          ${percent(few.accuracy)} right after ${few.steps} steps (${percent(few.steps / full.steps)})`,
)
say(
  `${KEPT} rows at random:   ${percent(random)} right after ${few.steps} steps (mean of ${DRAWS} draws)`,
)
