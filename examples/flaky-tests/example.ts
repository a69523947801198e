import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { adjustedRand } from '../../src/kmedoids.ts'
import { cluster, Dice, folder, say, writeJsonLines } from '../kit.ts'

/** Failures of CI runs grouped by the words of their logs: each group is one thing to mend. */
const dice = new Dice(3)
const CAUSES = [
  { cause: 'port taken', words: ['EADDRINUSE', 'listen', 'address', 'already', 'in', 'use'] },
  { cause: 'slow disk', words: ['timeout', 'exceeded', 'waiting', 'fsync', 'hook', 'ms'] },
  { cause: 'clock', words: ['expected', 'received', 'date', 'timezone', 'UTC', 'assertion'] },
  { cause: 'order of tests', words: ['duplicate', 'key', 'unique', 'constraint', 'insert', 'row'] },
  { cause: 'network', words: ['ECONNRESET', 'socket', 'hang', 'up', 'registry', 'retry'] },
]
const NOISE = ['runner', 'at', 'node', 'shard', 'linux', 'attempt', 'worker', 'pid', 'vitest', 'ci']
const failures = Array.from({ length: 400 }, () => {
  const kind = dice.below(CAUSES.length)
  const words = CAUSES[kind]?.words ?? []
  return {
    kind,
    // A log never holds all of the words, and always others.
    words: [...words.filter(() => dice.next() < 0.8), dice.pick(NOISE), dice.pick(NOISE)],
  }
})
const table = writeJsonLines(
  join(folder(), 'failures.jsonl'),
  failures.map(({ words }, i) => ({ run: `run-${i}`, words })),
)
const out = table.replace('.jsonl', '.clusters.csv')
const { medoids } = cluster(
  table,
  '--k',
  '5',
  '--distance',
  'jaccard',
  '--ignore',
  'run',
  '--out',
  out,
)
const lines = readFileSync(out, 'utf8').trimEnd().split('\n').slice(1)
const found = Int32Array.from(lines, (line) => Number(line.split(',').at(-2)))
const truth = Int32Array.from(failures, ({ kind }) => kind)

say(
  `${failures.length} failures in ${medoids.length} groups, adjusted Rand index ${adjustedRand(found, truth).toFixed(3)}`,
)
for (const { row, size } of medoids) {
  const failure = failures[row - 1]
  say(
    `${String(size).padStart(4)}  ${CAUSES[failure?.kind ?? 0]?.cause}: ${failure?.words.join(' ')}`,
  )
}
