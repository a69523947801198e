import { CODE_FAULTS, isCodeFault } from './code-faults.ts'
import {
  type CompiledCall,
  type CompiledQuery,
  type CompiledStep,
  compileQuery,
  type Operation,
} from './compiled-steps.ts'
import {
  type ActiveFault,
  addedMs,
  type Fault,
  type FaultKind,
  type FaultTable,
  hits,
  isActive,
  stormRepeats,
} from './faults.ts'
import type { SelfTime } from './latency.ts'
import type { Instance, Service } from './service.ts'
import type { LogLine } from './shop-log-lines.ts'
import type { Store } from './topology.ts'

/** Who does something. */
export interface Actor {
  readonly service: Service
  readonly instance: Instance
}

/** Kinds that add to a call's own time. */
const SELF_KINDS = ['slow_dependency', 'cpu_bound', 'throttled', 'lock_contention'] as const

/** What the active faults do to the calls of one request after the other, and which they met. */
export class FaultEffects {
  /** Of the request since `begin`: faults whose guilty service it reached, and that changed it. */
  readonly touched = new Set<number>()
  readonly affected = new Set<number>()
  readonly #table: FaultTable
  readonly #unseen = new Map<Service, CompiledStep>()
  #load = 1

  constructor(table: FaultTable) {
    this.#table = table
  }

  begin(load: number): void {
    this.#load = load
    this.touched.clear()
    this.affected.clear()
  }

  /** Notes that a service does something at this time. */
  touch(actor: Actor, nowNs: number): void {
    for (const fault of this.#of(actor)) {
      if (isActive(fault, actor.instance.index, nowNs)) this.touched.add(fault.index)
    }
  }

  failsAtOnce(actor: Actor, nowNs: number, seed: number): boolean {
    return this.#hit(actor, 'fail_fast', nowNs, seed) !== null
  }

  fails(actor: Actor, nowNs: number, seed: number): boolean {
    return this.#hit(actor, 'errors', nowNs, seed) !== null
  }

  /** What is added to the own time of a call, ms. */
  selfMs(actor: Actor, operation: Operation, nowNs: number, seed: number, selfMs: number): number {
    if (this.#of(actor).length === 0) return 0
    let added = 0
    for (const kind of SELF_KINDS) {
      const fault = this.#hit(actor, kind, nowNs, seed)
      if (!fault) continue
      const { self, selfP95 } = operation
      added += addedMs(fault, seed, selfMs, self.median, selfP95, this.#load)
    }
    return added
  }

  /** What is added to an internal span of the service, ms: only a busy CPU shows there. */
  workMs(actor: Actor, self: SelfTime, nowNs: number, seed: number, selfMs: number): number {
    const fault = this.#hit(actor, 'cpu_bound', nowNs, seed)
    return fault ? addedMs(fault, seed, selfMs, self.median, p95(self), this.#load) : 0
  }

  /** What is added on the way from a caller to this service, ms. */
  networkMs(actor: Actor, caller: Service, nowNs: number, seed: number): number {
    for (const fault of this.#of(actor)) {
      const from = fault.fault.caller
      if (fault.kind !== 'network_delay' || (from !== undefined && from !== caller.name)) continue
      if (this.#applies(fault, actor.instance.index, nowNs, seed)) {
        return addedMs(fault, seed, 0, 1, 0, this.#load)
      }
    }
    return 0
  }

  /** How often a step is made that would be made `times` times; `seed` is that of the step. */
  repeats(
    actor: Actor & { readonly operation: Operation },
    step: CompiledCall | CompiledQuery,
    nowNs: number,
    seed: number,
    times: number,
  ): number {
    let made = times
    for (const fault of this.#of(actor)) {
      const { kind } = fault
      if (made === 0 || (kind !== 'missing_call' && kind !== 'retry_storm')) continue
      if (!aims(fault.fault, step, actor.operation)) continue
      if (!this.#applies(fault, actor.instance.index, nowNs, seed)) continue
      made = kind === 'missing_call' ? 0 : made * stormRepeats(fault, seed)
    }
    return made
  }

  /** What an operation logs, where it logs `lines` while its code is right. */
  lines(
    actor: Actor & { readonly operation: Operation },
    lines: readonly LogLine[],
    nowNs: number,
    seed: number,
  ): readonly LogLine[] {
    let logged = lines
    for (const fault of this.#of(actor)) {
      if (!isCodeFault(fault.kind)) continue
      const { operation, change } = CODE_FAULTS[fault.kind]
      if (operation !== `${actor.service.name}/${actor.operation.name}`) continue
      if (this.#applies(fault, actor.instance.index, nowNs, seed)) logged = change(logged)
    }
    return logged
  }

  cacheMisses(actor: Actor, nowNs: number, seed: number): boolean {
    return this.#hit(actor, 'cache_gone', nowNs, seed) !== null
  }

  /** What is added to a statement, ms: by a fault of the caller's database, or of the whole store. */
  queryMs(actor: Actor, store: Store, self: SelfTime, nowNs: number, seed: number): number {
    let added = 0
    const own = store === 'postgresql' ? this.#hit(actor, 'slow_database', nowNs, seed) : null
    if (own) added += addedMs(own, seed, 0, self.median, p95(self), this.#load)
    for (const fault of this.#table.stores[store]) {
      if (!isActive(fault, actor.instance.index, nowNs)) continue
      this.touched.add(fault.index)
      if (!this.#applies(fault, actor.instance.index, nowNs, seed)) continue
      added += addedMs(fault, seed, 0, self.median, p95(self), this.#load)
    }
    return added
  }

  /** The step that the service never took before, where it takes it now. */
  unseenStep(actor: Actor, nowNs: number, seed: number): CompiledStep | null {
    if (!this.#hit(actor, 'unseen_path', nowNs, seed)) return null
    let step = this.#unseen.get(actor.service)
    if (!step) {
      step = unseenStep(actor.service)
      this.#unseen.set(actor.service, step)
    }
    return step
  }

  #of(actor: Actor): readonly ActiveFault[] {
    return this.#table.services[actor.service.index]!
  }

  #hit(actor: Actor, kind: FaultKind, nowNs: number, seed: number): ActiveFault | null {
    for (const fault of this.#of(actor)) {
      if (fault.kind !== kind) continue
      if (this.#applies(fault, actor.instance.index, nowNs, seed)) return fault
    }
    return null
  }

  #applies(fault: ActiveFault, instance: number, nowNs: number, seed: number): boolean {
    if (!isActive(fault, instance, nowNs) || !hits(fault, seed)) return false
    this.touched.add(fault.index)
    this.affected.add(fault.index)
    return true
  }
}

/** Whether a fault in what a service calls is about this step. */
function aims(fault: Fault, step: CompiledCall | CompiledQuery, operation: Operation): boolean {
  if (fault.callee === undefined) return step === operation.target
  return step.type === 'call' && step.callee.service.name === fault.callee
}

function p95(self: SelfTime): number {
  return self.median * Math.exp(1.645 * self.sigma)
}

function unseenStep(service: Service): CompiledStep {
  const query = compileQuery(service, {
    type: 'query',
    store: 'postgresql',
    self: { median: 8, sigma: 0.4 },
    share: 1,
    atLeast: 1,
    atMost: 1,
    operation: 'SELECT',
    collection: `${service.name}_legacy`.replaceAll('-', '_'),
  })
  const self = { median: 4, sigma: 0.4 }
  return { type: 'work', name: 'legacy fallback', self, share: 1, steps: [query] }
}
