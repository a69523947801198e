import { printable } from '../../otlp/printable-text.ts'

/** Least to most severe. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Readonly<Record<string, string | number | boolean | bigint | null>>

/** medoscope's own log. One line an event; what happens once a record is counted instead. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  readonly write: (line: string) => void
  /** Wall clock, ms since 1970. */
  readonly wall: () => number
}

/** A log that writes whole lines through `write`. */
export function createLog({ level, format, write, wall }: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(level)
  const at =
    (severity: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(severity) < least) return
      const time = new Date(wall()).toISOString()
      const line =
        format === 'json'
          ? asJson({ time, level: severity, message, ...fields })
          : `${time} ${severity.padEnd(5)} ${message}${asText(fields)}`
      write(`${printable(line)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** For tests and for code that was given none. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function asJson(record: object): string {
  return JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

function asText(fields: LogFields): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? JSON.stringify(value) : value}`)
    .join('')
}
