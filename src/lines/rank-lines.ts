import { exampleOf } from '../templates/template-miner.ts'
import { type AlarmWords, alarmWords } from './alarm-words.ts'
import type { KnownLine, KnownLines, Nearest } from './known-lines.ts'

/** Lines of one outline that may matter. */
export interface FoundLine {
  /** Which of the logs that are judged the first of them is of. */
  readonly file: number
  /** Its number, from 1, and how many lines it is with its stack trace. */
  readonly number: number
  readonly lines: number
  count: number
  readonly said: string
  readonly words: readonly string[]
  readonly alarm: AlarmWords
  /** Where its outline is known, but not its counts. */
  readonly known: KnownLine | null
  readonly nearest: Nearest | null
}

/** A line that matters, as it is told. */
export interface RankedLine {
  /** Which of the logs that are judged it is of, from 0. */
  readonly file: number
  readonly number: number
  /** Lines that it is with its stack trace. */
  readonly lines: number
  /** How often lines like it came. */
  readonly count: number
  /** Masked. */
  readonly text: string
  readonly why: string
  /** A line of the normal logs that is like it, masked; empty where there is none. */
  readonly normal: string
  readonly score: number
}

// What a word of each kind is worth, and at most of all of them together.
const FAILURE = 2
const COMPLAINT = 1
const MOST_ALARM = 5
/** A line that alarms with nothing. */
const QUIET = 0.4
/** Alarms of a warning or of a retry count so much, and those that a line like it has, too. */
const SOFT = 0.35
const USUAL = 0.3
/** From here on a line is near another one. */
const LIKE = 0.3
/** Lines so far from an alarming one belong to it. */
const NEIGHBOURS = 4
const NEIGHBOUR_SHARE = 0.25
/** Where in a source: cart.c:12, Cart.kt(12,3), "cart.py", line 12. */
const LOCATION = /[\w)]\.\w{1,5}(?::\d+|\(\d+[,:)])|line \d+/
/** Says of what kind it is, and then what. */
const STATEMENT = /[\p{L}\]\d)]: ?\S.{8}/u
const NONE: ReadonlySet<string> = new Set()

interface Scored {
  readonly line: FoundLine
  readonly nearest: Nearest | null
  readonly alarm: number
  score: number
}

/** The lines that matter most of those that were found, each told with why. */
export function ranked(found: readonly FoundLine[], known: KnownLines): RankedLine[] {
  const scored = found
    .toSorted((a, b) => a.file - b.file || a.number - b.number)
    .map((line) => scoreOf(line, known))
  shareWithNeighbours(scored)
  return scored.map(({ line, nearest, score }) => ({
    file: line.file,
    number: line.number,
    lines: line.lines,
    count: line.count,
    text: exampleOf(line.said).trim(),
    why: whyOf(line, nearest),
    normal: nearest !== null && nearest.likeness >= LIKE ? nearest.line.example.trim() : '',
    score,
  }))
}

function scoreOf(line: FoundLine, known: KnownLines): Scored {
  const nearest = line.nearest ?? known.nearest(line.words)
  const isNear = nearest !== null && nearest.likeness >= LIKE
  const usual = isNear && line.known === null ? new Set(nearest.line.words.map(lower)) : NONE
  const worth = (words: ReadonlySet<string>, each: number): number => {
    let sum = 0
    for (const word of words) sum += usual.has(word) ? USUAL * each : each
    return sum
  }
  const { failures, complaints, isSoft } = line.alarm
  const sum = worth(failures, FAILURE) + worth(complaints, COMPLAINT)
  const alarm = Math.min(MOST_ALARM, sum) * (isSoft ? SOFT : 1)
  // A line whose words are all known in one that is like it is hardly news.
  const novelty = line.known === null ? 1 - 0.8 * (nearest?.likeness ?? 0) ** 2 : 0.8
  const isSpecific = LOCATION.test(line.said) || STATEMENT.test(line.said)
  const often = 1 + Math.log2(line.count) / 2
  const score = (novelty * (QUIET + alarm) * (isSpecific ? 1.3 : 1)) / often
  return { line, nearest, alarm, score }
}

/** What stands beside an alarming line belongs to it: what was expected, and what came. */
function shareWithNeighbours(scored: readonly Scored[]): void {
  const shares = scored.map((one, i) => {
    const before = loudest(one, scored.slice(Math.max(0, i - NEIGHBOURS), i))
    const behind = loudest(one, scored.slice(i + 1, i + 1 + NEIGHBOURS))
    return Math.max(before, behind) * NEIGHBOUR_SHARE
  })
  for (const [i, one] of scored.entries()) {
    if (one.line.known === null) one.score += shares[i] ?? 0
  }
}

/** The largest alarm among the lines near `one`. */
function loudest({ line: { file, number } }: Scored, others: readonly Scored[]): number {
  let most = 0
  for (const { line, alarm } of others) {
    if (line.file === file && Math.abs(line.number - number) <= NEIGHBOURS)
      most = Math.max(most, alarm)
  }
  return most
}

/** Fewer lines more or less than usual, or a smaller factor, are chance. */
const FEWEST_MORE = 5
const LEAST_FACTOR = 3

/** Known lines that came far more or less often than in the normal logs. */
export function unusuallyOften(known: KnownLines): RankedLine[] {
  const told: RankedLine[] = []
  const logs = Math.max(1, known.logs)
  for (const { came, count, first, file, example } of known.all()) {
    const usual = count / logs
    const factor = Math.max((came + 1) / (usual + 1), (usual + 1) / (came + 1))
    if (came === 0 || Math.abs(came - usual) < FEWEST_MORE || factor < LEAST_FACTOR) continue
    const { failures, complaints } = alarmWords(example)
    const alarm = Math.min(MOST_ALARM, FAILURE * failures.size + COMPLAINT * complaints.size)
    const why = `${came} times, normally ${Math.round(usual * 10) / 10}`
    const score = (QUIET + alarm) * Math.min(1, Math.log2(factor) / 6)
    const shown = example.trim()
    const what = { file, number: first, lines: 1, count: came, text: shown }
    told.push({ ...what, why, normal: shown, score })
  }
  return told
}

function whyOf(line: FoundLine, nearest: Nearest | null): string {
  const parts: string[] = []
  if (line.known !== null) parts.push('a count that was 0 before')
  else {
    const usual = new Set(nearest?.line.words.map(lower) ?? [])
    const words = [...line.alarm.failures, ...line.alarm.complaints]
    const fresh = words.filter((word) => !usual.has(word))
    const isNear = nearest !== null && nearest.likeness >= LIKE
    if (fresh.length > 0 && isNear) parts.push(`never before with ${fresh.slice(0, 3).join(', ')}`)
    else parts.push('new')
  }
  if (line.count > 1) parts.push(`${line.count} times`)
  return parts.join(', ')
}

function lower(word: string): string {
  return word.toLowerCase()
}
