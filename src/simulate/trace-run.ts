import { type ServiceChanges, selfFactor } from './changes.ts'
import type {
  CompiledCache,
  CompiledCall,
  CompiledPublish,
  CompiledQuery,
  CompiledStep,
  CompiledTogether,
  CompiledWork,
} from './compiled-steps.ts'
import type { Actor, FaultEffects } from './fault-effects.ts'
import { drawPause, drawSelf, type SelfTime, slowShareAt } from './latency.ts'
import { derive, logNormal, mix, unit } from './random.ts'
import type { Instance, Service } from './service.ts'
import type { Operation } from './shop.ts'
import { FAILED, NOT_FOUND, OK, type Outcome } from './span-attributes.ts'
import type { SpanWriter } from './span-writer.ts'
import type { Arrival } from './traffic.ts'

// Purposes of draws of a call; latency.ts has 1 to 9, faults.ts those from 1000 on.
const INSTANCE = 10
const OUTCOME = 11
const EXTRA_AT = 12
const NETWORK_OUT = 13
const NETWORK_BACK = 14
const TAKEN = 15
const TIMES = 16
const HIT = 17
const WAITING = 18
const BACKOFF = 19
const QUICK = 20
/** Seeds of what belongs to a call: its steps, and the tries of a step. */
const STEP = 100
const UNSEEN = 90
const TRY = 50

/** Half of the time between a client span and its server span, ms. */
const NETWORK: SelfTime = { median: 0.22, sigma: 0.45 }
/** Time between a message sent and taken; before a retry; of a refusal; to send a message. */
const QUEUE: SelfTime = { median: 35, sigma: 0.7 }
const PAUSE_BEFORE_RETRY: SelfTime = { median: 12, sigma: 0.4 }
const REFUSAL: SelfTime = { median: 0.25, sigma: 0.4 }
const SENDING: SelfTime = { median: 1.2, sigma: 0.4 }
/** Between the steps of a branch, and between starts of parallel steps. */
const SMALL_GAP_NS = 40_000

/** One operation being served. */
interface Frame extends Actor {
  readonly operation: Operation
  readonly changes: ServiceChanges | null
  readonly seed: number
  readonly spanId: string
  /** What its own times are multiplied by, and its share of slow calls now. */
  readonly factor: number
  readonly slowShare: number
}

/**
 * Plays requests through the shop, one at a time: walks the steps of the operations and keeps the
 * clock of the request. Every draw belongs to its call's seed, so what a fault adds or omits changes
 * nothing else. Times: ns after the start of the run, whole numbers.
 */
export class TraceRun {
  readonly #effects: FaultEffects
  readonly #changes: readonly (ServiceChanges | null)[]
  readonly #writer: SpanWriter
  readonly #seed: number
  /** How the call or step that returned last went. */
  #outcome: Outcome = OK

  constructor(
    seed: number,
    effects: FaultEffects,
    changes: readonly (ServiceChanges | null)[],
    writer: SpanWriter,
  ) {
    this.#seed = mix(seed)
    this.#effects = effects
    this.#changes = changes
    this.#writer = writer
  }

  play(arrival: Arrival): void {
    const { operation, kind } = arrival.entry
    const seed = derive(this.#seed, arrival.index)
    const startNs = Math.round(arrival.timeMs * 1e6)
    this.#effects.begin(arrival.load)
    this.#writer.begin(seed)
    const instance = this.#pickInstance(operation.service, startNs, seed)
    this.#serve(operation, instance, '', kind, startNs, seed)
  }

  /** One operation in one instance; returns when it ended, and leaves how it went in `#outcome`. */
  #serve(
    operation: Operation,
    instance: Instance,
    parent: string,
    kind: number,
    startNs: number,
    seed: number,
  ): number {
    const { service } = operation
    const frame = this.#frame(operation, instance, startNs, seed)
    this.#effects.touch(frame, startNs)
    this.#outcome = OK
    let endNs = startNs
    if (this.#effects.failsAtOnce(frame, startNs, seed)) {
      endNs += draw(seed, QUICK, REFUSAL)
      this.#outcome = FAILED
    } else {
      endNs = this.#run(frame, startNs)
      if (this.#outcome === OK) this.#outcome = this.#ownOutcome(frame, startNs)
    }
    const outcome = this.#outcome
    const name = service.spec.idsInNames
      ? operation.spanName.replace('{id}', hexId(seed))
      : operation.spanName
    const attributes = operation.attributes[outcome]
    const failed = outcome === FAILED
    this.#writer.add(instance, frame.spanId, parent, name, kind, startNs, endNs, attributes, failed)
    return endNs
  }

  #frame(operation: Operation, instance: Instance, nowNs: number, seed: number): Frame {
    const { service } = operation
    const changes = this.#changes[service.index] ?? null
    const burst = service.spec.burst
    return {
      service,
      instance,
      operation,
      changes,
      seed,
      spanId: this.#writer.nextSpanId(),
      factor: instance.factor * (changes ? selfFactor(changes, nowNs) : 1),
      slowShare: burst ? slowShareAt(service.seed, burst, nowNs / 1e6) : 0,
    }
  }

