import { createHash } from 'node:crypto'
import type { Mutant } from './find-mutants.ts'

/** A mutant and the file that it is in. */
export interface PlacedMutant {
  /** Path from the root of the project. */
  readonly file: string
  /** Its place in the list of its file. */
  readonly index: number
  readonly mutant: Mutant
}

/** A random sample, the same for the same seed and source; all of them where there are no more. */
export function chooseMutants(
  all: readonly PlacedMutant[],
  size: number,
  seed: number,
): PlacedMutant[] {
  const drawn = all.map((each) => ({ each, draw: drawOf(each, seed) }))
  drawn.sort((a, b) => (a.draw < b.draw ? -1 : 1))
  return drawn
    .slice(0, size)
    .map(({ each }) => each)
    .sort((a, b) => (a.file === b.file ? a.index - b.index : a.file < b.file ? -1 : 1))
}

/** From the text alone, so that a change elsewhere in the project changes no other draw. */
function drawOf({ file, mutant }: PlacedMutant, seed: number): string {
  const { start, end, replacement, before } = mutant
  return createHash('sha256')
    .update(JSON.stringify([seed, file, start, end, replacement, before]))
    .digest('hex')
}
