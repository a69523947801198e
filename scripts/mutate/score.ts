import type { PlacedMutant } from './choose-mutants.ts'
import type { Outcome } from './messages.ts'

/** What became of a mutant. `unreached`: no test runs it, so none can notice it. */
export type Fate = Outcome | { readonly result: 'unreached' }

export interface Judged {
  readonly placed: PlacedMutant
  readonly fate: Fate
}

/** How many mutants had which fate, and the share that was killed. */
export interface Tally {
  readonly mutants: number
  readonly killed: number
  readonly survived: number
  readonly unreached: number
  readonly score: number
}

export function tally(judged: readonly Judged[]): Tally {
  const count = (result: Fate['result']): number =>
    judged.filter(({ fate }) => fate.result === result).length
  const [killed, survived, unreached] = [count('killed'), count('survived'), count('unreached')]
  const mutants = killed + survived + unreached
  return { mutants, killed, survived, unreached, score: mutants === 0 ? 1 : killed / mutants }
}

/** Judged mutants in groups, by a name. */
export function tallyBy(
  judged: readonly Judged[],
  nameOf: (each: Judged) => string,
): Record<string, Tally> {
  const groups = Map.groupBy(judged, nameOf)
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => [name, tally(group)]),
  )
}

/**
 * Where the share of a population of `size` lies with 95 % confidence, when a simple random sample
 * of `n` has `hits`: Wilson's interval, with n made larger as the sample takes in much of the whole.
 */
export function shareInterval(hits: number, n: number, size: number): readonly [number, number] {
  if (n === 0) return [0, 1]
  const share = hits / n
  if (n >= size) return [share, share]
  const z = 1.959964
  const effective = (n * (size - 1)) / (size - n)
  const middle = (share + z ** 2 / (2 * effective)) / (1 + z ** 2 / effective)
  const half =
    (z / (1 + z ** 2 / effective)) *
    Math.sqrt((share * (1 - share)) / effective + z ** 2 / (4 * effective ** 2))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
