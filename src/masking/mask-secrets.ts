import { cutText } from '../otlp/printable-text.ts'

/** Longer texts are cut before they are looked through, so that the time is bounded. */
const LOOKED_THROUGH = 1000

const SECRET = '{secret}'

/** Keys whose values are never shown, as they stand in queries, headers, command lines and JSON. */
const SECRET_KEYS = [
  ...[
    'pass(?:word|wd|phrase|code)?',
    'pwd',
    'secret',
    '(?:client|shared|app)[_-]?secret',
    'private[_-]?key',
  ],
  ...[
    '(?:access|refresh|id|auth|csrf|xsrf|bearer|api|session|reset|sas)?[_-]?token',
    'api[_-]?key',
    'apikey',
  ],
  ...[
    'access[_-]?key(?:[_-]?id)?',
    'secret[_-]?key',
    'authorization',
    'auth',
    'cookie',
    'session(?:[_-]?id)?',
  ],
  ...[
    'j?sess(?:ion)?id',
    'sid',
    'phpsessid',
    'signature',
    'sig',
    'credentials?',
    'otp',
    'pin',
    'cvv',
    'cvc',
  ],
  ...['code', 'state', 'nonce', 'license[_-]?key', 'connection[_-]?string', 'account[_-]?key'],
]
/** The same of what tells who somebody is. */
const PERSONAL_KEYS = [
  ...[
    'e?-?mail',
    'user(?:[_-]?name)?',
    'login',
    'uid',
    '(?:first|last|full|sur|display|nick)[_-]?name',
    'name',
  ],
  ...[
    'phone',
    'mobile',
    'tel',
    'ssn',
    'iban',
    'card',
    'pan',
    'passport',
    'birth(?:day|date)?',
    'dob',
    'address',
  ],
  ...[
    'street',
    'city',
    'zip',
    'postcode',
    'ip',
    'lat',
    'lon',
    'lng',
    'account',
    'customer',
    'patient',
  ],
]

type Rule = readonly [pattern: RegExp, mask: string]

/**
 * Patterns of secrets and of personal data, digits or not, and what stands in their place. The order
 * matters: what is whole is masked before its parts. A mask matches no pattern, so masking twice is
 * masking once.
 */
