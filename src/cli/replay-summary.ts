import type { Reason } from '../contract/anomaly.ts'
import type { CommandWorld } from './command.ts'
import { styler } from './style.ts'
import type { UnreadSummary } from './unread-input.ts'

/** What a replay tells at its end; with `--json` as it is. */
export interface ReplaySummary extends UnreadSummary {
  readonly records: number
  readonly spans: number
  readonly log_records: number
  /** Of these, those that name a trace, and those that are in it. */
  readonly traced_logs: number
  readonly joined_logs: number
  readonly observations: number
  /** Of these, the sessions of log records. */
  readonly sessions: number
  readonly reasons: Readonly<Record<Reason, number>>
  readonly flagged: number
  /** Models that took effect while judging. */
  readonly models: number
  readonly model: string | null
  readonly state: 'learning' | 'live'
  readonly calibration: { readonly have: number; readonly needed: number }
  readonly clusters: readonly {
    readonly id: string
    readonly opened: string
    readonly state: string
    readonly service: string
    readonly sentence: string
  }[]
  /** Error lines that came again and again before there was a model. */
  readonly new_errors: readonly {
    readonly time: string
    readonly service: string
    readonly sentence: string
  }[]
  readonly seconds: number
  readonly spans_per_second: number
}

const SHOWN_CLUSTERS = 20

function judged({ observations, sessions }: ReplaySummary): string {
  if (sessions === 0) return 'traces'
  return sessions === observations ? 'sessions' : 'traces and sessions'
}

function logsText({ log_records, joined_logs }: ReplaySummary): string {
  if (log_records === 0) return ''
  return ` and ${grouped(log_records)} log records (${grouped(joined_logs)} in their traces)`
}

/** The same for people. */
export function summaryText(summary: ReplaySummary, { stdout, env }: CommandWorld): string {
  const style = styler(stdout, env)
  const { observations, flagged, reasons, clusters, calibration } = summary
  const percent = observations === 0 ? 0 : (100 * flagged) / observations
  const lines = [
    `${style('bold', `${grouped(observations)} ${judged(summary)} judged`)}, ` +
      `${style(flagged > 0 ? 'yellow' : 'green', `${grouped(flagged)} flagged`)} (${percent.toFixed(2)} %), ` +
      `${clusters.length} anomaly ${clusters.length === 1 ? 'cluster' : 'clusters'}`,
    Object.entries(reasons)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => `${reason} ${grouped(count)}`)
      .join(' · '),
    style(
      'dim',
      `${grouped(summary.spans)} spans${logsText(summary)} of ${grouped(summary.records)} records in ` +
        `${summary.seconds.toFixed(1)} s (${grouped(summary.spans_per_second)} spans/s), ` +
        `${summary.models} models`,
    ),
  ]
  if (summary.state === 'learning') {
    const { have, needed } = calibration
    const lack =
      have < needed
        ? `${have} of ${needed} calibration traces`
        : 'no entry operation has traces enough, or no time to use them'
    lines.push(style('yellow', `Still learning: ${lack}. Give more with --warmup.`))
  }
  if (summary.traced_logs > 0 && summary.joined_logs === 0) {
    lines.push(
      style(
        'yellow',
        'No log record found the trace that it names: spans and logs of one time must be near each other in the files.',
      ),
    )
  }
  for (const line of unreadLines(summary)) lines.push(style('red', line))
  for (const { time, service, sentence } of summary.new_errors) {
    lines.push(`${time}  ${style('bold', service)}  ${sentence}`)
  }
  for (const { opened, service, sentence } of clusters.slice(0, SHOWN_CLUSTERS)) {
    lines.push(`${opened}  ${style('bold', service)}  ${sentence}`)
  }
  const hidden = clusters.length - SHOWN_CLUSTERS
  if (hidden > 0) lines.push(`... and ${hidden} more; --clusters writes them all`)
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

/** Whether everything in the files was read, and was something. */
export function isWhole(summary: ReplaySummary): boolean {
  const { undecodable, rejected_spans, oversized, other_signals, damaged } = summary
  const { spans, log_records } = summary
  const isUnread = undecodable + rejected_spans + oversized + other_signals + damaged.length > 0
  return !isUnread && spans + log_records > 0
}

function unreadLines(summary: ReplaySummary): string[] {
  const { undecodable, rejected_spans, oversized, other_signals, unread, damaged } = summary
  const lines: string[] = []
  if (summary.spans + summary.log_records === 0) {
    lines.push(`No spans were read: there are none in ${grouped(summary.records)} messages`)
  }
  if (other_signals > 0)
    lines.push(`${grouped(other_signals)} messages hold signals that are not read`)
  if (undecodable > 0) lines.push(`${grouped(undecodable)} messages could not be read`)
  if (rejected_spans > 0)
    lines.push(`${grouped(rejected_spans)} spans are no good and were left out`)
  if (oversized > 0) lines.push(`${grouped(oversized)} messages are too large`)
  lines.push(...unread, ...damaged.map(({ path, damage }) => `${path}: ${damage}`))
  return lines
}

/** 1,234,567 whatever the locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
