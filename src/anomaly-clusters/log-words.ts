import type { ElementTable } from '../profile/element-table.ts'

/** What deviates in a place where an operation logs a line. */
interface LoggedDeviation {
  readonly signal: 'count' | 'appearance' | 'presence'
  readonly place: number
  /** ` since 07:04:09`, or ''. */
  readonly since: string
  /** `12 of 40`. */
  readonly counts: string
  /** How often in a row, in words: deviating and normal. */
  readonly typically: string
  readonly normally: string
  /** Share of calls in which the line deviates normally, in words. */
  readonly share: string
}

/** Says what deviates about a log line that is known in its place. */
export function loggedCause(said: LoggedDeviation, table: ElementTable): string {
  const { signal, place, since, counts, typically, normally, share } = said
  const element = table.places.calleeOf(place)
  const caller = table.places.callerOf(place)
  const where = `in ${counts} calls of ${table.serviceText(caller)} ${table.operationText(caller)}`
  switch (signal) {
    case 'count': {
      const line = `${table.serviceText(element)} logs ${table.operationText(element)}`
      return `${line} ${typically}${since}, normally ${normally}: ${where}`
    }
    case 'appearance':
      return `${lineText(element, 'more often', since, table)}: ${where}, normally in ${share}`
    case 'presence':
      return `${lineText(element, 'missing', since, table)}: ${where}, normally ${share}`
  }
}

/** `checkout: new log line “card declined by <*>”`; `how`: what it is. */
export function lineText(
  element: number,
  how: 'new' | 'missing' | 'more often',
  since: string,
  table: ElementTable,
): string {
  const service = table.serviceText(element)
  const line = table.operationText(element)
  if (how === 'new') return `${service}: new log line ${line}${since}`
  if (how === 'missing') return `${service}: log line ${line} is missing${since}`
  return `${service} logs ${line} more often${since}`
}