const RULES: readonly Rule[] = [
  // Whole secrets, known by their form.
  [/-----BEGIN[ A-Z]*KEY-----.*?(?:-----END[ A-Z]*KEY-----|$)/g, SECRET],
  [/\beyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g, SECRET],
  [/\b(?:[spr]k|whsec|rk)_(?:live_|test_)?[A-Za-z0-9]{12,}/g, SECRET],
  [
    /\b(?:sk|xox[abeoprs]|xapp|glpat|dop_v1|doo_v1|npm|pypi|hf|ghp|gho|ghu|ghs|ghr|github_pat|shp(?:at|ca|pa|ss)|SG|ya29|AIza|EAAC|key|tok|pat|sq0(?:atp|csp)|ATATT|lin_api|figd|rnd|sbp|vercel|nvapi|gsk|dapi|hvs|AGE-SECRET-KEY)[-_.]?(?=[\w.-]*[A-Z0-9])[\w.-]{16,}/g,
    SECRET,
  ],
  [/\b(?:AKIA|ASIA|AROA|AIDA|ANPA|LTAI)[A-Z0-9]{10,}/g, SECRET],
  // Behind a word that says so.
  [/\b(Bearer|Negotiate|ApiKey)\s+(?!\{)[\w+/=.~-]{4,}/gi, `$1 ${SECRET}`],
  [
    /\b(Basic|Digest|Token|Key)\s+(?!\{)(?=[\w+/.~-]*(?:[0-9]|[a-z][A-Z]|=))[\w+/.~-]{8,}={0,2}/g,
    `$1 ${SECRET}`,
  ],
  [/(:\/\/)(?!\{)[^\s/@:]*(?::[^\s/@]*)?@/g, `$1${SECRET}@`],
  [
    new RegExp(
      `(["']?\\b(?:${SECRET_KEYS.join('|')})["']?\\s*=\\s*|["'](?:${SECRET_KEYS.join('|')})["']\\s*:\\s*)(?!\\{)(?:"[^"]*"?|'[^']*'?|[^\\s&;,"')}\\]]+)`,
      'gi',
    ),
    `$1${SECRET}`,
  ],
  [
    /\b(pass(?:word|wd|phrase)|pwd|secret|api[_-]?key|authorization|x-[\w-]*(?:key|token|secret))(\s*:\s*)(?!\{)(?:(?:Basic|Bearer)\s+)?[^\s&;,"')}\]]+/gi,
    `$1$2${SECRET}`,
  ],
  [
    /(\s--?(?:password|passwd|pass|pwd|token|secret|api-key|apikey)[\s=]+)(?!\{)\S+/gi,
    `$1${SECRET}`,
  ],
  // Who somebody is.
  [/[\p{L}\p{N}._%+-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, '{email}'],
  [
    new RegExp(
      `(["']?\\b(?:${PERSONAL_KEYS.join('|')})["']?\\s*=\\s*|["'](?:${PERSONAL_KEYS.join('|')})["']\\s*:\\s*)(?!\\{)(?:"[^"]*"?|'[^']*'?|[^\\s&;,"')}\\]]+)`,
      'gi',
    ),
    '$1{person}',
  ],
  [/(\/(?:home|Users)\/)(?!\{)[^\s/]+/g, '$1{person}'],
  [/(\\Users\\)(?!\{)[^\s\\]+/g, '$1{person}'],
  [/(\/)[@~][\p{L}\p{N}._-]+/gu, '$1{person}'],
  [/(^|\s)@[\p{L}\p{N}._-]{2,}/gu, '$1{person}'],
]

/** Long numbers in their usual groups; in names only, since values hold addresses and versions. */
const NUMBERS: readonly Rule[] = [
  [/\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b/g, '{id}'],
  [/\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b/gi, '{id}'],
  // Addresses of eight groups, or of fewer around two colons.
  [/(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}(?![\w:])/gi, '{id}'],
  [/(?<![\w:])(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}:){0,5}[0-9a-f]{1,4}(?![\w:])/gi, '{id}'],
  [/(?<![\w.])\+?\(?\d{1,4}\)?(?:[ .-]?\(?\d{2,5}\)?){2,5}(?![\w.])/g, '{id}'],
  [/(?<![\w.-])-?\d{1,3}\.\d{3,}(?:,\s*-?\d{1,3}\.\d{3,})?/g, '{id}'],
]

/**
 * What every one of the rules, and a key of letters and digits, needs to find anything: a delimiter, a word that
 * announces a secret, or a long run. Most names have none of it, and need not be looked through two dozen times.
 */
const SUSPICIOUS =
  /[=:@~\\]|%40|--|\s-|\/(?:home|Users)\/|[\w.+-]{13}|(?:bearer|negotiate|basic|digest|token|key)\s/i

/** Parts of a text that could be a key: long, and nothing but letters, digits and what base64 uses. */
const LONG = /[A-Za-z0-9+/_-]{20,}={0,2}/g

/**
 * A text without the secrets and the personal data that its form gives away: passwords and tokens behind
 * their names, keys of known services, credentials in addresses, addresses of mail, people's folders.
 * What is a secret by its meaning only cannot be seen. Idempotent.
 */
export function maskSecrets(text: string): string {
  let masked = cutText(text, LOOKED_THROUGH)
  if (!SUSPICIOUS.test(masked)) return masked
  for (const [pattern, mask] of RULES) masked = masked.replace(pattern, mask)
  return masked.replace(LONG, (part) => (looksDrawn(part) ? SECRET : part))
}

/** Cards, accounts, telephones, dates, coordinates and the like, written in groups. */
export function maskNumbers(text: string): string {
  let masked = text
  for (const [pattern, mask] of NUMBERS) masked = masked.replace(pattern, mask)
  return masked
}

/**
 * Whether letters were drawn at random and not made of words: cases that change within what would be
 * words, or rows of consonants that no language has.
 */
function looksDrawn(part: string): boolean {
  return part.split(/[/_-]/).some(isDrawn)
}

function isDrawn(part: string): boolean {
  if (part.length < 20) return false
  const small = part.match(/[a-z]+/g) ?? []
  const capitals = part.match(/[A-Z]+/g) ?? []
  const letters = part.replace(/[^A-Za-z]/g, '').length
  if (small.length > 0 && capitals.length > 3) {
    // Words begin with one capital and go on with several small letters; acronyms are few.
    const meanRun = (letters - capitals.join('').length) / small.length
    const lonely = small.filter(({ length }) => length === 1).length / small.length
    const acronyms = capitals.filter(({ length }) => length > 1).length
    return meanRun < 2.7 && lonely >= 0.4 && acronyms >= 2
  }
  return /[bcdfghjklmnpqrstvwxz]{7,}/i.test(part)
}
