import { CONSTANTS } from '../baseline/constants.ts'
import { SIGNALS, type Signal } from '../baseline/signals.ts'
import type { Excess } from '../contract/signature.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { leastShareOf } from '../stats/quantile-bound.ts'
import type { Alarm } from './alarm.ts'

/** How far an anomaly cluster has shown in one place: the most of it. */
export interface Mark {
  /** Where, what and which way: see `whatOf`. */
  readonly what: string
  /** Least share of occurrences that deviated, given how few were seen. */
  readonly share: number
  /** Typical value over its normal one, or the other way where less is the deviation; 1 without values. */
  readonly size: number
}

/** How far an anomaly cluster went since it opened or came back. Data time, ms. */
export interface Extent {
  readonly fromMs: number
  readonly toMs: number
  /** By `what`, ascending. */
  readonly marks: readonly Mark[]
  /** Whether requests failed at an entry. */
  readonly failing: boolean
}

export const NO_EXTENT: Extent = { fromMs: 0, toMs: 0, marks: [], failing: false }

/** An anomaly cluster that is over. */
export interface Episode extends Extent {
  readonly cluster: string
  /** Number by which it is told apart from others of the same cluster. */
  readonly number: number
}

/** What deviates where, and which way; of an unusual set of calls or attribute also which one. */
export function whatOf(alarm: Alarm): string {
  const vote = alarm.on === 'entry operation' ? alarm.vote : 0
  return whatOfSeries(SIGNALS[alarm.signal], alarm.subject, vote)
}

export function whatOfSeries(signal: Signal, subject: number, vote = 0): string {
  return `${signal.subject} ${subject} ${signal.term} ${signal.direction} ${vote}`
}

const WHAT = /^(.*) (\d+) (\w+) (\w+) (-?\d+)$/

/** What it is about: a place or a stratum, 0 for the other, and what its deviations have in common. */
export function subjectOf(what: string): { place: number; stratum: number; vote: number } {
  const [, on, subject, , , vote] = WHAT.exec(what) ?? []
  const id = Number(subject ?? 0)
  const isPlace = on === 'place'
  return { place: isPlace ? id : 0, stratum: isPlace ? 0 : id, vote: Number(vote ?? 0) }
}

/** The same in words. */
export function whatText(what: string, table: ElementTable): string {
  const [, on, subject, term = '', direction] = WHAT.exec(what) ?? []
  const id = Number(subject)
  const where = on === 'place' ? table.placeText(id) : table.stratumText(id)
  return `${where}: ${direction === 'low' ? 'less ' : ''}${term.replaceAll('_', ' ')}`
}

/** The extent with what some alarms show by now. `isEntry`: of a place, whether requests begin there. */
export function widened(
  extent: Extent,
  alarms: readonly Alarm[],
  isEntry: (place: number) => boolean,
): Extent {
  if (alarms.length === 0) return extent
  const marks = new Map(extent.marks.map((mark) => [mark.what, mark]))
  let { failing } = extent
  for (const alarm of alarms) {
    const what = whatOf(alarm)
    const before = marks.get(what)
    const share = Math.max(before?.share ?? 0, leastShareOf(alarm.c, alarm.n))
    const size = Math.max(before?.size ?? 1, sizeOf(alarm))
    marks.set(what, { what, share, size })
    failing ||= alarm.signal === 'failures' || (alarm.signal === 'errors' && isEntry(alarm.subject))
  }
  const fromMs = Math.min(...alarms.map((alarm) => alarm.firstMs))
  const toMs = Math.max(...alarms.map((alarm) => alarm.lastMs))
  return {
    fromMs: extent.marks.length === 0 ? fromMs : Math.min(extent.fromMs, fromMs),
    toMs: Math.max(extent.toMs, toMs),
    marks: [...marks.values()].sort((a, b) => (a.what < b.what ? -1 : 1)),
    failing,
  }
}

function sizeOf(alarm: Alarm): number {
  if (alarm.on !== 'place' || SIGNALS[alarm.signal].unit === null) return 1
  const { typical, normal } = alarm
  if (!(typical > 0 && normal > 0)) return 1
  return SIGNALS[alarm.signal].direction === 'low' ? normal / typical : typical / normal
}

/** The union of what some episodes showed: what comes within it is like them. */
export interface Envelope {
  readonly longestMs: number
  readonly marks: ReadonlyMap<string, Mark>
  readonly failing: boolean
}

export function envelopeOf(episodes: readonly Extent[]): Envelope {
  const marks = new Map<string, Mark>()
  let longestMs = 0
  let failing = false
  for (const episode of episodes) {
    longestMs = Math.max(longestMs, lengthMs(episode))
    failing ||= episode.failing
    for (const { what, share, size } of episode.marks) {
      const before = marks.get(what)
      marks.set(what, {
        what,
        share: Math.max(share, before?.share ?? 0),
        size: Math.max(size, before?.size ?? 1),
      })
    }
  }
  return { longestMs, marks, failing }
}

/**
 * How an extent goes plainly beyond an envelope; null where it does not. Something that slows a database
 * shows in others of its many callers each time. `leastMs`: shorter is no length.
 */
export function excessOf(extent: Extent, envelope: Envelope, leastMs: number): Excess | null {
  const { plainly } = CONSTANTS
  const known = extent.marks.filter(({ what }) => envelope.marks.has(what))
  if (plainly * known.length < extent.marks.length) return 'elsewhere'
  if (extent.failing && !envelope.failing) return 'elsewhere'
  for (const { what, share, size } of known) {
    const most = envelope.marks.get(what) as Mark
    if (share > plainly * most.share) return 'more often'
    if (size > plainly * most.size) return 'larger'
  }
  return lengthMs(extent) > plainly * Math.max(leastMs, envelope.longestMs) ? 'longer' : null
}

export function lengthMs({ fromMs, toMs }: Extent): number {
  return toMs - fromMs
}

/**
 * Dissimilarity of two episodes, in [0, 1]: what they differ in most. Jaccard's of what deviates where; how
 * long, how often and how much on log scales.
 */
export function episodeDistance(a: Extent, b: Extent): number {
  const [small, large] = a.marks.length <= b.marks.length ? [a, b] : [b, a]
  const known = new Set(large.marks.map(({ what }) => what))
  const common = small.marks.filter(({ what }) => known.has(what)).length
  const union = a.marks.length + b.marks.length - common
  const most = ({ marks }: Extent, of: 'share' | 'size'): number =>
    Math.max(0.01, ...marks.map((mark) => mark[of]))
  return Math.max(
    union === 0 ? 0 : 1 - common / union,
    tenfold(1000 + lengthMs(a), 1000 + lengthMs(b)),
    tenfold(most(a, 'share'), most(b, 'share')),
    tenfold(most(a, 'size'), most(b, 'size')),
  )
}

/** 0 for equal values, 1 where one is ten times the other or more. */
function tenfold(a: number, b: number): number {
  return Math.min(1, Math.abs(Math.log10(a / b)))
}
