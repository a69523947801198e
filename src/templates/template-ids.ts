/** Aliases that are kept; the oldest go first. */
const MOST_ALIASES = 8192

/**
 * Which ids of templates are in use, and what became of those that were: a template that generalises gets another
 * id, and who has kept the old one finds the new one here.
 */
export class TemplateIds {
  /** Aliases that were dropped for want of room. */
  dropped = 0
  /** How many templates have an id; two that came to the same text share theirs. */
  readonly #living = new Map<string, number>()
  readonly #aliases = new Map<string, string>()

  /** Ids that lead to another. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases
  }

  begin(id: string): void {
    this.#living.set(id, (this.#living.get(id) ?? 0) + 1)
    this.#aliases.delete(id)
  }

  /** The template has the id `now`, if it is there at all. */
  end(id: string, now: string | null): void {
    const left = (this.#living.get(id) ?? 1) - 1
    if (left > 0) {
      this.#living.set(id, left)
      return
    }
    this.#living.delete(id)
    if (now !== null && now !== id) this.alias(id, now)
  }

  alias(id: string, now: string): void {
    if (this.#living.has(id)) return
    const [oldest] = this.#aliases.keys()
    if (this.#aliases.size >= MOST_ALIASES && oldest !== undefined) {
      this.#aliases.delete(oldest)
      this.dropped++
    }
    this.#aliases.set(id, now)
  }

  /** The id that the template goes by now; an id that nothing is known of stays as it is. */
  resolve(id: string): string {
    let now = id
    // No circle is longer than all aliases.
    for (let step = 0; step <= this.#aliases.size; step++) {
      const next = this.#living.has(now) ? undefined : this.#aliases.get(now)
      if (next === undefined) return now
      now = next
    }
    return id
  }
}
