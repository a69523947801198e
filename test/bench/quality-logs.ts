import type { Verdict } from '../../src/contract/anomaly.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { textKey } from '../../src/detector/log-sessions.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import {
  blockBodies,
  blockSessions,
  keyPrefix,
  logRecords,
  verdictPrefix,
} from '../detector/block-logs.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import type { Figure } from './figures.ts'
import { type LabelledLine, labelledLines } from './quality-templates.ts'

type Bodies = readonly Uint8Array<ArrayBuffer>[]

const HOUR_MS = 3_600_000
const WINDOW_MS = 600_000
const SESSION = {
  ...{ gapMs: 60_000, maxAgeMs: 600_000, maxRecords: 1000, maxOpen: 50_000, maxJumpMs: 600_000 },
}
/** Share of the sessions that is anomalous, in what is learned as in what is judged. */
const ANOMALOUS = 0.02
/** Share of the sessions that may be flagged. */
const FLAGGED = 0.02
const BLOCKS = 4000
const FIRST_MS = 1_795_914_000_000

/** Sessions of generated and of labelled logs; the latter where they are at hand. */
export function sessionFigures(print: (line: string) => void): Figure[] {
  return [...blockFigures(print), ...bglFigures(print)]
}

/** Learns from one log, judges another. */
function verdictsOf(logs: DetectorSettings['logs'], learned: Bodies, judged: Bodies): Verdict[] {
  const detector = new Detector(detectorSettings({ alpha: FLAGGED, logs }))
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, logRecords(learned, 'warmup/0'), output)
  detector.flush(output)
  detector.drop('warmup/0')
  detector.fitNow(output)
  detector.learnOnly = false
  runThrough(detector, logRecords(judged, 'files/0'), output)
  detector.flush(output)
  return output.verdicts
}

/** A key in the body, and a warm-up that nobody cleaned. */
function blockFigures(print: (line: string) => void): Figure[] {
  const logs = { keys: [], patterns: [/(blk_-?\d+)/u], session: SESSION }
  const totals = { hits: 0, falsely: 0, missed: 0 }
  for (const seed of [1, 2, 3]) {
    const learned = blockSessions(BLOCKS, seed, ANOMALOUS, FIRST_MS)
    const judged = blockSessions(BLOCKS, 100 + seed, ANOMALOUS, FIRST_MS + HOUR_MS)
    const verdicts = verdictsOf(logs, blockBodies(learned), blockBodies(judged))
    const flagged = new Map(verdicts.map(({ id, anomalous }) => [id.slice(0, 16), anomalous]))
    for (const one of judged) {
      const isFlagged = flagged.get(verdictPrefix(one)) === true
      if (isFlagged && one.isAnomalous) totals.hits++
      else if (isFlagged) totals.falsely++
      else if (one.isAnomalous) totals.missed++
    }
  }
  const { hits, falsely, missed } = totals
  print(`sessions of blocks: ${hits} found, ${missed} missed, ${falsely} falsely flagged`)
  const value = (2 * hits) / (2 * hits + falsely + missed)
  const what = `F1 per session, ${ANOMALOUS * 100} % anomalous also in the warm-up (3 seeds)`
  return [{ name: 'sessions_f1', value, what, bar: 'at least 0.90' }]
}

interface Window {
  readonly lines: LabelledLine[]
  readonly key: string
  readonly isAlert: boolean
}

/** BGL: sessions by node and 10 minutes, the first half by time as warm-up. */
function bglFigures(print: (line: string) => void): Figure[] {
  const lines = labelledLines()
  if (lines === null) return []
  const half = lines.length >> 1
  const learned = windowsOf(lines.slice(0, half))
  const judged = windowsOf(lines.slice(half))
  const logs = { keys: ['window'], patterns: [], session: { ...SESSION, gapMs: WINDOW_MS } }
  const ranked = rankedVerdicts(
    judged,
    verdictsOf(logs, windowBodies(learned), windowBodies(judged)),
  )
  const flagged = ranked.filter(({ anomalous }) => anomalous)
  const hits = flagged.filter(({ isAlert }) => isAlert).length
  const alerts = ranked.filter(({ isAlert }) => isAlert).length
  print(
    `BGL: ${ranked.length} sessions, ${alerts} with alerts; ${flagged.length} flagged, precision ` +
      `${(hits / flagged.length).toFixed(3)}, recall ${(hits / alerts).toFixed(3)}`,
  )
  const rules = Object.entries(ruleAreas(learned, judged))
  print(`BGL, by rule: ${rules.map(([rule, area]) => `${rule} ${area.toFixed(3)}`).join(', ')}`)
  const baseline = Math.max(...rules.map(([, area]) => area))
  return [
    {
      name: 'bgl_auc',
      value: areaUnder(ranked),
      what: `area under the curve of ${ranked.length} sessions of BGL`,
      bar: 'ahead of the baseline',
    },
    { name: 'bgl_auc_baseline', value: baseline, what: 'the better of two rules', bar: '' },
  ]
}

