import { KIND_PRODUCER } from '../otlp/span-columns.ts'

/**
 * How far to move a span whose parent ran on another service's clock, ns; 0 = leave it. The rule of
 * Jaeger's clock skew adjuster (`calculateSkew`): a child that would fit into its parent but does
 * not lie within is put in the middle, as if the network took as long there as back. A child that
 * is longer than its parent or belongs to a message (producer, consumer) may outlive it; it is only
 * kept from starting before what caused it.
 */
export function skewShiftNs(
  start: number,
  duration: number,
  kind: number,
  parentStart: number,
  parentDuration: number,
  parentKind: number,
): number {
  const startsEarly = start < parentStart
  if (!startsEarly && start + duration <= parentStart + parentDuration) return 0
  if (duration > parentDuration || kind >= KIND_PRODUCER || parentKind >= KIND_PRODUCER) {
    return startsEarly ? parentStart - start : 0
  }
  return parentStart + Math.floor((parentDuration - duration) / 2) - start
}
