import { systemClock } from '../../io/clock.ts'
import type { CommandWorld } from '../command.ts'
import { Progress } from '../progress.ts'

/** Work that is done by then says nothing of itself. */
export const QUIET_MS = 2000
const TICK_MS = 250

/** Says that something goes on, and for how long, where nobody can say how far it is. */
export async function withActivity<T>(
  what: string,
  { stderr }: CommandWorld,
  work: Promise<T>,
): Promise<T> {
  const startMs = systemClock.now()
  const progress = new Progress(stderr, systemClock.now)
  const timer = setInterval(() => {
    const seconds = Math.floor((systemClock.now() - startMs) / 1000)
    if (seconds * 1000 >= QUIET_MS) progress.update(() => `${what}: ${seconds} s`)
  }, TICK_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
    progress.end()
  }
}