  /** The steps of an operation, with its own time spread over the gaps around them. */
  #run(frame: Frame, startNs: number): number {
    const { operation, service, seed } = frame
    const { spec } = service
    const steps = operation.steps
    const selfMs = drawSelf(seed, operation.self, spec.burst, frame.slowShare) * frame.factor
    const gapNs = Math.round((selfMs * 1e6) / (steps.length + 1))
    const extraMs =
      drawPause(seed, spec.throttled) +
      this.#effects.selfMs(frame, operation, startNs, seed, selfMs)
    const extraNs = Math.round(extraMs * 1e6)
    const extraAt = Math.floor(unit(seed, EXTRA_AT) * (steps.length + 1))
    let now = startNs
    for (let i = 0; i < steps.length; i++) {
      now += gapNs + (i === extraAt ? extraNs : 0)
      now = this.#step(frame, steps[i]!, frame.spanId, now, derive(seed, STEP + i))
      if (this.#outcome !== OK) return now + SMALL_GAP_NS
    }
    const unseen = this.#effects.unseenStep(frame, now, seed)
    if (unseen) now = this.#step(frame, unseen, frame.spanId, now, derive(seed, UNSEEN))
    return now + gapNs + (extraAt === steps.length ? extraNs : 0)
  }

  #ownOutcome(frame: Frame, startNs: number): Outcome {
    const { operation, seed } = frame
    if (this.#effects.fails(frame, startNs, seed)) return FAILED
    const u = unit(seed, OUTCOME)
    if (u < operation.failing) return FAILED
    return u > 1 - operation.notFound ? NOT_FOUND : OK
  }

