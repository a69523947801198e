import type { DeviationTerm, Direction } from '../contract/anomaly-cluster.ts'
import type { Constants } from './constants.ts'

/** What a series of the signal is about. */
export type Subject = 'place' | 'entry operation' | 'similar anomalies'

/**
 * Against what its deviations count: occurrences of the place, its runs (children of one parent taken
 * together), messages that it takes and that are known to have waited for so long, occurrences of its parent
 * in complete observations, observations of the entry operation whose set of calls is judged, or all its
 * requests.
 */
export type Denominator = 'occurrences' | 'runs' | 'waits' | 'parents' | 'observations' | 'requests'

/** Names of shares among the constants. */
type Share = 'hardlyEver' | 'rare' | 'few' | 'some' | 'half'

/** Of the least base rates: `far` is what lies beyond the far quantile. */
type Floor = Share | 'far'

interface PoolProperties {
  /** The least that their over-dispersion is taken to be, whatever was measured, and the most over all. */
  readonly leastRho: 'leastRho' | 'leastErrorRho'
  readonly mostRho: Share
  /** Whether a reference of a few buckets cannot know how they burst. */
  readonly comesInBursts: boolean
}

/**
 * Series whose over-dispersion is estimated together: bursts of slowness are unlike bursts of errors.
 * Errors are taken to come one by one until some came in bursts: a place that never failed, and now fails
 * for some seconds in a fifth of its calls, is news and no chance.
 */
export const POOLS = {
  selfTime: { leastRho: 'leastRho', mostRho: 'half', comesInBursts: true },
  far: { leastRho: 'leastRho', mostRho: 'half', comesInBursts: false },
  /** Backlogs come and go as a whole: what they are like says nothing of slow calls, nor the other way round. */
  wait: { leastRho: 'leastRho', mostRho: 'half', comesInBursts: true },
  errors: { leastRho: 'leastErrorRho', mostRho: 'few', comesInBursts: false },
  count: { leastRho: 'leastRho', mostRho: 'few', comesInBursts: false },
  presence: { leastRho: 'leastRho', mostRho: 'few', comesInBursts: false },
  structure: { leastRho: 'leastRho', mostRho: 'few', comesInBursts: false },
} as const satisfies Readonly<Record<string, PoolProperties>>

export type Pool = keyof typeof POOLS

interface SignalProperties {
  readonly subject: Subject
  readonly denominator: Denominator
  /** Least share of deviating occurrences that is claimed of it. */
  readonly leastShare: Share
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
  leastShare: 'some',
  floor: 'few',
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
  leastShare: 'few',
  floor: 'hardlyEver',
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
  selfTimeP99: { ...SELF_TIME, floor: 'far', pool: 'far' },
  errors: { ...RARE_IN_PLACE, pool: 'errors', term: 'errors' },
  /** More calls than normal by one parent that makes at least one: retries and loops. */
  count: {
    ...RARE_IN_PLACE,
    denominator: 'runs',
    leastShare: 'some',
    floor: 'rare',
    pool: 'count',
    term: 'count',
    unit: 'calls',
  },
  /** A child that (nearly) every parent has is missing. */
  presence: {
    ...CHILD,
    leastShare: 'few',
    floor: 'rare',
    direction: 'low',
    term: 'presence',
  },
  /** A child that some parents have is there. */
  appearance: {
    ...CHILD,
    leastShare: 'half',
    floor: 'few',
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
    leastShare: 'rare',
    floor: null,
    pool: null,
    learned: false,
    term: 'like',
  },
  /** Calls that fail since nobody answers. */
  noAnswer: { ...RARE_IN_PLACE, pool: 'errors', term: 'no_answer' },
  /** Requests that fail, of an entry operation of which the baseline does not know how often they do. */
  failures: { ...RARE_AT_ENTRY, denominator: 'requests', pool: 'errors', term: 'errors' },
  /** Messages that waited for longer than normal before they were taken. */
  wait: { ...SELF_TIME, denominator: 'waits', pool: 'wait', term: 'wait' },
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

/** The least base rate of a signal that has series. */
export function floorOf(name: SeriesSignal, constants: Constants): number {
  const { floor } = SIGNALS[name]
  return floor === 'far' ? 1 - constants.farQuantile : constants[floor]
}

export function signalOf(number: number): Signal {
  return SIGNAL_LIST[number] as Signal
}
