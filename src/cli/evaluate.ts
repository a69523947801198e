import type { Interval } from '../stats/bootstrap-intervals.ts'
import { parseArguments } from './arguments.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import {
  incidentsOf,
  readClusters,
  readIncidents,
  readLabels,
  readVerdicts,
} from './evaluate/inputs.ts'
import { type ClusterScore, scoreClusters } from './evaluate/score-clusters.ts'
import { scoreVerdicts, type VerdictScore } from './evaluate/score-verdicts.ts'

const HELP = `usage: medoscope evaluate --labels FILE [--verdicts FILE] [--clusters FILE] [options]

Says how good the verdicts and anomaly clusters of a replay are, given labels of your own. Each figure comes
with the central 95 % of what drawing other incidents and other minutes (1,000 times) gives.

      --labels FILE     one JSON line an observation: id, time (unix s or ISO 8601), label (1 faulty,
                        0 normal, -1 undecided), window (number of the incident it lies in, or -1), service
      --verdicts FILE   what replay --out wrote, or lines of another detector: id, score, p, anomalous
      --clusters FILE   what replay --clusters wrote: id, opened, services, e_value, alerts
      --windows FILE    the incidents as JSON: {"grace": s, "windows": [{"start", "end", "service",
                        "visible"}]}; without it, from the first to the last observation of each window
                        in the labels, and 180 s of grace
      --json            everything, as one JSON object

The files may be .gz. docs/evaluate.md says how each figure is defined.

exit codes: 0 done, 1 failed, 2 wrong usage`

export const evaluate: Command = {
  summary: 'score verdicts and anomaly clusters against labelled incidents',
  help: HELP,
  async run(args, world) {
    const { values, positionals } = parseArguments(args, {
      labels: { type: 'string' },
      verdicts: { type: 'string' },
      clusters: { type: 'string' },
      windows: { type: 'string' },
      json: { type: 'boolean' },
    })
    if (positionals.length > 0) throw new UsageError('evaluate takes its files by their options')
    if (values.labels === undefined) throw new UsageError('evaluate wants --labels')
    if (values.verdicts === undefined && values.clusters === undefined) {
      throw new UsageError('evaluate wants --verdicts, --clusters, or both')
    }
    const labels = await readLabels(values.labels)
    const result: Evaluation = {}
    if (values.verdicts !== undefined) {
      result.verdicts = scoreVerdicts(await readVerdicts(values.verdicts), labels)
    }
    if (values.clusters !== undefined) {
      const { windows } = values
      const incidents = windows === undefined ? incidentsOf(labels) : await readIncidents(windows)
      result.clusters = scoreClusters(await readClusters(values.clusters), incidents, labels)
    }
    world.stdout.write(values.json ? `${JSON.stringify(result)}\n` : textOf(result))
    return EXIT.ok
  },
}

interface Evaluation {
  verdicts?: VerdictScore
  clusters?: ClusterScore
}

function textOf({ verdicts, clusters }: Evaluation): string {
  const lines = [
    ...(verdicts ? verdictLines(verdicts) : []),
    ...(verdicts && clusters ? [''] : []),
    ...(clusters ? clusterLines(clusters) : []),
  ]
  return `${lines.join('\n')}\n`
}

function verdictLines(score: VerdictScore): string[] {
  const { intervals } = score
  const figure = (name: string, value: number | null | undefined): string =>
    `  ${name.padEnd(28)} ${digits(value)}${range(intervals[name])}`
  const ranking = (by: 'by_score' | 'by_p'): string[] =>
    Object.entries(score[by] ?? {}).map(([name, value]) => figure(`${by}.${name}`, value))
  const shares = [
    'normal_at_p_0.001',
    'normal_at_p_0.01',
    'false_positive_rate',
    'precision',
    'recall',
  ] as const
  return [
    `verdicts: ${score.faulty} faulty, ${score.normal} normal, ${score.flagged} flagged; coverage ${digits(score.coverage)}`,
    ...ranking('by_score'),
    ...ranking('by_p'),
    ...shares.map((name) => figure(name, score[name])),
  ]
}

function clusterLines(score: ClusterScore): string[] {
  const { all, visible, intervals } = score
  const of = ({ found, windows, alerting, at1 }: typeof all): string =>
    `${found} of ${windows} found, ${alerting} of them by one that alerts, ${at1} name the service first`
  return [
    `anomaly clusters: ${score.clusters}`,
    ...score.perWindow.map(
      ({ start, service, found, delay, named }) =>
        `  ${new Date(start * 1000).toISOString()} ${service}: ${found ? `found after ${digits(delay)} s, named ${named.join(' > ')}` : 'missed'}`,
    ),
    `  all: ${of(all)}; found${range(intervals['found'])}, first${range(intervals['at1'])}`,
    `  visible: ${of(visible)}; median delay ${digits(visible.delayMedian)} s`,
    `  false: ${score.false} that alert, ${score.outside} in all, in ${digits(score.quietHours)} quiet hours: ${digits(score.falsePerHour)} an hour${range(intervals['falsePerHour'])}`,
  ]
}

function digits(value: number | null | undefined): string {
  return value == null ? '-' : String(Number(value.toPrecision(3)))
}

function range(interval: Interval | null | undefined): string {
  return interval ? ` (${digits(interval[0])} to ${digits(interval[1])})` : ''
}
