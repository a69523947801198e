import { MAX_MESSAGE_BYTES } from '../io/files/file-source.ts'
import { isTextLine } from '../io/files/plain-text.ts'
import { PlainLines } from '../lines/plain-lines.ts'
import { parseArguments } from './arguments.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './command.ts'
import { LogFiles } from './log-files.ts'
import { Catalogue } from './templates/catalogue.ts'
import { OtlpLines } from './templates/otlp-lines.ts'
import { catalogueJson, catalogueText } from './templates/show.ts'

const HELP = `usage: medoscope templates FILE... [options]

Lists the templates of logs: what lines have in common, how often they come, when first and last, and
one masked example of each. The files are plain text, lines of JSON, or OTLP logs as a Collector's file
exporter writes them (by service), all also as .gz or .zst. Times are read where lines begin with one; else
the numbers of the first and the last line are shown.

      --top N           show so many templates (50)
      --json            everything, as one JSON object

exit codes: 0 done, 1 failed or something in the files was not read (what is printed), 2 wrong usage,
130 interrupted`

export const templates: Command = {
  summary: 'list the templates of logs, with one masked example each',
  help: HELP,
  async run(args, world) {
    const { values, positionals: files } = parseArguments(args, {
      top: { type: 'string', default: '50' },
      json: { type: 'boolean' },
    })
    if (files.length === 0) throw new UsageError('templates wants at least one file')
    const top = Number(values.top)
    if (!Number.isInteger(top) || top < 1) {
      throw new UsageError(`--top wants a number of templates, not ${values.top}`)
    }
    const reading = new Reading(world)
    for (const file of files) await reading.read(file)
    if (world.signal.aborted) return EXIT.interrupted
    const { catalogue, unread } = reading
    const { lines, hasTimes } = catalogue
    const shown = { lines, hasTimes, services: catalogue.services(), unread }
    world.stdout.write(
      values.json ? `${JSON.stringify(catalogueJson(shown))}\n` : catalogueText(shown, top, world),
    )
    return unread.length === 0 ? EXIT.ok : EXIT.failed
  },
}

/** Whether the first message is OTLP. */
function areOtlp([first]: readonly Uint8Array[], otlp: OtlpLines): boolean {
  return first !== undefined && (!isTextLine(first) || otlp.isDocument(first))
}

function push(message: Uint8Array, lines: PlainLines, otlp: OtlpLines): void {
  if (!isTextLine(message)) otlp.pushProtobuf(message)
  else if (message[0] !== BRACE || !otlp.pushJson(message)) lines.push(message)
}

const BRACE = 0x7b

/** Reads files into one catalogue. */
class Reading {
  readonly catalogue = new Catalogue()
  readonly #world: CommandWorld
  readonly #files: LogFiles
  #isFirst = true

  constructor(world: CommandWorld) {
    this.#world = world
    this.#files = new LogFiles(world)
  }

  get unread(): readonly string[] {
    return this.#files.unread
  }

  async read(path: string): Promise<void> {
    const { catalogue } = this
    await this.#files.read(path, { maxMessageBytes: MAX_MESSAGE_BYTES }, (year) => {
      const lines = new PlainLines(year, (line) => catalogue.addPlain(line))
      const otlp = new OtlpLines(catalogue)
      return {
        take: (messages) => this.#take(messages, lines, otlp),
        end: () => {
          lines.end()
          this.#tell(path, otlp)
        },
        progress: () => `, ${catalogue.lines} lines, ${catalogue.templates} shapes`,
      }
    })
  }

  #take(messages: readonly Uint8Array[], lines: PlainLines, otlp: OtlpLines): void {
    if (this.#isFirst && messages.length > 0) {
      this.catalogue.hasTimes = areOtlp(messages, otlp) || lines.haveTimes(messages)
      this.#isFirst = false
    }
    for (const message of messages) push(message, lines, otlp)
  }

  #tell(path: string, { otherSignals, unread, unreadCount }: OtlpLines): void {
    const { unread: all } = this.#files
    for (const why of unread) all.push(`${path}: ${why}`)
    if (unreadCount > unread.length) all.push(`${path}: ${unreadCount} records in all were no good`)
    if (otherSignals > 0) {
      this.#world.stderr.write(`${path}: passed over ${otherSignals} messages that hold no logs\n`)
    }
  }
}
