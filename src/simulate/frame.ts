import type { ServiceChanges } from './changes.ts'
import type { Operation } from './compiled-steps.ts'
import type { Actor } from './fault-effects.ts'
import { mix } from './random.ts'
import type { Attributes, Outcome } from './span-attributes.ts'

/** One operation being served. */
export interface Frame extends Actor {
  readonly operation: Operation
  readonly changes: ServiceChanges | null
  readonly spanId: string
  /** What its own times are multiplied by, and its share of slow calls now. */
  readonly factor: number
  readonly slowShare: number
}

/** Where something begins: under which span, when (ns after the start of the run), with which draws. */
export interface Begin {
  readonly parent: string
  readonly startNs: number
  readonly seed: number
}

/** What the span of a served operation is called: with an id in it where its service does that. */
export function servedName({ service, spanName }: Operation, seed: number): string {
  return service.spec.idsInNames ? spanName.replace('{id}', hexId(seed)) : spanName
}

/** Entries show the path that was asked for; elsewhere one set serves every call. */
export function servedAttributes(
  { attributes, name }: Operation,
  { parent, seed }: Begin,
  outcome: Outcome,
): Attributes {
  if (parent !== '' || !name.includes('{id}')) return attributes[outcome]
  const path = name.slice(name.indexOf('/')).replace('{id}', hexId(seed))
  return { ...attributes[outcome], 'url.path': path }
}

/** An id as it stands in a path, and in span names of careless instrumentation. */
function hexId(seed: number): string {
  return mix(seed ^ 0x5bd1e995)
    .toString(16)
    .padStart(8, '0')
}
