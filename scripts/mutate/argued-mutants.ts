import type { PlacedMutant } from './choose-mutants.ts'

/** A mutant that no test can or need notice, and why. Named by the lines it touches, so that it may move. */
export interface ArguedMutant {
  readonly file: string
  /** The lines before and after, on one line. */
  readonly before: string
  readonly after: string
  readonly why: string
}

/** Sets the argued ones apart. Entries that fit no mutant any longer are `stale`. */
export function setArguedApart(
  all: readonly PlacedMutant[],
  argued: readonly ArguedMutant[],
): { open: PlacedMutant[]; argued: PlacedMutant[]; stale: ArguedMutant[] } {
  const entries = new Map(argued.map((entry) => [nameOf(entry.file, entry), entry]))
  const apart = all.filter(({ file, mutant }) => entries.has(nameOf(file, mutant)))
  const open = all.filter(({ file, mutant }) => !entries.has(nameOf(file, mutant)))
  for (const { file, mutant } of apart) entries.delete(nameOf(file, mutant))
  const stale = argued.filter((entry) => entries.get(nameOf(entry.file, entry)) === entry)
  return { open, argued: apart, stale }
}

function nameOf(file: string, { before, after }: { before: string; after: string }): string {
  return JSON.stringify([file, before, after])
}
