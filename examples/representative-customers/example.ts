import { join } from 'node:path'
import { cluster, Dice, folder, percent, say, writeCsv } from '../kit.ts'

/** Which few customers stand for all? k is chosen by the medoid silhouette. */
const dice = new Dice(1)
const TYPES = [
  { type: 'student', share: 30, age: 22, income: 12_000, channel: 'app', orders: 3 },
  { type: 'family', share: 35, age: 41, income: 58_000, channel: 'web', orders: 14 },
  { type: 'retired', share: 20, age: 70, income: 27_000, channel: 'phone', orders: 5 },
  { type: 'business', share: 12, age: 48, income: 130_000, channel: 'partner', orders: 40 },
  { type: 'collector', share: 3, age: 55, income: 75_000, channel: 'auction', orders: 90 },
]
const urn = TYPES.flatMap((one) => Array<typeof one>(one.share).fill(one))
const customers = Array.from({ length: 2000 }, (_, i) => {
  const { type, age, income, channel, orders } = dice.pick(urn)
  return {
    customer: `C${i}`,
    age: Math.round(dice.normal(age, 4)),
    income: Math.round(dice.normal(income, income / 10)),
    channel: dice.next() < 0.05 ? dice.pick(TYPES).channel : channel,
    orders: Math.max(0, Math.round(dice.normal(orders, 2 + orders / 10))),
    type,
  }
})
const table = writeCsv(join(folder(), 'customers.csv'), customers)
// `type` is what we hope to find again; the command is not told.
const { k, mean_distance: mean, medoids } = cluster(table, '--k', '2..10', '--ignore', 'type')

say(`${customers.length} customers, ${k} representatives, mean distance ${mean.toFixed(4)}`)
for (const { size, values } of medoids) {
  const share = percent(size / customers.length)
  say(
    `${share.padStart(6)}  ${values['type']}: age ${values['age']}, income ${values['income']}, by ${values['channel']}, ${values['orders']} orders`,
  )
}
