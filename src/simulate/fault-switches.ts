import type { MixChange } from './changes.ts'
import { isCodeFault } from './code-faults.ts'
import { demoScenario } from './demo-scenario.ts'
import type { Fault } from './faults.ts'

/** One thing that can be wrong with the shop, as a person turns it on and off. */
export interface FaultSwitch {
  /** In addresses and on the command line. */
  readonly key: string
  readonly title: string
  readonly service: string
  on: boolean
}

/** Requests that the changed mix makes more and less of. */
const OTHER_MIX: Readonly<Record<string, number>> = {
  'gateway/GET /search': 8,
  'gateway/GET /orders': 6,
  'gateway/GET /': 0.2,
}

/**
 * The demo's faults, and a changed mix of requests, as switches. The simulation asks a fault at every
 * call whether it is on; these answer by their switch.
 */
export class FaultSwitches {
  readonly switches: readonly FaultSwitch[]
  readonly faults: readonly Fault[]
  readonly mix: MixChange

  constructor(seed: number) {
    const scenario = demoScenario(seed)
    // The live shop does not log.
    const faults = scenario.faults.filter(({ kind }) => !isCodeFault(kind))
    const faultSwitches = faults.map(({ kind, service }, i) => ({
      key: kind,
      title: scenario.titles[i] ?? kind,
      service,
      on: false,
    }))
    const mixSwitch: FaultSwitch = {
      key: 'mix',
      title: 'No fault: customers search and look at their orders far more than usual.',
      service: 'gateway',
      on: false,
    }
    this.switches = [...faultSwitches, mixSwitch]
    this.faults = faults.map((fault, i) => ({
      ...fault,
      fromMs: 0,
      toMs: Number.POSITIVE_INFINITY,
      isOn: () => faultSwitches[i]?.on === true,
    }))
    this.mix = {
      kind: 'mix',
      factors: OTHER_MIX,
      fromMs: 0,
      get toMs() {
        return mixSwitch.on ? Number.POSITIVE_INFINITY : 0
      },
    }
  }

  /** @returns false where there is no such switch */
  set(key: string, on: boolean): boolean {
    const one = this.switches.find((candidate) => candidate.key === key)
    if (one) one.on = on
    return one !== undefined
  }
}
