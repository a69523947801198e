import { type LineShape, textHash, VARIES, VARIES_MARK } from './line-shape.ts'
import type { TemplateIds } from './template-ids.ts'

/** Two shapes are of one template when at least so many tenths of their tokens are equal. */
const EQUAL_TENTHS = 7

/** A shape that is kept, and what is known of its lines. */
export interface KeptShape extends LineShape {
  count: number
  firstMs: number
  lastMs: number
  /** A line of it, masked. */
  readonly example: string
  family: Family
  /** A number that the shapes of one template are given by whoever asks; 0 = none yet. */
  label: number
  /** Not kept any more. */
  isGone: boolean
}

/** Shapes that hang together by likeness: one template. */
export interface Family {
  readonly members: readonly KeptShape[]
  /** Tokens that all members have; `<*>` elsewhere. */
  readonly tokens: readonly string[]
  /** The tokens with blanks between them. */
  readonly text: string
  /** Hash of the text. */
  readonly id: string
}

export interface ShapeLimits {
  /** Shapes in all, and of one number of tokens. */
  readonly shapes: number
  readonly shapesOfLength: number
}

/**
 * Shapes by their number of tokens, linked where they are alike: the connected components are the families. Which shapes
 * hang together does not depend on the order in which they came. Of each length the shapes with the
 * smallest hashes are kept, so what is kept does not depend on it either, until the whole is full.
 */
export class ShapeStore {
  size = 0
  /** Shapes that were dropped for want of room. */
  evicted = 0
  /** Lines of shapes that are not kept any more. */
  lostLines = 0
  readonly #limits: ShapeLimits
  readonly #ids: TemplateIds
  /** Each list in the order of its hashes. */
  readonly #byLength = new Map<number, KeptShape[]>()
  readonly #byHash = new Map<string, KeptShape>()

  constructor(limits: ShapeLimits, ids: TemplateIds) {
    this.#limits = limits
    this.#ids = ids
  }

  get isFull(): boolean {
    return this.size >= this.#limits.shapes
  }

  find(hash: string): KeptShape | undefined {
    return this.#byHash.get(hash)
  }

  all(): Iterable<KeptShape> {
    return this.#byHash.values()
  }

  /** Whether there is room for a shape, after making it where the shape goes before others. */
  makeRoom({ hash, tokens }: LineShape): boolean {
    const alike = this.#byLength.get(tokens.length) ?? []
    const isFull = this.isFull
    if (!isFull && alike.length < this.#limits.shapesOfLength) return true
    // Where the whole is full, those give who have most.
    const given = isFull ? this.#largest() : alike
    const last = given[given.length - 1]!
    if (given === alike && last.hash < hash) {
      this.evicted++
      return false
    }
    this.remove(last)
    this.evicted++
    return true
  }

  /** Keeps a shape that was not there; there must be room. */
  add(
    shape: LineShape,
    seen: Pick<KeptShape, 'count' | 'firstMs' | 'lastMs' | 'example' | 'label'>,
  ): KeptShape {
    const kept: KeptShape = { ...shape, ...seen, family: NO_FAMILY, isGone: false }
    const alike = this.#byLength.get(shape.tokens.length) ?? []
    const families = new Set<Family>()
    for (const { marks, family } of alike) if (areAlike(kept.marks, marks)) families.add(family)
    alike.splice(placeOf(alike, kept.hash), 0, kept)
    this.#byLength.set(shape.tokens.length, alike)
    this.#byHash.set(shape.hash, kept)
    this.size++
    this.#join(kept, families)
    return kept
  }

  /** Drops a shape. What hung together by it alone falls apart. */
  remove(shape: KeptShape): void {
    this.#take(shape)
    const { family } = shape
    const parts = componentsOf(family.members.filter((one) => one !== shape))
    for (const part of parts) for (const one of part.members) one.family = part
    for (const { id } of parts) this.#ids.begin(id)
    const [only = null] = parts
    this.#ids.end(family.id, parts.length === 1 && only !== null ? only.id : null)
  }

  /** Drops whole families of which no line came since. */
  forget(beforeMs: number): number {
    const dead = new Set<Family>()
    for (const { family } of this.all()) {
      if (family.members.every(({ lastMs }) => lastMs < beforeMs)) dead.add(family)
    }
    for (const family of dead) {
      for (const shape of family.members) this.#take(shape)
      this.#ids.end(family.id, null)
    }
    return dead.size
  }

  #take(shape: KeptShape): void {
    shape.isGone = true
    this.lostLines += shape.count
    this.#byHash.delete(shape.hash)
    const alike = this.#byLength.get(shape.tokens.length) ?? []
    alike.splice(placeOf(alike, shape.hash), 1)
    if (alike.length === 0) this.#byLength.delete(shape.tokens.length)
    this.size--
  }

  /** One family of a new shape's and of all that it is like. */
  #join(fresh: KeptShape, others: ReadonlySet<Family>): void {
    let { tokens } = fresh
    const members = [fresh]
    for (const other of others) {
      tokens = inCommon(tokens, other.tokens)
      members.push(...other.members)
    }
    const whole = familyOf(members, tokens)
    for (const member of members) member.family = whole
    this.#ids.begin(whole.id)
    for (const other of others) this.#ids.end(other.id, whole.id)
  }

  #largest(): KeptShape[] {
    let largest: KeptShape[] = []
    for (const alike of this.#byLength.values()) if (alike.length > largest.length) largest = alike
    return largest
  }
}

function familyOf(members: readonly KeptShape[], tokens: readonly string[]): Family {
  const text = tokens.join(' ')
  return { members, tokens, text, id: textHash(text) }
}

const NO_FAMILY: Family = { members: [], tokens: [], text: '', id: '' }

/** Where a hash has its place in a list in order. */
function placeOf(shapes: readonly KeptShape[], hash: string): number {
  let from = 0
  let to = shapes.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (shapes[middle]!.hash < hash) from = middle + 1
    else to = middle
  }
  return from
}

/** Tokens that vary in both say nothing. */
function areAlike(a: Int32Array, b: Int32Array): boolean {
  const length = a.length
  const mostUnequal = ((10 - EQUAL_TENTHS) * length) / 10
  let said = 0
  let unequal = 0
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) {
      if (++unequal > mostUnequal) return false
      said++
    } else if (a[i] !== VARIES_MARK) said++
  }
  return 10 * (said - unequal) >= EQUAL_TENTHS * said
}

function inCommon(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.map((token, i) => (token === b[i] ? token : VARIES))
}

/** What hangs together among shapes of one length. */
function componentsOf(shapes: readonly KeptShape[]): Family[] {
  const left = new Set(shapes)
  const found: Family[] = []
  for (const first of left) {
    left.delete(first)
    const members = [first]
    let tokens = first.tokens
    for (const member of members) {
      for (const other of left) {
        if (!areAlike(member.marks, other.marks)) continue
        left.delete(other)
        members.push(other)
        tokens = inCommon(tokens, other.tokens)
      }
    }
    found.push(familyOf(members, tokens))
  }
  return found
}
