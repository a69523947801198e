import { cluster, jaccard } from '../../src/kmedoids.ts'
import { Dice, percent, say } from '../kit.ts'

/** Texts that differ in a word or two are one: of each such group the medoid stays. */
const dice = new Dice(4)
const WORDS = Array.from({ length: 400 }, (_, i) => `word${i}`)
const ORIGINALS = 300
const originals = Array.from({ length: ORIGINALS }, () =>
  Array.from({ length: 18 }, () => dice.pick(WORDS)),
)
const texts = originals.map((words, source) => ({ source, words }))
for (let i = 0; i < 200; i++) {
  const source = dice.below(ORIGINALS)
  const words = [...(originals[source] ?? [])]
  for (let change = 0; change < 2; change++) words[dice.below(words.length)] = dice.pick(WORDS)
  texts.push({ source, words })
}
// One column a word: the text has it or not.
const n = texts.length
const p = WORDS.length
const values = new Float32Array(n * p)
for (const [i, { words }] of texts.entries()) {
  for (const word of words) values[i * p + WORDS.indexOf(word)] = 1
}
/** Two changed words of 18 leave a Jaccard distance of about 0.2; strangers are 0.9 apart. */
const SAME = 0.4
const { medoids, assignment, nearest } = cluster(
  { n, p, values },
  { k: ORIGINALS, distance: jaccard, init: 'kmedoids++', seed: 1 },
)
let removed = 0
let wrongly = 0
for (let i = 0; i < n; i++) {
  const medoid = medoids[assignment[i] ?? 0] ?? 0
  if (medoid === i || (nearest[i] ?? 1) > SAME) continue
  removed++
  if (texts[medoid]?.source !== texts[i]?.source) wrongly++
}
say(`${n} texts, of which 200 are near-duplicates`)
say(`removed ${removed} (${percent(removed / 200)} of them), ${wrongly} wrongly`)
