import { clocksOff } from '../../cases/clocks-off.ts'
import { opened, runCase } from '../../cases/run-case.ts'
import { type CaseSpan, MINUTE, records, shop, T0_MS } from '../../cases/small-shop.ts'
import type { Figure } from '../figures.ts'

const TEST_MS = T0_MS + 12 * MINUTE
const FAULT_MS = TEST_MS + 4 * MINUTE
const SEEDS = [1, 2, 3]

/** How much later a fault is told where a fifth of the instances have clocks that are up to an hour off. */
export async function clocksOffDelay(): Promise<Figure[]> {
  let worst = 0
  for (const seed of SEEDS) {
    const slow = (t: number): number => (t > FAULT_MS ? 4 : 1)
    const warm = shop({ seed: seed * 2, fromMs: T0_MS, minutes: 10 })
    const test = shop({ seed: seed * 2 + 1, fromMs: TEST_MS, minutes: 8, slow })
    const right = toldAfterS(warm, test)
    const off = toldAfterS(clocksOff(warm, seed), clocksOff(test, seed))
    worst = Math.max(worst, off - right)
  }
  return [
    {
      name: 'clocks_off_delay_s',
      value: worst,
      what: 'delay of a fault where a fifth of the senders have clocks off by up to an hour, against right clocks, s; the worst of 3',
      bar: 'under 30',
    },
  ]
}

/** When a cluster at `orders` opens after the fault began, s of arrival; for ever if none does. */
function toldAfterS(warm: readonly CaseSpan[], test: readonly CaseSpan[]): number {
  const result = runCase(records(warm), { 'k/0': records(test) }, FAULT_MS)
  const found = opened(result).find(({ atS, sentence }) => atS > 0 && sentence.includes('orders'))
  return found?.atS ?? Number.POSITIVE_INFINITY
}
