import { type ServiceChanges, selfFactor } from './changes.ts'
import type {
  CompiledCache,
  CompiledCall,
  CompiledPublish,
  CompiledQuery,
  CompiledStep,
  CompiledTogether,
  CompiledWork,
  Operation,
} from './compiled-steps.ts'
import { DRAW, SEED } from './draw-purposes.ts'
import type { FaultEffects } from './fault-effects.ts'
import { type Begin, type Frame, servedAttributes, servedName } from './frame.ts'
import { drawPause, drawSelf, drawStall, slowShareAt } from './latency.ts'
import { derive, unit } from './random.ts'
import { DELAYS, drawNs } from './request-delays.ts'
import type { Instance, Service } from './service.ts'
import { LOG_LINES } from './shop-log-lines.ts'
import { type Attributes, FAILED, NOT_FOUND, OK, type Outcome } from './span-attributes.ts'
import { SPAN_KIND } from './span-kind.ts'
import type { SpanWriter } from './span-writer.ts'
import type { Arrival } from './traffic.ts'

/** Between two lines of a log. */
const LINE_NS = 30_000

/** Between the steps of a branch, and between starts of parallel steps. */
const SMALL_GAP_NS = 40_000

const NO_ATTRIBUTES: Attributes = {}

/**
 * Plays requests through the shop, one at a time: walks the steps of the operations and keeps the
 * clock of the request. Every draw belongs to its call's seed, so what a fault adds or omits changes
 * no other draw. All methods return when the thing ended, and leave how it went in `#outcome`.
 */
export class TraceRun {
  readonly #effects: FaultEffects
  readonly #changes: readonly (ServiceChanges | null)[]
  readonly #writer: SpanWriter
  readonly #seed: number
  readonly #stalls: number
  readonly #logs: boolean
  #outcome: Outcome = OK

  /** `stalls`: share of calls, of whatever operation, that stand still for a moment; `logs`: whether services log. */
  constructor(
    seed: number,
    effects: FaultEffects,
    changes: readonly (ServiceChanges | null)[],
    writer: SpanWriter,
    stalls = 0,
    logs = false,
  ) {
    this.#seed = seed
    this.#stalls = stalls
    this.#logs = logs
    this.#effects = effects
    this.#changes = changes
    this.#writer = writer
  }

  play(arrival: Arrival): void {
    const { operation, kind } = arrival.entry
    const seed = derive(this.#seed, arrival.index)
    const begin = { parent: '', startNs: Math.round(arrival.timeMs * 1e6), seed }
    this.#effects.begin(arrival.load)
    this.#writer.begin(seed)
    this.#serve(operation, this.#pickInstance(operation.service, begin), kind, begin)
  }

  /** One operation in one instance: its SERVER, CONSUMER or INTERNAL span. */
  #serve(operation: Operation, instance: Instance, kind: number, begin: Begin): number {
    const { startNs, seed } = begin
    const frame = this.#frame(operation, instance, begin)
    this.#effects.touch(frame, startNs)
    this.#outcome = OK
    let endNs = startNs
    if (this.#effects.failsAtOnce(frame, startNs, seed)) {
      endNs += drawNs(seed, DRAW.quick, DELAYS.refusal)
      this.#outcome = FAILED
    } else {
      endNs = this.#run(frame, begin)
      if (this.#outcome === OK) this.#outcome = this.#ownOutcome(frame, begin)
    }
    const name = servedName(operation, seed)
    const attributes = servedAttributes(operation, begin, this.#outcome)
    const failed = this.#outcome === FAILED
    this.#writer.add(frame, frame.spanId, begin, name, kind, endNs, attributes, failed)
    this.#log(frame, begin, endNs)
    return endNs
  }

  /** What the operation logs of a request, as it comes and as it is answered. */
  #log(frame: Frame, { startNs, seed }: Begin, endNs: number): void {
    const { service, operation } = frame
    const usual = LOG_LINES[`${service.name}/${operation.name}`]
    if (!this.#logs || usual === undefined) return
    const answered = this.#outcome === FAILED ? 'failed' : 'ok'
    for (const [i, one] of this.#effects.lines(frame, usual, startNs, seed).entries()) {
      const { on, share, times } = one
      const own = derive(seed, SEED.log + i)
      if ((on !== 'begin' && on !== answered) || unit(own, DRAW.taken) >= share) continue
      for (let n = 0; n < times; n++) {
        const atNs = on === 'begin' ? startNs + (n + 1) * LINE_NS : endNs - (times - n) * LINE_NS
        this.#writer.log(frame, one, Math.max(startNs, atNs), derive(own, n))
      }
    }
  }

  #frame(operation: Operation, instance: Instance, { startNs }: Begin): Frame {
    const { service } = operation
    const changes = this.#changes[service.index] ?? null
    const burst = service.spec.burst
    return {
      service,
      instance,
      operation,
      changes,
      spanId: this.#writer.nextSpanId(),
      factor: instance.factor * (changes ? selfFactor(changes, startNs) : 1),
      slowShare: burst ? slowShareAt(service.seed, burst, startNs / 1e6) : 0,
    }
  }

  /** The steps of an operation, with its own time spread over the gaps around them. */
  #run(frame: Frame, { startNs, seed }: Begin): number {
    const { operation, service, spanId: parent } = frame
    const { steps, self } = operation
    const { burst, throttled } = service.spec
    const selfMs = drawSelf(seed, self, burst, frame.slowShare) * frame.factor
    const addedMs = this.#effects.selfMs(frame, operation, startNs, seed, selfMs)
    const stallMs = drawStall(seed, this.#stalls)
    const extraNs = Math.round((drawPause(seed, throttled) + stallMs + addedMs) * 1e6)
    const extraAt = Math.floor(unit(seed, DRAW.extraAt) * (steps.length + 1))
    const gapNs = Math.round((selfMs * 1e6) / (steps.length + 1))
    let now = startNs
    for (let i = 0; i < steps.length; i++) {
      now += gapNs + (i === extraAt ? extraNs : 0)
      now = this.#step(frame, steps[i]!, {
        parent,
        startNs: now,
        seed: derive(seed, SEED.step + i),
      })
      if (this.#outcome !== OK) return now + SMALL_GAP_NS
    }
    const unseen = this.#effects.unseenStep(frame, now, seed)
    if (unseen) {
      now = this.#step(frame, unseen, { parent, startNs: now, seed: derive(seed, SEED.unseen) })
    }
    return now + gapNs + (extraAt === steps.length ? extraNs : 0)
  }

