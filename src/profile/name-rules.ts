/**
 * Which parts of operation names are ids, by proof and not by their looks: where one prefix is
 * followed by very many different words, most of them hardly ever seen again, the word is an id
 * (`GET /blog/lorem-ipsum-dolor` → `GET /blog/{id}`); where the same few hundred come back all the
 * time, they are operations.
 */

/** Different words after one prefix, and the share of them that is hardly seen, from which they are ids. */
const PROOFS: readonly (readonly [distinct: number, rareShare: number])[] = [
  [64, 0.8],
  [1024, 0.6],
  [4096, 0],
]
/** A word seen up to this often is hardly seen. */
const RARE = 2
/** A word without digits that is seen this often stays itself beside ids: `GET /orders` beside `GET /{id}`. */
const FAMILIAR = 16
const MOST_FAMILIAR = 64
const MOST_RULES = 4096

const ID = '{id}'
/** A delimiter, or a word between two of them; they alternate. */
const PART = /[\s/:?&=,;()[\]<>"'|]+|[^\s/:?&=,;()[\]<>"'|]+/g
const DELIMITER = /^[\s/:?&=,;()[\]<>"'|]/

/** A name and how often it was seen. */
export interface CountedName {
  readonly text: string
  readonly count: number
}

export interface NameRulesState {
  readonly dropped: number
  /** Prefixes, each with the words that stay themselves. */
  readonly rules: readonly (readonly [prefix: string, familiar: readonly string[]])[]
}

/** The prefixes after which the next word is an id, but for some familiar ones. Bounded. */
export class NameRules {
  /** Rules that found no room. */
  dropped = 0
  readonly #familiar = new Map<string, ReadonlySet<string>>()

  get size(): number {
    return this.#familiar.size
  }

  /** The name with its proven ids as `{id}`. Idempotent, and pure between two reviews. */
  mask(name: string): string {
    if (this.#familiar.size === 0) return name
    let masked = ''
    for (const [part] of name.matchAll(PART)) {
      const familiar = DELIMITER.test(part) ? undefined : this.#familiar.get(masked)
      masked += familiar && !familiar.has(part) ? ID : part
    }
    return masked
  }

  /**
   * Looks for ids among all names that are known. What follows an id is seen with the next review,
   * when names that differ in it alone have become one. O(names).
   * @returns how many rules were found: then all names are to be masked anew
   */
  review(names: readonly CountedName[]): number {
    let found = 0
    for (const [prefix, words] of followers(names)) {
      if (!areIds(words) || this.#familiar.has(prefix)) continue
      if (this.#familiar.size >= MOST_RULES) {
        this.dropped++
        continue
      }
      this.#familiar.set(prefix, familiarOf(words))
      found++
    }
    return found
  }

  state(): NameRulesState {
    const rules = [...this.#familiar].map(([prefix, words]) => [prefix, [...words]] as const)
    return { dropped: this.dropped, rules }
  }

  /** Takes over a state; only valid on fresh rules. */
  restore(state: NameRulesState): void {
    this.dropped = state.dropped
    for (const [prefix, words] of state.rules) this.#familiar.set(prefix, new Set(words))
  }
}

/** How often each word follows each prefix. */
function followers(names: readonly CountedName[]): Map<string, Map<string, number>> {
  const byPrefix = new Map<string, Map<string, number>>()
  for (const { text, count } of names) {
    let prefix = ''
    for (const [part] of text.matchAll(PART)) {
      if (!DELIMITER.test(part) && part !== ID) {
        const words = byPrefix.get(prefix) ?? new Map<string, number>()
        words.set(part, (words.get(part) ?? 0) + count)
        byPrefix.set(prefix, words)
      }
      prefix += part
    }
  }
  return byPrefix
}

function areIds(words: ReadonlyMap<string, number>): boolean {
  let rare = 0
  for (const count of words.values()) if (count <= RARE) rare++
  return PROOFS.some(([distinct, share]) => words.size >= distinct && rare >= share * words.size)
}

function familiarOf(words: ReadonlyMap<string, number>): ReadonlySet<string> {
  const often = [...words].filter(([word, count]) => count >= FAMILIAR && !/\d/.test(word))
  often.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return new Set(often.slice(0, MOST_FAMILIAR).map(([word]) => word))
}
