import { CODE_FAULT_KINDS, type CodeFaultKind } from './code-faults.ts'
import { pauseSteps } from './latency.ts'
import { derive, logNormal, unit } from './random.ts'
import type { Shop } from './shop.ts'

export const FAULT_KINDS = [
  'slow_dependency', // its own processing takes longer
  'cpu_bound', // everything it does itself takes a multiple
  'throttled', // pauses of 100, 200 or 300 ms in many calls
  'network_delay', // the gap between its callers' client spans and its server spans grows
  'errors', // calls fail after the usual work
  'fail_fast', // calls fail at once, without any work
  'missing_call', // it no longer makes one of its calls
  'retry_storm', // it repeats one of its calls 3 to 8 times
  'unseen_path', // it does something that it never did
  'lock_contention', // waiting that grows with the load, heavily scattered
  'cache_gone', // its look-ups find nothing
  'slow_database', // its statements take longer
] as const

export type SpanFaultKind = (typeof FAULT_KINDS)[number]
/** Those that only log lines show need `logs`. */
export type FaultKind = SpanFaultKind | CodeFaultKind

/**
 * `strong` is plain to a person who looks at the one place: at least five times the normal p95 in
 * most calls. `weak` is a shift within the normal tail, or a change in a small share of the calls.
 */
export type Strength = 'weak' | 'medium' | 'strong'

export interface Fault {
  readonly kind: FaultKind
  /** The guilty one; for `slow_database` also `postgresql` or `redis`: everyone's statements. */
  readonly service: string
  readonly strength: Strength
  /** ms after the start of the run; `toMs` is exclusive. */
  readonly fromMs: number
  readonly toMs: number
  /** Only the calls that this instance serves (0, 1, …). */
  readonly instance?: number
  /** It comes back within its time; without this it is there all the time. */
  readonly recurs?: Recurrence
  /** Asked at every call within its time; without it, time alone decides. */
  readonly isOn?: () => boolean
  /** `network_delay`: only from this caller. */
  readonly caller?: string
  /** `missing_call`, `retry_storm`: its calls of this service; else the first that it always makes. */
  readonly callee?: string
}

/** When something that comes back is there: once in each period, at a time of its own, for a while. */
export interface Recurrence {
  readonly everyMs: number
  /** From the beginning of the period to its latest beginning; 0 = on the dot. */
  readonly spreadMs: number
  /** Shortest and longest. */
  readonly lastsMs: readonly [number, number]
}

interface Grade {
  /** Share of the calls that are hit. */
  readonly share: number
  /** For kinds that add time: in p95 of the operation's own time, and at least so many ms. */
  readonly level: number
  readonly floorMs: number
}

const SLOWER: Record<Strength, Grade> = {
  weak: { share: 0.25, level: 1, floorMs: 3 },
  medium: { share: 0.6, level: 2.5, floorMs: 12 },
  strong: { share: 0.95, level: 6, floorMs: 40 },
}

function shares(weak: number, medium: number, strong: number): Record<Strength, Grade> {
  return {
    weak: { share: weak, level: 0, floorMs: 0 },
    medium: { share: medium, level: 0, floorMs: 0 },
    strong: { share: strong, level: 0, floorMs: 0 },
  }
}

/** How hard each kind hits; stated here once, and checked by the tests. */
export const GRADES: Readonly<Record<FaultKind, Readonly<Record<Strength, Grade>>>> = {
  slow_dependency: SLOWER,
  cpu_bound: SLOWER,
  throttled: shares(0.08, 0.35, 0.85),
  network_delay: {
    weak: { share: 0.25, level: 0, floorMs: 4 },
    medium: { share: 0.6, level: 0, floorMs: 20 },
    strong: { share: 0.95, level: 0, floorMs: 80 },
  },
  errors: shares(0.04, 0.2, 0.6),
  fail_fast: shares(0.05, 0.25, 0.7),
  missing_call: shares(0.1, 0.5, 1),
  retry_storm: shares(0.1, 0.4, 0.9),
  unseen_path: shares(0.05, 0.3, 1),
  lock_contention: SLOWER,
  cache_gone: shares(0.3, 0.6, 1),
  slow_database: SLOWER,
  ...codeGrades(),
}

