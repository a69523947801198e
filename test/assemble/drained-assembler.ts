import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import type { AssembledTrace } from '../../src/assemble/assembled-trace.ts'
import { type AssemblerOptions, TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import type { SpanColumns } from '../../src/otlp/span-columns.ts'

type OnTrace = (trace: AssembledTrace) => void

/** Gives everything that is closed by now to `onTrace`. */
export function drain(assembler: TraceAssembler, onTrace: OnTrace): void {
  for (let trace = assembler.next(); trace !== null; trace = assembler.next()) onTrace(trace)
}

/** An assembler that is drained after each record and at the end, as the detector does it. */
export class DrainedAssembler extends TraceAssembler {
  readonly #onTrace: OnTrace

  constructor(
    settings: AssembleSettings,
    stride: number,
    onTrace: OnTrace,
    options: AssemblerOptions = {},
  ) {
    super(settings, stride, options)
    this.#onTrace = onTrace
  }

  override add(columns: SpanColumns, offset: bigint, keyed: boolean): void {
    super.add(columns, offset, keyed)
    drain(this, this.#onTrace)
  }

  override flush(): void {
    super.flush()
    drain(this, this.#onTrace)
  }
}
