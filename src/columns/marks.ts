/** A set of small integers. */
export class Marks {
  #marked: Uint8Array<ArrayBuffer>

  constructor(room = 256) {
    this.#marked = new Uint8Array(room)
  }

  has(id: number): boolean {
    return this.#marked[id] === 1
  }

  add(id: number): void {
    if (id >= this.#marked.length) {
      const grown = new Uint8Array(2 * (id + 1))
      grown.set(this.#marked)
      this.#marked = grown
    }
    this.#marked[id] = 1
  }

  addAll(ids: Iterable<number>): void {
    for (const id of ids) this.add(id)
  }

  /** Ascending. */
  *[Symbol.iterator](): Iterator<number> {
    for (let id = 0; id < this.#marked.length; id++) if (this.#marked[id] === 1) yield id
  }
}

/** Ids of each table: those that something refers to, or those that were forgotten. */
export class IdSets {
  readonly names = new Marks()
  readonly values = new Marks()
  readonly operations = new Marks()
  readonly elements = new Marks()
  readonly paths = new Marks()
  readonly places = new Marks()
  readonly strata = new Marks()
}
