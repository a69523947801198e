import type { DeviationTerm, Direction } from '../contract/anomaly-cluster.ts'
import type { NullOptions } from './null-options.ts'

/** What a series of the signal is about. */
export type Subject = 'place' | 'entry operation' | 'similar anomalies'

/**
 * Against what its deviations count: occurrences of the place, its runs (children of one parent taken
 * together), occurrences of its parent in complete observations, or observations of the entry operation.
 */
export type Denominator = 'occurrences' | 'runs' | 'parents' | 'observations'

/** Names of the shares of deviating occurrences that a signal is tested against: see `EvidenceOptions`. */
export type Alternatives =
  | 'commonShares'
  | 'appearanceShares'
  | 'presenceShares'
  | 'rareShares'
  | 'similarShares'

/** Names of the least base rates. */
type Floor = Extract<keyof NullOptions, `${string}Floor`>

interface PoolProperties {
  /** Over-dispersion that is assumed before any was measured. */
  readonly assumedRho: number
  /** The least that it is taken to be, whatever was measured. */
  readonly leastRho: number
  /** The most that it may be over many series. */
  readonly most: 'mostRho' | 'mostPooledRare'
  /** Buckets that `youngRho` counts as in a series of few; null: such series do not burst. */
  readonly young: 'youngBuckets' | 'youngFarBuckets' | null
}

/**
 * Series whose over-dispersion is estimated together: bursts of slowness are unlike bursts of errors.
 * Errors are taken to come one by one until some came in bursts: a place that never failed, and now fails
 * for some seconds in a fifth of its calls, is news and no chance.
 */
export const POOLS = {
  selfTime: { assumedRho: 0.05, leastRho: 0.01, most: 'mostRho', young: 'youngBuckets' },
  far: { assumedRho: 0.05, leastRho: 0.01, most: 'mostRho', young: 'youngFarBuckets' },
  errors: { assumedRho: 0.001, leastRho: 0.001, most: 'mostPooledRare', young: null },
  count: { assumedRho: 0.02, leastRho: 0.01, most: 'mostPooledRare', young: null },
  presence: { assumedRho: 0.02, leastRho: 0.01, most: 'mostPooledRare', young: null },
  structure: { assumedRho: 0.02, leastRho: 0.01, most: 'mostPooledRare', young: null },
} as const satisfies Readonly<Record<string, PoolProperties>>

export type Pool = keyof typeof POOLS

interface SignalProperties {
  readonly subject: Subject
  readonly denominator: Denominator
  readonly alternatives: Alternatives
  /** Least base rate; null: it comes from elsewhere. */
  readonly floor: Floor | null
  /** Null: its over-dispersion is not estimated. */
  readonly pool: Pool | null
  /** Whether more than normal deviates, or less. */
  readonly direction: Direction
  /** Whether a burst in one bucket may go on into the next. */
  readonly burstsGoOn: boolean
  /** Whether the baseline counts it by bucket: such a subject is not learned from while an alarm is on. */
  readonly learned: boolean
  /** Whether the same series soon afterwards is the same story. */
  readonly reopens: boolean
  /** As published: term and unit of typical values; null: the shares say it all. */
  readonly term: DeviationTerm
  readonly unit: 'ms' | 'calls' | null
}

/** An own self time that lies in a tail of what is normal for its place. */
const SELF_TIME = {
  subject: 'place',
  denominator: 'occurrences',
  alternatives: 'commonShares',
  floor: 'commonFloor',
  pool: 'selfTime',
  direction: 'high',
  burstsGoOn: true,
  learned: true,
  reopens: true,
  term: 'self_time',
  unit: 'ms',
} as const

/** Something that hardly ever happens in a place. */
const RARE_IN_PLACE = {
  ...SELF_TIME,
  alternatives: 'rareShares',
  floor: 'rareFloor',
  burstsGoOn: false,
  unit: null,
} as const

/** A child that is there, or not, given its parent. */
const CHILD = { ...RARE_IN_PLACE, denominator: 'parents', pool: 'presence' } as const

/** Observations of an entry operation that are unusual as a whole. */
const RARE_AT_ENTRY = {
  ...RARE_IN_PLACE,
  subject: 'entry operation',
  denominator: 'observations',
  pool: 'structure',
} as const

/**
 * All signals: what is monitored, with everything that the signals differ in. A signal's number is its
 * position, and is part of the identity of anomaly clusters: a new one goes to the end.
 */
const TABLE = {
  selfTimeP90: SELF_TIME,
  selfTimeP10: { ...SELF_TIME, direction: 'low' },
  /** Beyond nearly everything that was ever normal. */
  selfTimeP99: { ...SELF_TIME, floor: 'farFloor', pool: 'far' },
  errors: { ...RARE_IN_PLACE, pool: 'errors', term: 'errors' },
  /** More calls than normal by one parent that makes at least one: retries and loops. */
  count: {
    ...RARE_IN_PLACE,
    denominator: 'runs',
    alternatives: 'commonShares',
    floor: 'countFloor',
    pool: 'count',
    term: 'count',
    unit: 'calls',
  },
  /** A child that (nearly) every parent has is missing. */
  presence: {
    ...CHILD,
    alternatives: 'presenceShares',
    floor: 'presenceFloor',
    direction: 'low',
    term: 'presence',
  },
  /** A child that some parents have is there. */
  appearance: {
    ...CHILD,
    alternatives: 'appearanceShares',
    floor: 'commonFloor',
    term: 'presence',
  },
  /** An operation does what it never did: a child in a place that the baseline does not know. */
  unseen: { ...RARE_IN_PLACE, pool: 'structure', term: 'structure' },
  /** Observations with an unusual set of call paths. */
  structure: { ...RARE_AT_ENTRY, reopens: false, term: 'structure' },
  /** Observations with an unusual value in a category of their entry. */
  category: { ...RARE_AT_ENTRY, learned: false, term: 'category' },
  /** Flagged observations that are like each other and share no place. Has no series of its own. */
  similarAnomalies: {
    ...RARE_AT_ENTRY,
    subject: 'similar anomalies',
    alternatives: 'similarShares',
    floor: null,
    pool: null,
    learned: false,
    term: 'like',
  },
  /** Calls that fail since nobody answers. */
  noAnswer: { ...RARE_IN_PLACE, pool: 'errors', term: 'no_answer' },
} as const satisfies Readonly<Record<string, SignalProperties>>

export type SignalName = keyof typeof TABLE

/** Signals that have series: those with a base rate that is fitted. */
export type SeriesSignal = Exclude<SignalName, 'similarAnomalies'>

export interface Signal extends SignalProperties {
  readonly name: SignalName
  /** Its position in the table: what arrays hold of it. */
  readonly number: number
}

type Numbered<N extends SignalName> = (typeof TABLE)[N] & {
  readonly name: N
  readonly number: number
}

/** By number. */
export const SIGNAL_LIST: readonly Signal[] = Object.entries(TABLE).map(
  ([name, properties], number) => ({ name: name as SignalName, number, ...properties }),
)

/** By name. */
export const SIGNALS = Object.fromEntries(
  SIGNAL_LIST.map((signal) => [signal.name, signal]),
) as unknown as { readonly [N in SignalName]: Numbered<N> }

export function signalOf(number: number): Signal {
  return SIGNAL_LIST[number] as Signal
}
