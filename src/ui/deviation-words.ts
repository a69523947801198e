import type { DeviationTerm, Direction } from '../contract/anomaly-cluster.ts'

const WORDS: Readonly<Record<DeviationTerm, Readonly<Record<Direction, string>>>> = {
  self_time: { high: 'slower', low: 'faster' },
  errors: { high: 'fails', low: 'fails less' },
  no_answer: { high: 'does not answer', low: 'answers' },
  count: { high: 'called more often', low: 'called less often' },
  presence: { high: 'called where it seldom is', low: 'missing' },
  structure: { high: 'calls that are new', low: 'calls are missing' },
  category: { high: 'unusual attributes', low: 'unusual attributes' },
  wait: { high: 'takes messages later', low: 'takes messages sooner' },
  like: { high: 'alike anomalies', low: 'alike anomalies' },
}

/** What a deviation is, in a word or two, as said of the service or call that it is about. */
export function deviationWords(term: DeviationTerm, direction: Direction): string {
  return WORDS[term][direction]
}
