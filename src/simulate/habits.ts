import type { LoadChange } from './changes.ts'
import type { Fault } from './faults.ts'
import type { SimulationOptions } from './simulate.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** The job at night begins so long after midnight, and the busy hour. */
const NIGHT_MS = 2 * HOUR_MS
const BUSY_MS = 18 * HOUR_MS
/** Traffic of the busy hour over that of the hours beside it. */
const BUSY_FACTOR = 1.8

/**
 * What a real system does without anybody calling it a fault, as options of a run that begins at
 * midnight:
 * - calls of arbitrary operations stand still for a moment;
 * - a fifth of the calls of the catalogue fail for 1 to 5 minutes, about every 10 minutes;
 * - a batch of mails: for 15 s of every 180 s the mailer does what it does not do else;
 * - a job at 02:00 makes everybody's statements slow for 20 minutes;
 * - at 18:00 comes an hour with much more traffic.
 */
export function healthyHabits(
  durationMs: number,
): Required<Pick<SimulationOptions, 'faults' | 'changes' | 'stalls'>> {
  const toMs = durationMs
  const bursts: Fault = {
    ...{ kind: 'errors', service: 'catalogue', strength: 'medium', fromMs: 0, toMs },
    recurs: {
      everyMs: 10 * MINUTE_MS,
      spreadMs: 4 * MINUTE_MS,
      lastsMs: [MINUTE_MS, 5 * MINUTE_MS],
    },
  }
  const batch: Fault = {
    ...{ kind: 'unseen_path', service: 'email', strength: 'strong', fromMs: 0, toMs },
    recurs: { everyMs: 180_000, spreadMs: 0, lastsMs: [15_000, 15_000] },
  }
  const nightly: Fault = {
    ...{ kind: 'slow_database', service: 'postgresql', strength: 'medium', fromMs: NIGHT_MS, toMs },
    recurs: { everyMs: DAY_MS, spreadMs: 0, lastsMs: [20 * MINUTE_MS, 20 * MINUTE_MS] },
  }
  const changes: LoadChange[] = []
  for (let fromMs = BUSY_MS; fromMs < durationMs; fromMs += DAY_MS) {
    changes.push({ kind: 'load', factor: BUSY_FACTOR, fromMs, toMs: fromMs + HOUR_MS })
  }
  return { faults: [bursts, batch, nightly], changes, stalls: 0.001 }
}
