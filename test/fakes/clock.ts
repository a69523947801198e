import type { Clock } from '../../src/io/clock.ts'

/** Time that only moves when told, and by sleeping; sleeps end at once and are remembered. */
export class FakeClock implements Clock {
  ms = 1_000_000
  readonly sleeps: number[] = []
  /** Jitter: the same every time. */
  chance = 0.5
  /** How far the clock moves each time it is read. */
  tick = 0

  now(): number {
    this.ms += this.tick
    return this.ms
  }

  wall(): number {
    return 1_700_000_000_000 + this.ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    this.sleeps.push(ms)
    this.ms += ms
    await new Promise((resolve) => setImmediate(resolve))
  }

  random(): number {
    return this.chance
  }
}
