import { cluster, euclidean } from '../../src/kmedoids.ts'
import { Dice, percent, say } from '../kit.ts'

/** Somebody can label 24 rows. Which? Medoids, or as many at random: how right is the nearest label? */
const dice = new Dice(5)
const CLASSES = 12
const DIMENSIONS = 8
const centres = Array.from({ length: CLASSES }, () =>
  Array.from({ length: DIMENSIONS }, () => dice.normal(0, 3)),
)
const n = 1500
const labels = Int32Array.from({ length: n }, () => {
  // The later a class, the rarer it is.
  const u = dice.next()
  return Math.floor(u * u * CLASSES)
})
const values = Float32Array.from({ length: n * DIMENSIONS }, (_, i) => {
  const centre = centres[labels[Math.floor(i / DIMENSIONS)] ?? 0]
  return dice.normal(centre?.[i % DIMENSIONS] ?? 0, 1.2)
})
const points = { n, p: DIMENSIONS, values }
const LABELLED = 24

function accuracy(rows: ArrayLike<number>): number {
  let right = 0
  for (let i = 0; i < n; i++) {
    let best = Infinity
    let label = -1
    for (let r = 0; r < rows.length; r++) {
      const row = rows[r] ?? 0
      let square = 0
      for (let j = 0; j < DIMENSIONS; j++) {
        square += ((values[i * DIMENSIONS + j] ?? 0) - (values[row * DIMENSIONS + j] ?? 0)) ** 2
      }
      if (square < best) {
        best = square
        label = labels[row] ?? -1
      }
    }
    if (label === labels[i]) right++
  }
  return right / n
}

const { medoids } = cluster(points, { k: LABELLED, distance: euclidean, seed: 1 })
const DRAWS = 20
let random = 0
for (let draw = 0; draw < DRAWS; draw++) {
  random += accuracy(Array.from({ length: LABELLED }, () => dice.below(n))) / DRAWS
}
const classesOf = new Set(Array.from(medoids, (row) => labels[row])).size
say(`${n} rows of ${CLASSES} classes, ${LABELLED} labelled, the rest takes the nearest label`)
say(`medoids labelled: ${percent(accuracy(medoids))} right, ${classesOf} classes seen`)
say(`rows at random:   ${percent(random)} right (mean of ${DRAWS} draws)`)
