import { cutText } from '../otlp/printable-text.ts'
import { maskNumbers, maskSecrets } from './mask-secrets.ts'

const UUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/gi
const TOKEN = /[^\s/:?&=,;()[\]{}<>"'|]+/g
const LONGEST = 200

/**
 * An operation name without secrets, and without the parts that make every call its own operation: UUIDs, numbers, long
 * hexadecimal and random-looking tokens become `{id}`, a query string is cut off. Short names with
 * digits in them (`v1`, `s3`, `HTTP/2`, `step-3`) stay as they are. Idempotent.
 */
export function maskName(name: string): string {
  const shown = maskSecrets(name)
  const query = shown.indexOf('?')
  const bare = query > 0 && shown.lastIndexOf('/', query) >= 0 ? shown.slice(0, query) : shown
  return withoutIds(cutText(bare, LONGEST))
}

/** The same of any text, however long, and with its query strings. */
export function maskText(text: string): string {
  return withoutIds(maskSecrets(text))
}

function withoutIds(text: string): string {
  if (!/[0-9]/.test(text)) return text
  return maskNumbers(text.replace(UUID, '{id}')).replace(TOKEN, maskToken)
}

function maskToken(token: string): string {
  if (/^\d{2,}$/.test(token)) return '{id}'
  if (/^(0x)?[0-9a-f]{8,}$/i.test(token) && /\d/.test(token)) return '{id}'
  if (token.length >= 16 && looksRandom(token)) return '{id}'
  // Runs of three and more digits are counters or ids (`order-20931`), shorter ones are versions.
  return token.replace(/\d{3,}/g, '{id}')
}

/** Long tokens that mix digits with letters many times over are keys, not words. */
function looksRandom(token: string): boolean {
  let changes = 0
  for (let i = 1; i < token.length; i++) if (isDigit(token, i) !== isDigit(token, i - 1)) changes++
  return changes >= token.length / 4
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code >= 48 && code <= 57
}