  #ownOutcome(frame: Frame, { startNs, seed }: Begin): Outcome {
    const { failing, notFound } = frame.operation
    if (this.#effects.fails(frame, startNs, seed)) return FAILED
    const u = unit(seed, DRAW.outcome)
    if (u < failing) return FAILED
    return u > 1 - notFound ? NOT_FOUND : OK
  }

  #step(frame: Frame, step: CompiledStep, begin: Begin): number {
    switch (step.type) {
      case 'call':
      case 'query':
        return this.#repeated(frame, step, begin)
      case 'cache':
        return this.#cache(frame, step, begin)
      case 'work':
        return this.#internal(frame, step, begin)
      case 'together':
        return this.#together(frame, step, begin)
      case 'publish':
        return this.#publish(frame, step, begin)
    }
  }

  /** Steps of a branch, one after the other. */
  #branch(frame: Frame, steps: readonly CompiledStep[], begin: Begin): number {
    let now = begin.startNs
    for (let i = 0; i < steps.length && this.#outcome === OK; i++) {
      const seed = derive(begin.seed, SEED.step + i)
      now = this.#step(frame, steps[i]!, { ...begin, startNs: now + SMALL_GAP_NS, seed })
    }
    return now
  }

  /** Steps at the same time; the worst outcome counts, once all have ended. */
  #together(frame: Frame, { steps }: CompiledTogether, begin: Begin): number {
    let end = begin.startNs
    let worst: Outcome = OK
    for (let i = 0; i < steps.length; i++) {
      const startNs = begin.startNs + i * SMALL_GAP_NS
      const seed = derive(begin.seed, SEED.step + i)
      end = Math.max(end, this.#step(frame, steps[i]!, { ...begin, startNs, seed }))
      if (this.#outcome > worst) worst = this.#outcome
      this.#outcome = OK
    }
    this.#outcome = worst
    return end
  }

  /** A call or a query: not at all, once, or several times in a row. */
  #repeated(frame: Frame, step: CompiledCall | CompiledQuery, begin: Begin): number {
    const { parent, startNs, seed } = begin
    if (unit(seed, DRAW.taken) >= step.share) return startNs
    let times = step.atLeast + Math.floor(unit(seed, DRAW.times) * (step.atMost - step.atLeast + 1))
    let made = step
    const { changes } = frame
    times = this.#effects.repeats(frame, step, startNs, seed, times)
    if (changes && startNs >= changes.deployedNs) made = changes.replaced.get(step) ?? step
    let now = startNs
    for (let i = 0; i < times && this.#outcome === OK; i++) {
      if (i > 0) now += SMALL_GAP_NS
      const again = { parent, startNs: now, seed: derive(seed, SEED.step + i) }
      now = made.type === 'call' ? this.#call(frame, made, again) : this.#query(frame, made, again)
    }
    return now
  }

  /** A call with its retries, and what the caller makes of the outcome. */
  #call(frame: Frame, step: CompiledCall, begin: Begin): number {
    let now = this.#exchange(frame, step, begin)
    for (let i = 0; i < step.retries && this.#outcome === FAILED; i++) {
      const seed = derive(begin.seed, SEED.retry + i)
      now += drawNs(seed, DRAW.backOff, DELAYS.backOff)
      now = this.#exchange(frame, step, { ...begin, startNs: now, seed })
    }
    if (this.#outcome === NOT_FOUND && !step.passNotFound) this.#outcome = OK
    if (this.#outcome === FAILED && step.optional) this.#outcome = OK
    return now
  }

  /** One CLIENT span and what answers it. */
  #exchange(frame: Frame, step: CompiledCall, begin: Begin): number {
    const { startNs, seed } = begin
    const spanId = this.#writer.nextSpanId()
    const { service } = step.callee
    const instance = this.#pickInstance(service, begin)
    const delayMs = this.#effects.networkMs({ service, instance }, frame.service, startNs, seed)
    const arrived =
      startNs + drawNs(seed, DRAW.networkOut, DELAYS.network) + Math.round(delayMs * 1e6)
    const answer = { parent: spanId, startNs: arrived, seed: derive(seed, SEED.answer) }
    const served = this.#serve(step.callee, instance, SPAN_KIND.server, answer)
    const endNs = served + drawNs(seed, DRAW.networkBack, DELAYS.network)
    const attributes = step.attributes[this.#outcome]
    const failed = this.#outcome !== OK
    this.#writer.add(
      frame,
      spanId,
      begin,
      step.spanName,
      SPAN_KIND.client,
      endNs,
      attributes,
      failed,
    )
    return endNs
  }

  #query(frame: Frame, step: CompiledQuery, begin: Begin): number {
    const { startNs, seed } = begin
    const { store, self, spanName, attributes } = step
    const addedMs = this.#effects.queryMs(frame, store, self, startNs, seed)
    const endNs = startNs + Math.round((drawSelf(seed, self, null, 0) + addedMs) * 1e6)
    const spanId = this.#writer.nextSpanId()
    this.#writer.add(frame, spanId, begin, spanName, SPAN_KIND.client, endNs, attributes, false)
    return endNs
  }

  #cache(frame: Frame, step: CompiledCache, begin: Begin): number {
    const now = this.#query(frame, step.lookUp, begin)
    const gone = this.#effects.cacheMisses(frame, begin.startNs, begin.seed)
    if (unit(begin.seed, DRAW.hit) < step.hit && !gone) return now
    return this.#branch(frame, step.miss, { ...begin, startNs: now })
  }

  #internal(frame: Frame, step: CompiledWork, begin: Begin): number {
    const { startNs, seed } = begin
    if (unit(seed, DRAW.taken) >= step.share) return startNs
    const spanId = this.#writer.nextSpanId()
    const { burst } = frame.service.spec
    const selfMs = drawSelf(seed, step.self, burst, frame.slowShare) * frame.factor
    const addedMs = this.#effects.workMs(frame, step.self, startNs, seed, selfMs)
    const childrenEnd = this.#branch(frame, step.steps, { ...begin, parent: spanId })
    const endNs = childrenEnd + Math.round((selfMs + addedMs) * 1e6)
    const failed = this.#outcome === FAILED
    this.#writer.add(
      frame,
      spanId,
      begin,
      step.name,
      SPAN_KIND.internal,
      endNs,
      NO_ATTRIBUTES,
      failed,
    )
    return endNs
  }

  /** A message: its consumer works later and on its own; how that goes is nothing to the producer. */
  #publish(frame: Frame, step: CompiledPublish, begin: Begin): number {
    const { startNs, seed } = begin
    if (unit(seed, DRAW.taken) >= step.share) return startNs
    const spanId = this.#writer.nextSpanId()
    const endNs = startNs + drawNs(seed, DRAW.quick, DELAYS.sending)
    this.#writer.add(
      frame,
      spanId,
      begin,
      step.spanName,
      SPAN_KIND.producer,
      endNs,
      step.attributes,
      false,
    )
    const taken = endNs + drawNs(seed, DRAW.waiting, DELAYS.queue)
    const message = { parent: spanId, startNs: taken, seed: derive(seed, SEED.answer) }
    const instance = this.#pickInstance(step.consumer.service, message)
    this.#serve(step.consumer, instance, SPAN_KIND.consumer, message)
    this.#outcome = OK
    return endNs
  }

  #pickInstance(service: Service, { startNs, seed }: Begin): Instance {
    const changes = this.#changes[service.index]
    const deployed = changes && startNs >= changes.deployedNs
    const instances = deployed ? service.successors : service.instances
    return instances[Math.floor(unit(seed, DRAW.instance) * instances.length)]!
  }
}
