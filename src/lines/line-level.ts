/** How severe a line says that it is, in the numbers of OTLP; 0 where it does not say. */
const SEVERITIES: Readonly<Record<string, number>> = {
  ...{ trace: 1, debug: 5, info: 9, notice: 10, warn: 13, warning: 13 },
  ...{ error: 17, err: 17, severe: 17, critical: 21, fatal: 21, panic: 21 },
}
/** Where loggers put it: in capitals, between brackets, or behind its key; near the front. */
const SAID =
  /(?:^|[\s[<("|])(?:(?:level|lvl|severity)=)"?([a-z]+)|(?:^|[\s<("|])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|FATAL|PANIC)(?=[\s:>)\]"|,]|$)|\[(trace|debug|info|notice|warn|warning|error|err|critical|fatal)\]/i
const CAPITALS = /^[A-Z]+$/
const LOOKED_AT = 120
/** Names of the field in lines of JSON. */
const FIELDS = ['level', 'severity', 'lvl']

export function severityOfLine(text: string): number {
  const [, keyed, bare, bracketed] = SAID.exec(text.slice(0, LOOKED_AT)) ?? []
  const isLevel = bare !== undefined && CAPITALS.test(bare)
  const said = keyed ?? bracketed ?? (isLevel ? bare : undefined)
  return SEVERITIES[said?.toLowerCase() ?? ''] ?? 0
}

/** The same of a structured line. */
export function severityOfFields(fields: Readonly<Record<string, unknown>>): number {
  const said = FIELDS.map((name) => fields[name]).find((value) => typeof value === 'string')
  return typeof said === 'string' ? (SEVERITIES[said.toLowerCase()] ?? 0) : 0
}
