import { type CaseSpan, type Chance, MINUTE } from './small-shop.ts'

/** How long after a request that begins at a time its message is taken, ms. */
type Wait = (startMs: number, chance: Chance) => number

/** A mailer takes its message from a queue `wait` after the request began, in the same trace. */
export function mailed(wait: number | Wait, factor: (t: number) => number) {
  return (spans: CaseSpan[], startMs: number, chance: Chance): CaseSpan[] => {
    const [{ traceId, spanId }] = spans as [CaseSpan]
    const sent = chance.hex(16)
    const waitMs = typeof wait === 'number' ? wait : wait(startMs, chance)
    const own = chance.around(20) * factor(startMs + waitMs)
    const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': 'mails' }
    const span = (
      service: string,
      name: string,
      kind: number,
      at: number,
      durationMs: number,
      id: string,
      parentId: string,
    ): CaseSpan => ({
      ...{
        service,
        name,
        kind,
        startMs: at,
        durationMs,
        traceId,
        spanId: id,
        parentId,
        attributes,
      },
      arrivesMs: at + durationMs,
    })
    return [
      ...spans,
      span('front', 'mails publish', 4, startMs + 3, 1, sent, spanId),
      span('mailer', 'mails process', 5, startMs + waitMs, own, chance.hex(16), sent),
    ]
  }
}

/** Runs of an agent, each 4 min of steps under one trace; a step calls a model. */
export function agents(
  fromMs: number,
  minutes: number,
  chance: Chance,
  factor: (t: number) => number,
): CaseSpan[] {
  const out: CaseSpan[] = []
  for (let run = 0; run < minutes * 4; run++) {
    const traceId = chance.hex(32)
    const rootId = chance.hex(16)
    const begin = fromMs + run * 15_000
    let at = begin
    const base = { service: 'agent', traceId, kind: 1 }
    while (at < begin + 4 * MINUTE) {
      const callMs = chance.around(900) * factor(at)
      const stepId = chance.hex(16)
      const call = { startMs: at + 50, durationMs: callMs, arrivesMs: at + 50 + callMs }
      const step = { startMs: at, durationMs: callMs + 100, arrivesMs: at + callMs + 100 }
      const ids = { spanId: chance.hex(16), parentId: stepId }
      out.push({ ...base, name: 'chat model', ...ids, ...call, kind: 3 })
      out.push({ ...base, name: 'agent.step', spanId: stepId, parentId: rootId, ...step })
      at += callMs + 1_500
    }
    const whole = { startMs: begin, durationMs: at - begin, arrivesMs: at }
    out.push({ ...base, name: 'agent.run', spanId: rootId, ...whole })
  }
  return out
}