  #step(frame: Frame, step: CompiledStep, parent: string, now: number, seed: number): number {
    switch (step.type) {
      case 'call':
      case 'query':
        return this.#repeated(frame, step, parent, now, seed)
      case 'cache':
        return this.#cache(frame, step, parent, now, seed)
      case 'work':
        return this.#internal(frame, step, parent, now, seed)
      case 'together':
        return this.#together(frame, step, parent, now, seed)
      case 'publish':
        return this.#publish(frame, step, parent, now, seed)
    }
  }

  /** Steps of a branch, one after the other. */
  #branch(
    frame: Frame,
    steps: readonly CompiledStep[],
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    let now = startNs
    for (let i = 0; i < steps.length; i++) {
      now = this.#step(frame, steps[i]!, parent, now + SMALL_GAP_NS, derive(seed, STEP + i))
      if (this.#outcome !== OK) break
    }
    return now
  }

  #together(
    frame: Frame,
    step: CompiledTogether,
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    let end = startNs
    let outcome: Outcome = OK
    for (let i = 0; i < step.steps.length; i++) {
      const start = startNs + i * SMALL_GAP_NS
      end = Math.max(end, this.#step(frame, step.steps[i]!, parent, start, derive(seed, STEP + i)))
      if (this.#outcome > outcome) outcome = this.#outcome
      this.#outcome = OK
    }
    this.#outcome = outcome
    return end
  }

  /** A call or a query: not at all, once, or several times in a row. */
  #repeated(
    frame: Frame,
    step: CompiledCall | CompiledQuery,
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    if (unit(seed, TAKEN) >= step.share) return startNs
    let times = step.atLeast + Math.floor(unit(seed, TIMES) * (step.atMost - step.atLeast + 1))
    let made = step
    if (step === frame.operation.target) {
      times = this.#effects.repeats(frame, startNs, seed, times)
      const { changes } = frame
      if (changes && startNs >= changes.deployedNs) made = changes.replaced.get(step) ?? step
    }
    let now = startNs
    for (let i = 0; i < times && this.#outcome === OK; i++) {
      if (i > 0) now += SMALL_GAP_NS
      const own = derive(seed, STEP + i)
      now =
        made.type === 'call'
          ? this.#call(frame, made, parent, now, own)
          : this.#query(frame, made, parent, now, own)
    }
    return now
  }

  /** A call with its retries, and what the caller makes of the outcome. */
  #call(frame: Frame, step: CompiledCall, parent: string, startNs: number, seed: number): number {
    let now = this.#exchange(frame, step, parent, startNs, seed)
    for (let i = 0; i < step.retries && this.#outcome === FAILED; i++) {
      const again = derive(seed, TRY + i)
      now += draw(again, BACKOFF, PAUSE_BEFORE_RETRY)
      now = this.#exchange(frame, step, parent, now, again)
    }
    if (this.#outcome === NOT_FOUND && !step.passNotFound) this.#outcome = OK
    if (this.#outcome === FAILED && step.optional) this.#outcome = OK
    return now
  }

  /** One client span and what answers it. */
  #exchange(
    frame: Frame,
    step: CompiledCall,
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    const spanId = this.#writer.nextSpanId()
    const { service } = step.callee
    const instance = this.#pickInstance(service, startNs, seed)
    const delayMs = this.#effects.networkMs({ service, instance }, frame.service, startNs, seed)
    const arrived = startNs + draw(seed, NETWORK_OUT, NETWORK) + Math.round(delayMs * 1e6)
    const served = this.#serve(step.callee, instance, spanId, 2, arrived, derive(seed, 1))
    const endNs = served + draw(seed, NETWORK_BACK, NETWORK)
    const outcome = this.#outcome
    const attributes = step.attributes[outcome]
    const failed = outcome !== OK
    this.#writer.add(
      frame.instance,
      spanId,
      parent,
      step.spanName,
      3,
      startNs,
      endNs,
      attributes,
      failed,
    )
    return endNs
  }

  #query(frame: Frame, step: CompiledQuery, parent: string, startNs: number, seed: number): number {
    const ms =
      drawSelf(seed, step.self, null, 0) +
      this.#effects.queryMs(frame, step.store, step.self, startNs, seed)
    const endNs = startNs + Math.round(ms * 1e6)
    const id = this.#writer.nextSpanId()
    this.#writer.add(
      frame.instance,
      id,
      parent,
      step.spanName,
      3,
      startNs,
      endNs,
      step.attributes,
      false,
    )
    return endNs
  }

  #cache(frame: Frame, step: CompiledCache, parent: string, startNs: number, seed: number): number {
    const now = this.#query(frame, step.lookUp, parent, startNs, seed)
    const gone = this.#effects.cacheMisses(frame, startNs, seed)
    if (unit(seed, HIT) < step.hit && !gone) return now
    return this.#branch(frame, step.miss, parent, now, seed)
  }

  #internal(
    frame: Frame,
    step: CompiledWork,
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    if (unit(seed, TAKEN) >= step.share) return startNs
    const spanId = this.#writer.nextSpanId()
    const { burst } = frame.service.spec
    const selfMs = drawSelf(seed, step.self, burst, frame.slowShare) * frame.factor
    const addedMs = this.#effects.workMs(frame, step.self, startNs, seed, selfMs)
    const childrenEnd = this.#branch(frame, step.steps, spanId, startNs, seed)
    const endNs = childrenEnd + Math.round((selfMs + addedMs) * 1e6)
    const failed = this.#outcome === FAILED
    this.#writer.add(frame.instance, spanId, parent, step.name, 1, startNs, endNs, {}, failed)
    return endNs
  }

  /** A message: its consumer works later and on its own; how that goes is nothing to the producer. */
  #publish(
    frame: Frame,
    step: CompiledPublish,
    parent: string,
    startNs: number,
    seed: number,
  ): number {
    if (unit(seed, TAKEN) >= step.share) return startNs
    const spanId = this.#writer.nextSpanId()
    const endNs = startNs + draw(seed, QUICK, SENDING)
    this.#writer.add(
      frame.instance,
      spanId,
      parent,
      step.spanName,
      4,
      startNs,
      endNs,
      step.attributes,
      false,
    )
    const taken = endNs + draw(seed, WAITING, QUEUE)
    const instance = this.#pickInstance(step.consumer.service, taken, seed)
    this.#serve(step.consumer, instance, spanId, 5, taken, derive(seed, 1))
    this.#outcome = OK
    return endNs
  }

  #pickInstance(service: Service, nowNs: number, seed: number): Instance {
    const changes = this.#changes[service.index]
    const deployed = changes && nowNs >= changes.deployedNs
    const instances = deployed ? service.successors : service.instances
    return instances[Math.floor(unit(seed, INSTANCE) * instances.length)]!
  }
}

/** A duration in whole ns. */
function draw(seed: number, purpose: number, time: SelfTime): number {
  return Math.round(logNormal(seed, purpose, time.median, time.sigma) * 1e6)
}

/** An id as careless instrumentation puts it into a span name. */
function hexId(seed: number): string {
  return mix(seed ^ 0x5bd1e995)
    .toString(16)
    .padStart(8, '0')
}
