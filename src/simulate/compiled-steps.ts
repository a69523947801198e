import type { SelfTime } from './latency.ts'
import type { Service } from './service.ts'
import {
  type Attributes,
  clientAttributes,
  clientName,
  messagingAttributes,
  type OutcomeAttributes,
  queryAttributes,
} from './span-attributes.ts'
import type { Step, Store } from './topology.ts'

/** An operation of a service, with what it does; calls and operations name each other. */
export interface Operation {
  readonly service: Service
  /** As in its specification; SERVER spans add what their SDK adds. */
  readonly name: string
  readonly spanName: string
  readonly self: SelfTime
  /** 95th percentile of the self time, ms: the unit of a fault's strength. */
  readonly selfP95: number
  readonly notFound: number
  readonly failing: number
  readonly attributes: OutcomeAttributes
  /** Filled after all operations exist, as calls may form any graph. */
  steps: readonly CompiledStep[]
  /** The first call, else the first query, that it always makes: what faults omit and repeat. */
  target: CompiledStep | null
}

export interface CompiledCall {
  readonly type: 'call'
  readonly callee: Operation
  readonly spanName: string
  readonly attributes: OutcomeAttributes
  readonly share: number
  readonly atLeast: number
  readonly atMost: number
  readonly retries: number
  readonly optional: boolean
  readonly passNotFound: boolean
}

export interface CompiledQuery {
  readonly type: 'query'
  readonly store: Store
  readonly spanName: string
  readonly attributes: Attributes
  readonly self: SelfTime
  readonly share: number
  readonly atLeast: number
  readonly atMost: number
}

export interface CompiledCache {
  readonly type: 'cache'
  readonly lookUp: CompiledQuery
  readonly hit: number
  readonly miss: readonly CompiledStep[]
}

export interface CompiledWork {
  readonly type: 'work'
  readonly name: string
  readonly self: SelfTime
  readonly share: number
  readonly steps: readonly CompiledStep[]
}

export interface CompiledTogether {
  readonly type: 'together'
  readonly steps: readonly CompiledStep[]
}

export interface CompiledPublish {
  readonly type: 'publish'
  readonly consumer: Operation
  readonly spanName: string
  readonly attributes: Attributes
  readonly share: number
}

export type CompiledStep =
  | CompiledCall
  | CompiledQuery
  | CompiledCache
  | CompiledWork
  | CompiledTogether
  | CompiledPublish

/** Finds the operation that a step calls by its `service/operation`. */
export type Resolve = (path: string) => Operation

/** The steps of one operation of `caller`, with calls resolved and attribute sets made. */
export function compileSteps(
  steps: readonly Step[],
  caller: Service,
  resolve: Resolve,
): readonly CompiledStep[] {
  return steps.map((step): CompiledStep => {
    switch (step.type) {
      case 'call':
        return { ...step, ...compileCall(caller, resolve(step.to)) }
      case 'query':
        return compileQuery(caller, step)
      case 'cache': {
        const { collection, hit } = step
        const miss = compileSteps(step.miss, caller, resolve)
        return { type: 'cache', lookUp: compileLookUp(caller, collection), hit, miss }
      }
      case 'publish': {
        const consumer = resolve(step.to)
        const attributes = messagingAttributes(step.topic, 'send')
        return {
          type: 'publish',
          consumer,
          spanName: `send ${step.topic}`,
          attributes,
          share: step.share,
        }
      }
      default:
        return { ...step, steps: compileSteps(step.steps, caller, resolve) }
    }
  })
}

/** The parts of a call that depend on who calls whom. */
export function compileCall(
  caller: Service,
  callee: Operation,
): Pick<CompiledCall, 'callee' | 'spanName' | 'attributes'> {
  const { service, name } = callee
  return {
    callee,
    spanName: clientName(caller.spec, service.spec, name),
    attributes: clientAttributes(caller.spec, service.name, service.spec, name),
  }
}

/** A query as its caller's SDK names it: `SELECT products`, but only `GET` for redis. */
export function compileQuery(
  caller: Service,
  step: Omit<CompiledQuery, 'spanName' | 'attributes'> & { operation: string; collection: string },
): CompiledQuery {
  const { store, self, share, atLeast, atMost, operation, collection } = step
  const spanName = store === 'redis' ? operation : `${operation} ${collection}`
  const attributes = queryAttributes(caller.spec, caller.name, { store, operation, collection })
  return { type: 'query', store, spanName, attributes, self, share, atLeast, atMost }
}

function compileLookUp(caller: Service, collection: string): CompiledQuery {
  const self = { median: 0.4, sigma: 0.35 }
  return compileQuery(caller, {
    type: 'query',
    store: 'redis',
    self,
    share: 1,
    atLeast: 1,
    atMost: 1,
    operation: 'GET',
    collection,
  })
}

/** The first call that is always made, else the first query; null where there is neither. */
export function mandatoryStep(steps: readonly CompiledStep[]): CompiledStep | null {
  const flat = steps.flatMap((step) => (step.type === 'together' ? step.steps : [step]))
  const always = flat.filter(
    (step) =>
      (step.type === 'call' || step.type === 'query') && step.share === 1 && step.atLeast > 0,
  )
  return always.find(({ type }) => type === 'call') ?? always[0] ?? null
}

/** The steps and everything below them that the same operation does. */
export function allSteps(steps: readonly CompiledStep[]): CompiledStep[] {
  return steps.flatMap((step): CompiledStep[] => {
    switch (step.type) {
      case 'cache':
        return [step, ...allSteps(step.miss)]
      case 'work':
      case 'together':
        return [step, ...allSteps(step.steps)]
      default:
        return [step]
    }
  })
}
