import { fileMessages } from '../io/files/file-messages.ts'
import { isPlainText } from '../io/files/plain-text.ts'
import { LineRanking } from '../lines/line-ranking.ts'
import { type PlainLine, PlainLines } from '../lines/plain-lines.ts'
import { type CommandWorld, EXIT, UsageError } from './command.ts'
import { LogFiles } from './log-files.ts'
import { lineReportJson, lineReportText } from './replay-lines/show.ts'

/** A longer line is passed over, and counted. */
const MOST_LINE_BYTES = 1 << 20

/** Whether the files to judge are logs of lines; they are looked at, not read. */
export async function arePlain(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (!(await isPlain(path))) return false
  return true
}

async function isPlain(path: string): Promise<boolean> {
  const messages = fileMessages(path, {
    maxMessageBytes: MOST_LINE_BYTES,
    onBytes: () => undefined,
  })
  try {
    for (;;) {
      const { value, done } = await messages.next()
      if (done) return false
      if (value.length > 0) return isPlainText(value)
    }
  } finally {
    await messages.return({ oversized: 0, damage: '' })
  }
}

export interface LinesAsked {
  readonly files: readonly string[]
  /** Logs of when all was well. */
  readonly warmup: readonly string[]
  readonly top: number
  readonly json: boolean
}

/** Prints which lines of plain logs matter, beside logs of when all was well; returns the exit code. */
export async function judgeLines(asked: LinesAsked, world: CommandWorld): Promise<number> {
  const { files, warmup, top, json } = asked
  if (!(await arePlain(warmup))) {
    throw new UsageError(
      '--warmup is no plain log, as the files to judge are: compare like with like',
    )
  }
  const ranking = new LineRanking()
  const reading = new LogFiles(world)
  const read = (path: string, take: (line: PlainLine) => void): Promise<void> =>
    reading.read(path, { maxMessageBytes: MOST_LINE_BYTES, everyLine: true }, (year) => {
      const lines = new PlainLines(year, take)
      return {
        take: (messages) => {
          for (const line of messages) lines.push(line)
        },
        end: () => lines.end(),
      }
    })
  for (const path of warmup) {
    ranking.beginNormal()
    await read(path, (line) => ranking.addNormal(line))
  }
  for (const [file, path] of files.entries()) {
    await read(path, (line) => ranking.add(line, file))
  }
  if (world.signal.aborted) return EXIT.interrupted
  const { unread } = reading
  const report = { files, warmup, ranking, top, unread }
  const text = json ? `${JSON.stringify(lineReportJson(report))}\n` : lineReportText(report, world)
  world.stdout.write(text)
  return unread.length === 0 ? EXIT.ok : EXIT.failed
}
