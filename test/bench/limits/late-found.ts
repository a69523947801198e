import { agents, mailed } from '../../cases/late-traffic.ts'
import { opened, runCase } from '../../cases/run-case.ts'
import { type CaseSpan, Chance, MINUTE, records, shop, T0_MS } from '../../cases/small-shop.ts'
import type { Figure } from '../figures.ts'

const TEST_MS = T0_MS + 14 * MINUTE
const FAULT_MS = TEST_MS + 4 * MINUTE

type Traffic = (
  fromMs: number,
  minutes: number,
  seed: number,
  slow: (t: number) => number,
) => CaseSpan[]

const consumerAfter =
  (waitMs: number): Traffic =>
  (fromMs, minutes, seed, slow) =>
    shop({ seed, fromMs, minutes, edit: mailed(waitMs, slow) })

/** What comes late or lasts long, and the service whose fault is to be found. */
const CASES: readonly (readonly [service: string, traffic: Traffic])[] = [
  ['mailer', consumerAfter(10_000)],
  ['mailer', consumerAfter(90_000)],
  [
    'agent',
    (fromMs, minutes, seed, slow) => [
      ...shop({ seed, fromMs, minutes, rate: 2 }),
      ...agents(fromMs, minutes - 4, new Chance(seed + 10), slow),
    ],
  ],
]

/** Of consumers 10 s and 90 s after their producers and of agent runs of 4 min: faults found. */
export async function lateFound(): Promise<Figure[]> {
  let found = 0
  for (const [service, traffic] of CASES) {
    const slow = (t: number): number => (t > FAULT_MS && t < FAULT_MS + 3 * MINUTE ? 4 : 1)
    const warm = traffic(T0_MS, 10, 1, () => 1)
    const test = traffic(TEST_MS, 10, 2, slow)
    const clusters = opened(runCase(records(warm), { 'k/0': records(test) }, FAULT_MS))
    if (clusters.some((one) => one.atS > 0 && one.service === service)) found++
  }
  return [
    {
      name: 'late_found',
      value: found,
      what: 'faults found of consumers 10 s and 90 s late and of agent runs of 4 min',
      bar: '3 of 3',
    },
  ]
}
