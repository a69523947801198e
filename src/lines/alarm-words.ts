/** Words by which tools say that something went wrong, in English as they all write it. */

/** What says it outright. */
const FAILURES = [
  ...[
    '[a-z]*errors?',
    'err',
    'fail(?:s|ed|ures?|ing)?',
    'fatal',
    'panic(?:ked|s)?',
    '[a-z]*exceptions?',
  ],
  ...[
    'abort(?:ed|ing|s)?',
    'killed',
    'crash(?:ed|es|loopbackoff)?',
    'segmentation fault',
    'segfault',
  ],
  ...[
    'core dumped',
    'out of memory',
    'oom(?:[ -]?kill(?:ed|er)?)?',
    'assert(?:ion)?s?',
    'stack overflow',
  ],
  ...[
    'time(?:d[ -]?|[ -]?)out',
    'not ok',
    'critical',
    'e[a-z]{2,12}(?:refused|reset|inuse|timedout|noent)',
  ],
  ...['exit(?:ed)?(?: with)?(?: code| status)?[ :=]+[1-9]\\d*', 'non-?zero', 'broken'],
]
/** What says that something is not as it should be. */
const COMPLAINTS = [
  ...[
    "can(?:no|’|')?t",
    'could(?: not|n.t)',
    'unable',
    'does(?: not|n.t)',
    'did(?: not|n.t)',
    'not found',
  ],
  ...[
    'no such',
    'no space',
    'missing',
    'un(?:defined|declared|resolved|reachable|known|expected|authorized)',
  ],
  ...[
    'invalid',
    'illegal',
    'expected',
    'received',
    'got',
    'want(?:ed)?',
    'mismatch(?:ed)?',
    'conflict(?:s|ing)?',
  ],
  ...[
    'refused',
    'denied',
    'rejected',
    'forbidden',
    'exceed(?:s|ed)',
    'already in use',
    'reset by peer',
    'deadline',
  ],
  ...['violat(?:es|ed|ion)', 'corrupt(?:ed)?', 'incompatible', 'stopped', 'lost'],
]
const MARKS = '[✗✕✖●×]'
/** What takes the sting out of it. */
const SOFTENERS =
  /\b(?:warn(?:ing)?s?|deprecat\w*|notice|hint|note|help|info|debug|retry(?:ing)?|retries|attempt|falling back)\b/i
/** There were none. */
const NONE =
  /\b(?:0|no|without) (?:[a-z]+ )?(?:errors?|fail(?:ed|ures?)|exceptions?)\b|\b(?:errors?|failures?|failed|unreachable)[:=] ?0\b/gi

/** Not within a name: error-page, cart_error.c. */
const WORD = (list: readonly string[]): string =>
  `(?<![\\p{L}\\p{N}_-])(?:${list.join('|')})(?![\\p{L}\\p{N}_-])`
const ALARM = new RegExp(
  `(?<failure>${WORD(FAILURES)})|(?<complaint>${WORD(COMPLAINTS)}|${MARKS})`,
  'giu',
)
const MOST_LOOKED_AT = 600

/** What a line says of something that went wrong. */
export interface AlarmWords {
  readonly failures: ReadonlySet<string>
  readonly complaints: ReadonlySet<string>
  /** Whether it says so by the way: a warning, a retry. */
  readonly isSoft: boolean
}

const NOTHING: AlarmWords = { failures: new Set(), complaints: new Set(), isSoft: false }

export function alarmWords(line: string): AlarmWords {
  const text = line.slice(0, MOST_LOOKED_AT).replace(NONE, ' ')
  let failures: Set<string> | null = null
  let complaints: Set<string> | null = null
  for (const { groups } of text.matchAll(ALARM)) {
    const failure = groups?.['failure']
    if (failure !== undefined) failures = (failures ?? new Set()).add(failure.toLowerCase())
    const complaint = groups?.['complaint']
    if (complaint !== undefined) complaints = (complaints ?? new Set()).add(complaint.toLowerCase())
  }
  if (failures === null && complaints === null) return NOTHING
  return {
    failures: failures ?? NOTHING.failures,
    complaints: complaints ?? NOTHING.complaints,
    isSoft: SOFTENERS.test(text),
  }
}
