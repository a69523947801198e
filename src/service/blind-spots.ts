import type { DetectorCounts } from '../detector/detector-counts.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import type { Log, LogFields } from '../io/telemetry/log.ts'
import { share } from '../ui/quantity.ts'
import { unjudgedOperations } from './cluster-service.ts'

/** Share of judged traces below which it is told, and traces from which it can be said. */
const JUDGED_SHARE = 0.9
const ENOUGH_TRACES = 20
/** What did not come for this long is over, ms: what comes and goes is told once. */
const OVER_AFTER_MS = 900_000
/** Services or entry operations that one line names. */
const NAMED = 3

const CROWDED: Readonly<Record<keyof DetectorCounts['overflow'], string>> = {
  texts: 'look for ids in names and attributes at the sender, or raise features.max_texts',
  elements: 'look for ids in names of operations at the sender, or raise features.max_texts',
  paths: 'look for ids in names of operations at the sender, or raise features.max_paths',
  places: 'look for ids in names of operations at the sender, or raise features.max_places',
  strata: 'look for ids in names of entry operations at the sender, or raise features.max_strata',
  environments:
    'a service has more than 16 environments and namespaces, and the further ones are judged as the first: give them a service.name of their own, or leave them out at the sender',
  rules:
    'more than 4096 places of operation names hold ids, and names at further ones stay apart: name operations without ids at the sender',
}

interface Seen {
  readonly counts: DetectorCounts
  readonly status: DetectorStatus
}

/** What the next look compares with. */
interface Before {
  readonly counts: DetectorCounts
  readonly status: Pick<DetectorStatus, 'late' | 'clocksAhead'>
}

/** Something that began to be missed and is not over yet. */
interface Trouble {
  readonly beganMs: number
  lastMs: number
  count: number
}

interface Of {
  readonly service: string
  readonly spans: number
}

/**
 * Tells in the service's log of what medoscope does not see: traffic that is not judged, clocks that
 * disagree, spans that come too late, tables that are full. One line when it begins, with whom it is
 * of and what to do, and one when it is over.
 */
export class BlindSpots {
  readonly #log: Log
  readonly #troubles = new Map<string, Trouble>()
  #before: Before | null = null

  constructor(log: Log) {
    this.#log = log
  }

  /** The first look tells only what is so now: what was counted before belongs to an earlier run. */
  look(seen: Seen, nowMs: number): void {
    const before = this.#before ?? seen
    const { late, clocksAhead } = seen.status
    this.#before = { counts: seen.counts, status: { late, clocksAhead } }
    this.#coverage(seen.status, nowMs)
    this.#clocks(seen, before, nowMs)
    this.#late(seen, before, nowMs)
    for (const [what, advice] of Object.entries(CROWDED)) {
      const kind = what as keyof typeof CROWDED
      const times = seen.counts.overflow[kind] - before.counts.overflow[kind]
      const line = `there is no room for more ${what}, so what is new of them cannot be told apart: ${advice}`
      this.#tell(`no room for more ${what}`, times, nowMs, line, () => ({ table: what, times }))
    }
  }

  #coverage({ model, coverage }: DetectorStatus, nowMs: number): void {
    const isBlind =
      model !== null && coverage.seen >= ENOUGH_TRACES && coverage.share < JUDGED_SHARE
    const line =
      'less than nine tenths of the traffic of the last minutes is judged, and nothing is told of the rest; GET /api/v1/coverage lists it all'
    this.#tell('too little traffic judged', isBlind ? 1 : 0, nowMs, line, () => ({
      judged: share(coverage.share),
      traces: coverage.seen,
      not_judged: unjudgedOperations(coverage.entryOperations)
        .slice(0, NAMED)
        .map((one) => `${one.name} (${share(one.share)} of ${one.seen}: ${one.why})`)
        .join(', '),
    }))
  }

  #clocks({ counts, status }: Seen, before: Before, nowMs: number): void {
    const { rejectedJumps, clockRestarts } = counts.assembled
    const spans = rejectedJumps - before.counts.assembled.rejectedJumps
    const ahead = new Map(status.clocksAhead.map((one) => [one.service, one.aheadMs]))
    const services = (): string =>
      named(more(status.clocksAhead, before.status.clocksAhead), ({ service }) => {
        return `${Math.round((ahead.get(service) ?? 0) / 1000)} s ahead`
      })
    const disagree =
      'clocks disagree: spans end later than most services say it is, and do not move data time; set the clocks of these services'
    this.#tell('clocks that disagree', spans, nowMs, disagree, () => ({
      spans,
      services: services(),
    }))
    const times = clockRestarts - before.counts.assembled.clockRestarts
    const setBack =
      'data time was wrong and was set back to what most services say; look for a wrong clock, or for old records among new ones'
    this.#tell('data time set back', times, nowMs, setBack, () => ({
      data_time: new Date(status.clockMs).toISOString(),
      services: services(),
    }))
  }

  #late({ counts, status }: Seen, before: Before, nowMs: number): void {
    const spans = counts.assembled.lateSpans - before.counts.assembled.lateSpans
    const line =
      'spans come too late and are dropped, since their traces are judged already; let these services export sooner, or raise traces.quiet; what is delivered twice counts as well'
    this.#tell('late spans', spans, nowMs, line, () => ({
      spans,
      services: named(more(status.late, before.status.late), (one) => `${one.spans}`),
    }))
  }

  /** @param count how often it came since the last look */
  #tell(what: string, count: number, nowMs: number, line: string, fields: () => LogFields): void {
    const trouble = this.#troubles.get(what)
    if (count > 0 && trouble) {
      trouble.lastMs = nowMs
      trouble.count += count
    } else if (count > 0) {
      this.#troubles.set(what, { beganMs: nowMs, lastMs: nowMs, count })
      this.#log.warn(line, fields())
    } else if (trouble && nowMs - trouble.lastMs >= OVER_AFTER_MS) {
      this.#troubles.delete(what)
      const minutes = Math.ceil((trouble.lastMs - trouble.beganMs) / 60_000)
      this.#log.info(`over: ${what}`, { minutes, count: trouble.count })
    }
  }
}

/** What came since, the most first. */
function more(now: readonly Of[], before: readonly Of[]): Of[] {
  const known = new Map(before.map(({ service, spans }) => [service, spans]))
  return now
    .map(({ service, spans }) => ({ service, spans: spans - (known.get(service) ?? 0) }))
    .filter(({ spans }) => spans > 0)
    .sort((a, b) => b.spans - a.spans)
}

function named(services: readonly Of[], saying: (one: Of) => string): string {
  const listed = services.slice(0, NAMED).map((one) => `${one.service} (${saying(one)})`)
  const rest = services.length - listed.length
  return [...listed, ...(rest > 0 ? [`${rest} more`] : [])].join(', ') || 'not known'
}
