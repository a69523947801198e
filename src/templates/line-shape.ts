import { maskSecrets } from '../masking/mask-secrets.ts'
import { printable } from '../otlp/printable-text.ts'
import { ContentHash } from '../stats/content-hash.ts'

/** What stands for a varying part, in shapes and templates. */
export const VARIES = '<*>'

/** Tokens beyond this many are not looked at. */
const MOST_TOKENS = 128

/** A line without all that is masked: what lines of one template have in common, but for words that vary. */
export interface LineShape {
  readonly tokens: readonly string[]
  /** One number a token, for comparing. */
  readonly marks: Int32Array
  /** The tokens with blanks between them. */
  readonly text: string
  /** Hash of the text: 16 hexadecimal digits. */
  readonly hash: string
}

/** Secrets that are known by their digits, as the scanner leaves them: an account number, a token of a provider. */
const SHORTENED_SECRETS = /\b[A-Z]{2}0 [A-Z]{4}(?: 0)+|\bya0\.[\w.-]{16,}/g

/**
 * The shape of an outline (see `LineScanner`): secrets and what tells who somebody is are masked, and each part
 * that was left out becomes `<*>`.
 */
export function shapeOf(outline: string): LineShape {
  const masked = maskSecrets(printable(outline).replace(SHORTENED_SECRETS, '0')).replaceAll(
    '0',
    VARIES,
  )
  return shapeOfTokens(masked.split(' ', MOST_TOKENS))
}

/** The shape that has these tokens. */
export function shapeOfTokens(tokens: readonly string[]): LineShape {
  const text = tokens.join(' ')
  return { tokens, marks: Int32Array.from(tokens, markOf), text, hash: textHash(text) }
}

/** 16 hexadecimal digits that name a text. */
export function textHash(text: string): string {
  return new ContentHash().text(text).hex()
}

function markOf(token: string): number {
  let mark = token.length
  for (let i = 0; i < token.length; i++) {
    mark = Math.imul(mark ^ token.charCodeAt(i), 0x01000193)
    mark ^= mark >>> 15
  }
  return mark
}

/** The mark of a token that varies as a whole. */
export const VARIES_MARK = markOf(VARIES)
