import { setTimeout as delay } from 'node:timers/promises'

/** The shell's only access to time and chance, so that tests can hold both still. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number
  /** Wall clock, ms since 1970. */
  wall(): number
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** In [0, 1). Only for jitter and for what is traced of medoscope itself. */
  random(): number
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  },
  random: () => Math.random(),
}
