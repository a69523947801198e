import { detectorSettings } from '../config/detector-settings.ts'
import { pipelineSettings, retrySettings } from '../config/pipeline-settings.ts'
import { Detector } from '../detector/detector.ts'
import { systemClock } from '../io/clock.ts'
import { FileSource, MAX_MESSAGE_BYTES } from '../io/files/file-source.ts'
import { inlineFitter } from '../io/fit-client.ts'
import { createLog, type Log } from '../io/telemetry/log.ts'
import { Pipeline } from '../service/pipeline.ts'
import type { PipelineParts } from '../service/ports.ts'
import { Publisher } from '../service/publisher.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, parseArguments, readConfig } from './arguments.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './command.ts'
import { LineFile } from './line-file.ts'
import { Progress } from './progress.ts'
import { arePlain, judgeLines } from './replay-lines.ts'
import { ReplayRecorder } from './replay-recorder.ts'
import { isWhole, type ReplaySummary, summaryText } from './replay-summary.ts'
import { UnreadInput } from './unread-input.ts'

const HELP = `usage: medoscope replay FILE... [options]

Judges recorded traces with the logs in them, and other logs where logs.session.keys says how their records belong together: OTLP
JSON lines, length-prefixed protobuf, plain text and lines of JSON, all also as .gz or .zst. The files are
one log, in the order given. The same files, configuration and seed give the same bytes, each time and
everywhere.

Plain logs without logs.session.keys are judged line by line, beside those given with --warmup: which lines
are new, or came with other counts, and say that something went wrong. The first ones matter most.

${CONFIG_HELP}
      --warmup FILE     learn from this file first, without verdicts; repeatable, in order
      --out FILE        one JSON line a trace, flagged or not; - for standard output
      --contributions all
                    all that adds up to a score, not only the largest and one for the rest
      --clusters FILE   one JSON line an anomaly cluster, in its last state; - for standard output
      --seed N          the same as --set seed=N
      --top N           of plain logs, show so many lines (20)
      --json            the summary as JSON on standard output

exit codes: 0 done, 1 failed or something in the files was not read (what, and where, is printed), 2 wrong usage, 78 faults in the configuration,
130 interrupted`

export const replay: Command = {
  summary: 'judge recorded traces, the same way every time',
  help: HELP,
  async run(args, world) {
    const { values, positionals: files } = parseArguments(args, {
      ...CONFIG_OPTIONS,
      warmup: { type: 'string', multiple: true },
      out: { type: 'string' },
      contributions: { type: 'string', default: 'largest' },
      clusters: { type: 'string' },
      seed: { type: 'string' },
      top: { type: 'string', default: '20' },
      json: { type: 'boolean' },
    })
    if (files.length === 0) throw new UsageError('replay wants at least one file')
    if (values.out === '-' && values.clusters === '-') {
      throw new UsageError('--out and --clusters cannot both be -')
    }
    const shown = values.contributions
    if (shown !== 'all' && shown !== 'largest') {
      throw new UsageError(`--contributions is ${JSON.stringify(shown)}; it must be largest or all`)
    }
    const seed = values.seed === undefined ? [] : [`seed=${values.seed}`]
    const config = readConfig({ ...values, set: [...(values.set ?? []), ...seed] }, world.env)
    const warmup = values.warmup ?? []
    if (config.logs.session.keys.length === 0 && (await arePlain(files))) {
      if (values.out !== undefined || values.clusters !== undefined) {
        throw new UsageError('--out and --clusters of plain logs need logs.session.keys')
      }
      const top = Number(values.top)
      if (!Number.isInteger(top) || top < 1) {
        throw new UsageError(`--top wants a number of lines, not ${values.top}`)
      }
      return await judgeLines({ files, warmup, top, json: values.json === true }, world)
    }
    const log = createLog({
      level: 'warn',
      format: 'text',
      write: (line) => world.stderr.write(line),
      wall: systemClock.wall,
    })
    const verdicts = await lineFile(values.out, world)
    const clusters = await lineFile(values.clusters, world)
    const recorder = new ReplayRecorder(verdicts, clusters, shown)
    const session = new Replay(
      new Detector(detectorSettings(config, verdicts !== null)),
      {
        ...{ pipeline: pipelineSettings(config), retry: retrySettings(config) },
        withLines: config.logs.session.keys.length > 0,
      },
      world,
      log,
    )
    if (warmup.length > 0) await session.learn(warmup)
    const summary = await session.judge(files, recorder)
    await recorder.end()
    if (world.signal.aborted) return EXIT.interrupted
    const toStdout = values.out !== '-' && values.clusters !== '-'
    const report = values.json ? `${JSON.stringify(summary)}\n` : summaryText(summary, world)
    const stream = toStdout ? world.stdout : world.stderr
    stream.write(report)
    return isWhole(summary) ? EXIT.ok : EXIT.failed
  },
}

