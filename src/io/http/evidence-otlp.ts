import type { EvidenceSpan, TraceEvidence } from '../../contract/anomaly.ts'
import {
  encodeTracesJson,
  type OtlpResourceSpans,
  type OtlpSpan,
} from '../../otlp/encode-traces.ts'
import { KIND_INTERNAL, KIND_LOG } from '../../otlp/span-columns.ts'

const NS_PER_MS = 1_000_000

/**
 * A kept trace as an OTLP JSON document (`TracesData`), which trace viewers open: its own trace id,
 * span ids by position (the real ones are not kept), one resource a service.
 */
export function evidenceDocument(trace: TraceEvidence): unknown {
  const bytes = encodeTracesJson(evidenceResources(trace))
  return JSON.parse(new TextDecoder().decode(bytes))
}

export function evidenceResources(trace: TraceEvidence): OtlpResourceSpans[] {
  const byService = new Map<string, OtlpSpan[]>()
  trace.spans.forEach((span, index) => {
    const spans = byService.get(span.service) ?? []
    spans.push(otlpSpan(trace, span, index))
    byService.set(span.service, spans)
  })
  return [...byService].map(([service, spans]) => ({
    attributes: { 'service.name': service },
    scope: 'medoscope.evidence',
    spans,
  }))
}

function otlpSpan(trace: TraceEvidence, span: EvidenceSpan, index: number): OtlpSpan {
  const startNs = nanoseconds(trace.startMs) + nanoseconds(span.startMs)
  return {
    traceId: trace.traceId,
    spanId: spanId(index),
    parentSpanId: span.parent < 0 ? '' : spanId(span.parent),
    name: span.operation,
    // A line of a log is shown as a moment of work: viewers know no such spans.
    kind: span.kind === KIND_LOG ? KIND_INTERNAL : span.kind,
    startNs,
    endNs: startNs + nanoseconds(span.durationMs),
    status: span.status,
    attributes: { ...span.attributes, 'medoscope.self_ms': span.selfMs },
  }
}

/** From 1, as an id of zeros is none. */
function spanId(index: number): string {
  return (index + 1).toString(16).padStart(16, '0')
}

/** Whole milliseconds apart from the rest: 1.8e18 ns is more than a double holds. */
function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * BigInt(NS_PER_MS) + BigInt(Math.round((ms - whole) * NS_PER_MS))
}
