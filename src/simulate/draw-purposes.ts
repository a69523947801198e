/** Purposes of the draws of one call. `latency.ts` has 1 to 9, `faults.ts` those from 1000 on. */
export const DRAW = {
  instance: 10,
  outcome: 11,
  extraAt: 12,
  networkOut: 13,
  networkBack: 14,
  taken: 15,
  times: 16,
  hit: 17,
  waiting: 18,
  backOff: 19,
  quick: 20,
} as const

/** Seeds of what belongs to a call: what answers it, further tries, a new step, its steps, its log lines. */
export const SEED = { answer: 1, retry: 50, unseen: 90, step: 100, log: 500 } as const