async function lineFile(path: string | undefined, world: CommandWorld): Promise<LineFile | null> {
  return path === undefined ? null : LineFile.open(path, world)
}

interface ReplaySettings {
  /** Whether plain logs form sessions. */
  readonly withLines: boolean
  readonly pipeline: ReturnType<typeof pipelineSettings>
  readonly retry: ReturnType<typeof retrySettings>
}

/** One detector, first over the warm-up files, then over those to judge. */
class Replay {
  readonly #detector: Detector
  readonly #settings: ReplaySettings
  readonly #world: CommandWorld
  readonly #log: Log
  readonly #unread = new UnreadInput()

  constructor(detector: Detector, settings: ReplaySettings, world: CommandWorld, log: Log) {
    this.#detector = detector
    this.#settings = settings
    this.#world = world
    this.#log = log
  }

  async learn(paths: readonly string[]): Promise<void> {
    this.#detector.learnOnly = true
    const partition = 'warmup/0'
    await this.#run(paths, partition, 'learning', { atEnd: 'learn' })
    // What comes next is another log, with a time of its own.
    this.#detector.drop(partition)
  }

  async judge(paths: readonly string[], recorder: ReplayRecorder): Promise<ReplaySummary> {
    const { records: before, tracedLogs: joinedBefore } = this.#detector.counts()
    const started = systemClock.now()
    await this.#run(paths, 'files/0', 'judging', { onOutput: (output) => recorder.take(output) })
    const seconds = (systemClock.now() - started) / 1000
    const { records, tracedLogs } = this.#detector.counts()
    const spans = records.spans - before.spans
    const { state, calibration, model } = this.#detector.status()
    return {
      records: records.taken - before.taken,
      spans,
      log_records: records.logRecords - before.logRecords,
      traced_logs: tracedLogs.taken - joinedBefore.taken,
      joined_logs: tracedLogs.joined - joinedBefore.joined,
      observations: recorder.observations,
      sessions: recorder.sessions,
      reasons: recorder.reasons,
      flagged: recorder.flagged,
      models: recorder.models,
      model: model?.id ?? null,
      state,
      calibration: { have: calibration.have, needed: calibration.needed },
      clusters: recorder.clusters.map(({ id, openedMs, services, sentence, state: open }) => ({
        id,
        opened: new Date(openedMs).toISOString(),
        state: open,
        service: services[0] ?? '',
        sentence,
      })),
      new_errors: recorder.newErrors.map(({ service, sentence, lastMs }) => ({
        time: new Date(lastMs).toISOString(),
        service,
        sentence,
      })),
      ...this.#unread.summary,
      seconds,
      spans_per_second: Math.round(spans / Math.max(seconds, 1e-9)),
    }
  }

  async #run(
    paths: readonly string[],
    partition: string,
    what: string,
    parts: Partial<PipelineParts>,
  ): Promise<void> {
    const progress = new Progress(this.#world.stderr, systemClock.now)
    const onProgress = (done: number, total: number): void => {
      const percent = Math.floor((100 * done) / Math.max(total, 1))
      progress.update(() => `${what}: ${percent} % of ${Math.ceil(total / 1e6)} MB`)
    }
    const settings = {
      ...{ paths, partition, maxMessageBytes: MAX_MESSAGE_BYTES, onProgress },
      withLogs: this.#detector.settings.logs !== null,
      withLines: this.#settings.withLines,
    }
    const source = new FileSource(settings, this.#log)
    const { onOutput, ...others } = parts
    const pipeline = new Pipeline(
      {
        detector: this.#detector,
        source,
        publisher: new Publisher([], this.#settings.retry, systemClock, this.#log),
        fitter: inlineFitter,
        checkpoints: null,
        clock: systemClock,
        log: this.#log,
        ...others,
        onOutput: (output) => {
          this.#unread.take(output, source)
          return onOutput?.(output)
        },
      },
      this.#settings.pipeline,
    )
    const interrupt = (): void => void pipeline.stop(0)
    this.#world.signal.addEventListener('abort', interrupt)
    try {
      await source.start()
      if (!this.#world.signal.aborted) await pipeline.run()
    } finally {
      this.#world.signal.removeEventListener('abort', interrupt)
      progress.end()
      await source.stop()
    }
    this.#unread.takeSource(source)
  }
}
