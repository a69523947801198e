import type { Fault, FaultKind } from './faults.ts'
import type { SimulationOptions } from './simulate.ts'

/** Everything `simulate` needs but the start, and what to tell a person who watches. */
export interface DemoScenario extends Omit<SimulationOptions, 'startMs'> {
  /** Healthy traffic to learn from; the first fault begins later. */
  readonly warmupMs: number
  readonly faults: readonly Fault[]
  /** One sentence for each fault. */
  readonly titles: readonly string[]
}

const WARMUP_MS = 120_000
const FAULT_MS = 40_000
const QUIET_MS = 37_000

const CHAPTERS: readonly { kind: FaultKind; service: string; callee?: string; title: string }[] = [
  {
    kind: 'slow_dependency',
    service: 'pricing',
    title: 'Every price takes far longer to quote than it did.',
  },
  {
    kind: 'cpu_bound',
    service: 'recommendation',
    title: 'The recommendation service is starved of CPU: all it does itself takes a multiple.',
  },
  {
    kind: 'errors',
    service: 'payment',
    title: 'Most payments fail, also when they are tried again.',
  },
  {
    kind: 'missing_call',
    service: 'checkout',
    callee: 'inventory',
    title: 'Orders are placed, quickly and without error, but no stock is reserved for them.',
  },
  {
    kind: 'retry_storm',
    service: 'search',
    title: 'A search asks the database three to eight times as often as before.',
  },
  {
    kind: 'unseen_path',
    service: 'shipping',
    title: 'Shipping quotes take a way through the code that nobody has seen before.',
  },
  {
    kind: 'missing_line',
    service: 'orders',
    title:
      'Orders are answered as ever and none is committed: no span shows it, one log line is missing.',
  },
]

/**
 * Two minutes of healthy traffic, then seven faults of 40 s, each with 37 s of quiet after it:
 * eleven minutes of data time, about 79,000 traces, 1.3 million spans and 120,000 log lines.
 */
export function demoScenario(seed: number): DemoScenario {
  const faults = CHAPTERS.map(({ kind, service, callee }, i): Fault => {
    const fromMs = WARMUP_MS + i * (FAULT_MS + QUIET_MS)
    const toMs = fromMs + FAULT_MS
    const base = { kind, service, strength: 'strong', fromMs, toMs } as const
    return callee === undefined ? base : { ...base, callee }
  })
  return {
    seed,
    warmupMs: WARMUP_MS,
    durationMs: WARMUP_MS + CHAPTERS.length * (FAULT_MS + QUIET_MS),
    tracesPerSecond: 120,
    dailySwing: 0,
    logs: true,
    faults,
    titles: CHAPTERS.map(({ title }) => title),
  }
}