function windowsOf(lines: readonly LabelledLine[]): Window[] {
  const windows = new Map<string, LabelledLine[]>()
  for (const line of lines) {
    const key = `${line.node} ${Math.floor(line.timeMs / WINDOW_MS)}`
    const known = windows.get(key)
    if (known) known.push(line)
    else windows.set(key, [line])
  }
  return Array.from(windows, ([key, members]) => ({
    key,
    lines: members,
    isAlert: members.some(({ isAlert }) => isAlert),
  }))
}

/** One body a window. */
function windowBodies(windows: readonly Window[]): Uint8Array<ArrayBuffer>[] {
  return windows.map(({ key, lines }) =>
    encodeLogsProto(
      { 'service.name': 'bgl' },
      lines.map(({ content, timeMs }) => ({
        ...{ body: content, timeMs, traceId: '', spanId: '', severityNumber: 0 },
        ...{ severityText: '', eventName: '', attributes: { window: key } },
      })),
    ),
  )
}

interface Ranked {
  readonly score: number
  readonly isAlert: boolean
}

/** By p-value, then by how unlike the session is; what is not judged comes last. */
function rankedVerdicts(windows: readonly Window[], verdicts: readonly Verdict[]) {
  const byPrefix = new Map(verdicts.map((verdict) => [verdict.id.slice(0, 16), verdict]))
  return windows.map(({ isAlert, key }) => {
    const verdict = byPrefix.get(keyPrefix(textKey(0, key)))
    const { p = null, score = null, anomalous = false } = verdict ?? {}
    return { score: 1e3 * (1 - (p ?? 1)) + (score ?? 0), isAlert, anomalous }
  })
}

/** Mann and Whitney's U as a share: how often an alert stands before what is none. */
function areaUnder(ranked: readonly Ranked[]): number {
  let before = 0
  let pairs = 0
  for (const alert of ranked) {
    if (!alert.isAlert) continue
    for (const other of ranked) {
      if (other.isAlert) continue
      pairs++
      before += alert.score > other.score ? 1 : alert.score === other.score ? 0.5 : 0
    }
  }
  return before / pairs
}

/** The same of two simple rules on the same templates, of all lines: unseen templates, and the nearest vector of counts. */
function ruleAreas(learned: readonly Window[], judged: readonly Window[]): Record<string, number> {
  const miner = new TemplateMiner()
  const encoder = new TextEncoder()
  const shapesOf = (windows: readonly Window[]) =>
    windows.map(({ lines }) =>
      lines.map(({ content }) => {
        const bytes = encoder.encode(content)
        return miner.add(bytes, 0, bytes.length, Number.NaN)
      }),
    )
  const shapes = [shapesOf(learned), shapesOf(judged)] as const
  const [before, now] = shapes.map((windows) =>
    windows.map((own) => {
      const counts = new Map<string, number>()
      for (const shape of own) {
        const id = shape?.family.id ?? ''
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      return counts
    }),
  )
  const seen = new Set((before ?? []).flatMap((counts) => [...counts.keys()]))
  const areaOf = (scoreOf: (counts: ReadonlyMap<string, number>) => number): number =>
    areaUnder(
      (now ?? []).map((counts, i) => ({
        score: scoreOf(counts),
        isAlert: judged[i]?.isAlert ?? false,
      })),
    )
  return {
    unseen_template: areaOf((counts) => [...counts.keys()].filter((id) => !seen.has(id)).length),
    count_vector: areaOf((counts) =>
      Math.min(...(before ?? []).map((other) => unlikeness(counts, other))),
    ),
  }
}

/** Of two vectors of counts, in [0, 1]. */
function unlikeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let apart = 0
  let whole = 0
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const left = a.get(id) ?? 0
    const right = b.get(id) ?? 0
    apart += Math.abs(left - right)
    whole += left + right
  }
  return apart / whole
}
