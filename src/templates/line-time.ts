/** The times that lines of plain logs begin with, in the ways that are usual. */

/** A time stands within so many first bytes. */
const LOOKED_AT = 96

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH = `(${MONTHS.join('|')})`
const CLOCK = '(\\d\\d)[:.](\\d\\d)[:.](\\d\\d)(?:[.,](\\d{1,9}))?'
const ZONE = '(?: ?(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d))?'

type Parts = readonly (string | undefined)[]

interface TimeFormat {
  readonly pattern: RegExp
  /** @returns ms since 1970, UTC where the line names no zone; `NaN` for what is no time */
  readonly read: (parts: Parts, year: number) => number
}

const FORMATS: readonly TimeFormat[] = [
  {
    // 2026-11-29T01:02:03.456Z, also behind a bracket or a name: time="2026-11-29 01:02:03"
    pattern: new RegExp(
      `^(?:\\[|(?:time|ts|timestamp|date)=)?"?(\\d{4})[-/.](\\d\\d)[-/.](\\d\\d)[T -]${CLOCK}${ZONE}["\\]]?(?!\\d)`,
      'i',
    ),
    read: ([, year, month, day, ...clock]) => utc(Number(year), Number(month), day, clock),
  },
  {
    // Nov 29 01:02:03, with a priority in front in syslog
    pattern: new RegExp(`^(?:<\\d{1,3}>)?${MONTH} +(\\d{1,2}) ${CLOCK}(?!\\d)`),
    read: ([, month, day, ...clock], year) => utc(year, monthOf(month), day, clock),
  },
  {
    // I1129 01:02:03.456789, of Kubernetes
    pattern: new RegExp(`^[IWEFD](\\d\\d)(\\d\\d) ${CLOCK}(?!\\d)`),
    read: ([, month, day, ...clock], year) => utc(year, Number(month), day, clock),
  },
  {
    // Sun Nov 29 01:02:03 2026, in brackets in the error log of Apache
    pattern: new RegExp(`^\\[?[SMTWF][a-z]{2} ${MONTH} +(\\d{1,2}) ${CLOCK} (\\d{4})\\]?(?!\\d)`),
    read: ([, month, day, h, m, s, fraction, year]) =>
      utc(Number(year), monthOf(month), day, [h, m, s, fraction]),
  },
  {
    // 1795914123 or 1795914123456, or with a point
    pattern: /^\[?(\d{10})(\d{3})?(?:\.(\d{1,9}))?(?=[\s\]:,]|$)/,
    read: ([, seconds, ms, fraction]) =>
      Number(seconds) * 1000 + (ms === undefined ? fractionMs(fraction) : Number(ms)),
  },
  {
    // 261129 010203, of Hadoop
    pattern: /^(\d\d)(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)(?= )/,
    read: ([, year, month, day, ...clock]) => utc(2000 + Number(year), Number(month), day, clock),
  },
  {
    // 192.0.2.7 - - [29/Nov/2026:01:02:03 +0100], of web servers
    pattern: new RegExp(`^[^\\[]{0,64}\\[(\\d\\d)/${MONTH}/(\\d{4}):${CLOCK}${ZONE}\\]`),
    read: ([, day, month, year, ...clock]) => utc(Number(year), monthOf(month), day, clock),
  },
]
/** A time of day alone is passed over: it says nothing without its day. */
const TIME_OF_DAY = /^\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?=\s)/

/** The last format stands within its line: what is in front of it is a part of the message. */
const WITHIN = FORMATS.length - 1

/** Finds the time of lines; most lines of a file have it in one format, which is tried first. */
export class LineTime {
  /** Time of the line read last, ms since 1970; `NaN` where it says none. */
  ms = Number.NaN
  /** Year of formats that name none. */
  readonly #year: number
  readonly #decoder = new TextDecoder('latin1')
  #last = 0

  constructor(year: number) {
    this.#year = year
  }

  /** Reads the line in `bytes[start, end)`; returns where its message begins, behind the time. */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.ms = Number.NaN
    const text = this.#decoder.decode(bytes.subarray(start, Math.min(end, start + LOOKED_AT)))
    for (let i = 0; i < FORMATS.length; i++) {
      const at = (this.#last + i) % FORMATS.length
      const parts = FORMATS[at]!.pattern.exec(text)
      if (parts === null) continue
      const ms = FORMATS[at]!.read(parts, this.#year)
      if (Number.isNaN(ms)) continue
      this.ms = ms
      this.#last = at
      return at === WITHIN ? start : start + parts[0].length
    }
    return start + (TIME_OF_DAY.exec(text)?.[0].length ?? 0)
  }

  /** The time that a text names by itself, or a number of seconds, ms, us or ns since 1970. */
  readValue(value: unknown): number {
    if (typeof value === 'number') return sinceEpoch(value)
    if (typeof value !== 'string') return Number.NaN
    const bytes = encoder.encode(value)
    this.read(bytes, 0, bytes.length)
    return this.ms
  }
}

const encoder = new TextEncoder()

function utc(year: number, month: number, day: string | undefined, clock: Parts): number {
  const [h, m, s, fraction, zone] = clock
  const isRight =
    month >= 1 &&
    month <= 12 &&
    inRange(day, 1, 31) &&
    inRange(h, 0, 23) &&
    inRange(m, 0, 59) &&
    inRange(s, 0, 60)
  if (!isRight || year < 1970) return Number.NaN
  const ms = Date.UTC(year, month - 1, Number(day), Number(h), Number(m), Number(s))
  return ms + fractionMs(fraction) - zoneMs(zone)
}

function inRange(text: string | undefined, least: number, most: number): boolean {
  const value = Number(text)
  return value >= least && value <= most
}

function monthOf(name: string | undefined): number {
  return MONTHS.indexOf(name ?? '') + 1
}

function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Math.floor(Number(`0.${digits}`) * 1000)
}

function zoneMs(zone: string | undefined): number {
  const parts = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '')
  if (parts === null) return 0
  const minutes = Number(parts[2]) * 60 + Number(parts[3])
  return (parts[1] === '-' ? -minutes : minutes) * 60_000
}

/** A number as loggers write times: by its size it is seconds, ms, us or ns. */
function sinceEpoch(value: number): number {
  if (!(value >= 1e8)) return Number.NaN
  if (value < 1e11) return value * 1000
  if (value < 1e14) return value
  return value < 1e17 ? value / 1000 : value / 1e6
}
