import { hashWords, SeededRandom } from '../stats/random.ts'
import type { Position, Progress } from './clustering.ts'
import type { FasterPamResult } from './faster-pam.ts'

/** The numbers of one restart: its own, whatever the restarts before it drew. */
export function restartRandom(seed: number, restart: number): () => number {
  const random = new SeededRandom(restart === 0 ? seed : hashWords(seed, restart, 0, 0, 0))
  return () => random.next()
}

export interface RestartOptions {
  readonly restarts?: number
  readonly resume?: Position
  readonly onProgress?: (progress: Progress) => void
  readonly shouldStop?: () => boolean
}

export interface Run {
  readonly medoids: Int32Array
  readonly found: FasterPamResult
}

/** A restart's place without what its siblings have to do with it. */
type OwnPosition = Omit<Position, 'restart' | 'restarts' | 'best'>

export type Tell = (progress: Omit<Progress, 'position'>, at: OwnPosition | null) => void

/**
 * The best of several runs, the first of equals. A run that was gone on from may not have been the
 * first: the best of those before it is then had from its medoids (`from`).
 */
export function restartsOf(
  options: RestartOptions,
  run: (restart: number, tell: Tell, from?: readonly number[]) => Run,
): Run {
  const { restarts = 1, resume, onProgress, shouldStop } = options
  if (!Number.isInteger(restarts) || restarts < 1) {
    throw new RangeError(`restarts is ${restarts}; it must be a whole number of at least 1.`)
  }
  const silent = (): void => {}
  let best: Run | null = resume?.best ? run(-1, silent, resume.best.medoids) : null
  for (let restart = resume?.restart ?? 0; restart < restarts; restart++) {
    const known = best && { medoids: [...best.medoids], loss: best.found.loss }
    const one = run(restart, (progress, at) => {
      const position = at && { ...at, restart, restarts, best: known }
      onProgress?.({ ...progress, position })
    })
    if (best === null || one.found.loss < best.found.loss) best = one
    if (shouldStop?.() === true) break
  }
  if (best === null) throw new RangeError('The position to resume from lies behind all restarts.')
  return best
}
