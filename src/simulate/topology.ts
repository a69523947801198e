import type { Burst, SelfTime } from './latency.ts'

/** One service of the shop, as it is written down; `shop.ts` makes instances and clones of it. */
export interface ServiceSpec {
  readonly protocol: 'http' | 'grpc'
  readonly language: string
  readonly instances: number
  /** Which generation of semantic-convention names its SDK writes. */
  readonly conventions: 'new' | 'old'
  /** What its outgoing HTTP client spans are called, without any peer attribute; null = as they should be. */
  readonly bareClient: 'method' | 'HTTP method' | null
  /** Puts ids into the names of its server spans, as hand-made instrumentation does. */
  readonly idsInNames: boolean
  readonly burst: Burst | null
  readonly throttled: number
}

export type Store = 'postgresql' | 'redis'

/** A call of another operation: client span, network, server span. */
export interface CallStep {
  readonly type: 'call'
  /** `service/operation`. */
  readonly to: string
  readonly share: number
  /** Calls one after the other, uniform in [atLeast, atMost]. */
  readonly atLeast: number
  readonly atMost: number
  /** Tries after a failed one. */
  readonly retries: number
  /** The caller lives with a failure. */
  readonly optional: boolean
  /** "Not found" below is "not found" here. */
  readonly passNotFound: boolean
}

/** A statement in a store: a client span only. */
export interface QueryStep {
  readonly type: 'query'
  readonly store: Store
  readonly operation: string
  readonly collection: string
  readonly self: SelfTime
  readonly share: number
  readonly atLeast: number
  readonly atMost: number
}

/** A look-up in redis; `miss` is done where it finds nothing. */
export interface CacheStep {
  readonly type: 'cache'
  readonly collection: string
  readonly hit: number
  readonly miss: readonly Step[]
}

/** An INTERNAL span of the service itself. */
export interface WorkStep {
  readonly type: 'work'
  readonly name: string
  readonly self: SelfTime
  readonly share: number
  readonly steps: readonly Step[]
}

/** Steps that run at the same time. */
export interface TogetherStep {
  readonly type: 'together'
  readonly steps: readonly Step[]
}

/** A message: producer span here, consumer span later in another service. */
export interface PublishStep {
  readonly type: 'publish'
  readonly topic: string
  readonly to: string
  readonly share: number
}

export type Step = CallStep | QueryStep | CacheStep | WorkStep | TogetherStep | PublishStep

export interface OperationSpec {
  /** `GET /cart` of an HTTP service, `Cart/GetCart` of a gRPC service, a topic of a consumer. */
  readonly name: string
  readonly self: SelfTime
  readonly steps: readonly Step[]
  readonly trigger: 'request' | 'message' | 'schedule'
  /** Share of calls that find nothing, and that fail by themselves. */
  readonly notFound: number
  readonly failing: number
}

/** What starts a trace. */
export interface EntrySpec {
  /** `service/operation`. */
  readonly operation: string
  /** 2 server, 1 internal (a scheduled job). */
  readonly kind: 1 | 2
  /** Relative to the other entries. */
  readonly weight: number
}

const times = (median: number, sigma: number): SelfTime => ({ median, sigma })

export function operation(
  name: string,
  median: number,
  sigma: number,
  steps: readonly Step[],
  options: Partial<Pick<OperationSpec, 'trigger' | 'notFound' | 'failing'>> = {},
): OperationSpec {
  return {
    name,
    self: times(median, sigma),
    steps,
    trigger: 'request',
    notFound: 0,
    failing: 0.0004,
    ...options,
  }
}

export function call(to: string, options: Partial<Omit<CallStep, 'type' | 'to'>> = {}): CallStep {
  return {
    type: 'call',
    to,
    share: 1,
    atLeast: 1,
    atMost: 1,
    retries: 0,
    optional: false,
    passNotFound: false,
    ...options,
  }
}

export function sql(
  operation: string,
  collection: string,
  median: number,
  options: { sigma?: number; share?: number; atLeast?: number; atMost?: number } = {},
): QueryStep {
  const { sigma = 0.4, share = 1, atLeast = 1, atMost = 1 } = options
  const self = times(median, sigma)
  return { type: 'query', store: 'postgresql', operation, collection, self, share, atLeast, atMost }
}

export function redis(operation: string, collection: string, share = 1): QueryStep {
  const self = times(0.5, 0.35)
  return {
    type: 'query',
    store: 'redis',
    operation,
    collection,
    self,
    share,
    atLeast: 1,
    atMost: 1,
  }
}

export function cache(collection: string, hit: number, miss: readonly Step[]): CacheStep {
  return { type: 'cache', collection, hit, miss }
}

export function work(
  name: string,
  median: number,
  sigma: number,
  share = 1,
  steps: readonly Step[] = [],
): WorkStep {
  return { type: 'work', name, self: times(median, sigma), share, steps }
}

export function together(...steps: readonly Step[]): TogetherStep {
  return { type: 'together', steps }
}

export function publish(topic: string, to: string, share = 1): PublishStep {
  return { type: 'publish', topic, to, share }
}
