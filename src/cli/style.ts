import { styleText } from 'node:util'
import type { CommandWorld } from './command.ts'

type Format = 'bold' | 'red' | 'yellow' | 'green' | 'dim'

/** Styles text for a stream: plain off a terminal and with NO_COLOR; FORCE_COLOR wins. */
export function styler(
  stream: CommandWorld['stdout'],
  env: CommandWorld['env'],
): (format: Format, text: string) => string {
  const forced = env['FORCE_COLOR']
  const colour =
    forced !== undefined && forced !== ''
      ? forced !== '0'
      : stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text)
}