function codeGrades(): Record<CodeFaultKind, Record<Strength, Grade>> {
  const grades = CODE_FAULT_KINDS.map((kind) => [kind, shares(0.1, 0.5, 1)])
  return Object.fromEntries(grades)
}

/** A fault ready to be asked about calls; `index` separates the draws of several faults. */
export interface ActiveFault {
  readonly fault: Fault
  readonly kind: FaultKind
  readonly grade: Grade
  readonly fromNs: number
  readonly toNs: number
  readonly index: number
}

/** Faults by the index of the guilty service, and by store. */
export interface FaultTable {
  readonly services: readonly (readonly ActiveFault[])[]
  readonly stores: Readonly<Record<'postgresql' | 'redis', readonly ActiveFault[]>>
  readonly all: readonly ActiveFault[]
}

/** Faults that `checkFault` has passed, by whom they hit. */
export function faultTable(shop: Shop, faults: readonly Fault[]): FaultTable {
  const all = faults.map((fault, index) => activeFault(fault, index))
  const services = shop.services.map(({ name }) => all.filter((a) => a.fault.service === name))
  const stores = {
    postgresql: all.filter((a) => a.fault.service === 'postgresql'),
    redis: all.filter((a) => a.fault.service === 'redis'),
  }
  return { services, stores, all }
}

function activeFault(fault: Fault, index: number): ActiveFault {
  const { kind, strength, fromMs, toMs } = fault
  const grade = GRADES[kind][strength]
  return { fault, kind, grade, fromNs: fromMs * 1e6, toNs: toMs * 1e6, index }
}

export function isActive(active: ActiveFault, instance: number, timeNs: number): boolean {
  if (timeNs < active.fromNs || timeNs >= active.toNs) return false
  if (active.fault.isOn?.() === false) return false
  const { recurs } = active.fault
  if (recurs && !recursAt(recurs, active.index, (timeNs - active.fromNs) / 1e6)) return false
  return active.fault.instance === undefined || active.fault.instance === instance
}

/** Whether it is there so many ms after its beginning; `seed` tells things that come back apart. */
function recursAt({ everyMs, spreadMs, lastsMs }: Recurrence, seed: number, ms: number): boolean {
  const period = Math.floor(ms / everyMs)
  const own = derive(derive(seed, RECURRENCE), period)
  const begins = unit(own, 1) * spreadMs
  const [least, most] = lastsMs
  const since = ms - period * everyMs - begins
  return since >= 0 && since < least + unit(own, 2) * (most - least)
}

// Purposes of draws: above those of the healthy shop, with room for every fault's own.
const HIT = 1000
const SIZE = 2000
const STEPS = 3000
const RECURRENCE = 4000

/** Whether this fault hits the call, or the step, that has this seed. */
export function hits(active: ActiveFault, seed: number): boolean {
  return unit(seed, HIT + active.index) < active.grade.share
}

/**
 * Time that a fault adds to a call that it hits, ms; 0 for kinds that add none.
 * @param selfMs the call's own time without the fault
 * @param p95 normal 95th percentile of that time
 * @param load traffic now over mean traffic
 */
export function addedMs(
  active: ActiveFault,
  seed: number,
  selfMs: number,
  median: number,
  p95: number,
  load: number,
): number {
  const { level, floorMs } = active.grade
  const purpose = SIZE + active.index
  switch (active.kind) {
    case 'slow_dependency':
    case 'slow_database':
      return logNormal(seed, purpose, Math.max(level * p95, floorMs), 0.15)
    case 'cpu_bound':
      // A multiple of what the call needs anyway, so quick calls stay quicker than slow ones.
      return (selfMs * Math.max(level * p95, floorMs)) / median
    case 'network_delay':
      return logNormal(seed, purpose, floorMs, 0.25)
    case 'throttled':
      return pauseSteps(unit(seed, STEPS + active.index), 0.4, 0.8)
    case 'lock_contention':
      return logNormal(seed, purpose, Math.max(level * p95, floorMs) * load * load, 1)
    default:
      return 0
  }
}

/** How often `retry_storm` makes a call that was made once: 3 to 8 times. */
export function stormRepeats(active: ActiveFault, seed: number): number {
  return 3 + Math.floor(unit(seed, SIZE + active.index) * 6)
}
