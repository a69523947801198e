export interface AssembleSettings {
  /** A trace is judged when its root has ended and nothing came for this long, in data time. */
  readonly quietMs: number
  /** ... or at the latest this long after its first span was seen. */
  readonly maxWaitMs: number
  readonly maxSpansPerTrace: number
  readonly maxOpenTraces: number
  readonly maxOpenSpans: number
  /** How many ids of judged traces are remembered, to recognise late spans. */
  readonly closedIds: number
  /** Services that agree move data time ahead by this much at once; beyond it three traces must agree, too. */
  readonly maxJumpMs: number
}
