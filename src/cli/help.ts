import type { Command } from './command.ts'

/** The text of `medoscope --help`. */
export function overview(commands: Readonly<Record<string, Command>>, version: string): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const list = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  )
  return `medoscope ${version}: finds what is strange in OpenTelemetry traces

usage: medoscope COMMAND [options]

${list.join('\n')}

  medoscope help COMMAND    what a command takes and returns
  medoscope --version

exit codes: 0 fine, 1 failed, 2 wrong usage, 78 faults in the configuration, 130 interrupted
NO_COLOR and FORCE_COLOR are honoured.
`
}
