import { join } from 'node:path'
import { cluster, Dice, folder, percent, say, writeJsonLines } from '../kit.ts'

/** Of each behaviour a system shows, one real trace is kept: a fraction of the bytes, and nothing rare lost. */
const dice = new Dice(8)
const OPERATIONS = Array.from({ length: 60 }, (_, i) => `service-${i % 12}/operation-${i}`)
const behaviours = Array.from({ length: 40 }, (_, behaviour) => ({
  behaviour,
  // From every third request to a handful a day.
  share: behaviour < 32 ? 1 / (behaviour + 1) : 0.0015,
  calls: Array.from({ length: 4 + dice.below(10) }, () => dice.pick(OPERATIONS)),
}))
const total = behaviours.reduce((sum, { share }) => sum + share, 0)
const traces = Array.from({ length: 6000 }, (_, i) => {
  let left = dice.next() * total
  const own =
    behaviours.find(({ share }) => {
      left -= share
      return left < 0
    }) ?? dice.pick(behaviours)
  // Now and then a call is left out, because a cache had the answer.
  const calls = own.calls.filter(() => dice.next() > 0.02)
  return { trace: `trace-${i}`, calls, bytes: 350 * calls.length, behaviour: own.behaviour }
})
const table = writeJsonLines(
  join(folder(), 'traces.jsonl'),
  traces.map(({ trace, calls }) => ({ trace, calls })),
)
const { medoids } = cluster(
  table,
  '--k',
  '250',
  '--distance',
  'jaccard',
  '--ignore',
  'trace',
  '--restarts',
  '2',
)
const kept = medoids.flatMap(({ row }) => traces[row - 1] ?? [])
const bytes = (of: typeof traces): number => of.reduce((sum, one) => sum + one.bytes, 0)
const kinds = (of: typeof traces): Set<number> => new Set(of.map(({ behaviour }) => behaviour))
const rare = [...kinds(traces)].filter(
  (behaviour) => traces.filter((one) => one.behaviour === behaviour).length <= 5,
)
const rareKept = rare.filter((behaviour) => kinds(kept).has(behaviour)).length
say(
  `${traces.length} traces of ${kinds(traces).size} behaviours, ${rare.length} of them at most 5 times`,
)
say(`kept ${kept.length} traces: ${percent(1 - bytes(kept) / bytes(traces))} less storage`)
say(
  `behaviours kept: ${kinds(kept).size} of ${kinds(traces).size}, rare ones ${rareKept} of ${rare.length}`,
)
