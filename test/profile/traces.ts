import { Tables } from '../../src/detector/tables.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { ProfileScratch } from '../../src/profile/profile.ts'
import { TraceElements } from '../../src/profile/trace-elements.ts'
import { DrainedAssembler } from '../assemble/drained-assembler.ts'
import { detectorSettings } from '../detector-settings.ts'

/** One span of a hand-made trace; times in ms. */
export interface HandSpan {
  readonly service: string
  readonly name: string
  /** Index of the parent in the list, -1 = root. */
  readonly parent: number
  readonly start: number
  readonly duration: number
  readonly kind?: number
  readonly error?: boolean
  readonly attributes?: Readonly<Record<string, string>>
}

/** Describes hand-made traces, one after the other, with the same tables. */
export class HandTraces {
  readonly tables = new Tables(detectorSettings().features)
  readonly elements = new TraceElements(this.tables.elements, this.tables.slots)
  readonly scratch = new ProfileScratch(this.tables.categorySlots)
  /** One for all of them: making it takes longer than all else that is done with a trace. */
  readonly #assembler: DrainedAssembler
  #use = (): void => {}
  #count = 0

  constructor() {
    const { stride } = this.tables.slots
    this.#assembler = new DrainedAssembler(detectorSettings().assemble, stride, (trace) => {
      this.elements.read(trace)
      this.scratch.read(this.elements)
      this.#use()
    })
  }

  /** Decodes, assembles and describes; `use` sees elements and scratch while they are valid. */
  read(spans: readonly HandSpan[], use: () => void): void {
    const id = (++this.#count).toString(16).padStart(32, '0')
    const { target } = this.tables
    target.columns.clear()
    const body = JSON.stringify({ resourceSpans: spans.map((span, i) => resourceOf(span, i, id)) })
    decodeTracesJson(new TextEncoder().encode(body), target)
    this.#use = use
    this.#assembler.add(target.columns, 0n, true)
    this.#assembler.flush()
  }
}

/** A request of `front` sends a message that `mailer` takes so many ms later, and works on for 20 ms. */
export function mailed(waitMs: number, sender = 'front'): HandSpan[] {
  return [
    { service: sender, name: 'POST /orders', parent: -1, start: 0, duration: 10, kind: 2 },
    { service: sender, name: 'mails publish', parent: 0, start: 5, duration: 1, kind: 4 },
    {
      service: 'mailer',
      name: 'mails process',
      parent: 1,
      start: 6 + waitMs,
      duration: 20,
      kind: 5,
    },
  ]
}

function resourceOf(span: HandSpan, index: number, traceId: string): unknown {
  const startMs = Date.UTC(2026, 0, 1) + span.start
  const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`
  const spanId = (i: number): string => (i + 1).toString(16).padStart(16, '0')
  return {
    resource: { attributes: [{ key: 'service.name', value: { stringValue: span.service } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId,
            spanId: spanId(index),
            ...(span.parent < 0 ? {} : { parentSpanId: spanId(span.parent) }),
            name: span.name,
            kind: span.kind ?? 1,
            startTimeUnixNano: nanos(startMs),
            endTimeUnixNano: nanos(startMs + span.duration),
            status: span.error ? { code: 2 } : {},
            attributes: Object.entries(span.attributes ?? {}).map(([key, stringValue]) => ({
              key,
              value: { stringValue },
            })),
          },
        ],
      },
    ],
  }
}
