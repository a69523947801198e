/**
 * State in flat arrays, declared once: a name, a type and a width give growing, clearing, copying,
 * saving and restoring, so that none of them can forget a column.
 */

const TYPES = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
} as const

type TypeName = keyof typeof TYPES

/** One column: its type, or its type with values a row (`width`, 1) and what an empty row holds (`fill`, 0). */
export type Column =
  | TypeName
  | { readonly type: TypeName; readonly width?: number; readonly fill?: number }

/** Columns by name. */
export type Declaration = Readonly<Record<string, Column>>

type ArrayOf<C extends Column> = InstanceType<
  (typeof TYPES)[C extends TypeName ? C : C extends { type: infer T extends TypeName } ? T : never]
>

/** The arrays of a declaration by name: `rows` times its width values each. */
export type ColumnArrays<D extends Declaration> = { [K in keyof D]: ArrayOf<D[K]> }

/** Plain data: what `save` gives and `restore` takes. */
export type SavedColumns<D extends Declaration> = Readonly<ColumnArrays<D>>

/** Values from which a view costs less than a loop. */
const BLOCK = 32

/** Rows of the declared columns. `of` holds the arrays; `grow` replaces them, so read them after it. */
export class Columns<const D extends Declaration> {
  readonly of: ColumnArrays<D>
  /** Rows that there is room for. */
  rows = 0
  readonly #declared: D
  readonly #names: readonly (keyof D & string)[]
  /** By name, in their order. */
  readonly #widths: readonly number[]

  constructor(declared: D, rows = 0) {
    this.#declared = declared
    this.#names = Object.keys(declared)
    this.#widths = this.#names.map((name) => this.#column(name).width)
    this.of = {} as ColumnArrays<D>
    for (const name of this.#names) this.#set(name, this.#empty(name, rows))
    this.rows = rows
  }

  /** Room for `least` rows: at least twice as many as before, where there is too little. */
  grow(least: number): void {
    if (this.rows >= least) return
    this.#resize(2 ** Math.ceil(Math.log2(least)))
  }

  /** Makes a row empty again, or those in [row, to); all of them without an argument. */
  clear(row?: number, to = (row ?? 0) + 1): void {
    for (const name of this.#names) {
      const { width, fill } = this.#column(name)
      if (row === undefined) this.#array(name).fill(fill as never)
      else this.#array(name).fill(fill as never, row * width, to * width)
    }
  }

  /** Takes over `rows` rows, one unless said, of other columns of the same declaration. */
  copy(row: number, from: Columns<D>, fromRow: number, rows = 1): void {
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i]!
      const width = this.#widths[i]!
      // Numbers or big integers: both sides are the same.
      const to = this.of[name] as Float64Array
      const source = from.of[name] as Float64Array
      const count = rows * width
      if (count >= BLOCK) {
        to.set(source.subarray(fromRow * width, fromRow * width + count), row * width)
      } else for (let k = 0; k < count; k++) to[row * width + k] = source[fromRow * width + k]!
    }
  }

  /** Copies of the given rows, in the order given. */
  gather(rows: ArrayLike<number>): SavedColumns<D> {
    const gathered = new Columns(this.#declared, rows.length)
    for (let i = 0; i < rows.length; i++) gathered.copy(i, this, rows[i]!)
    return gathered.of
  }

  /** Copies of the first `rows` rows; of all without an argument. */
  save(rows = this.rows): SavedColumns<D> {
    const saved: Record<string, unknown> = {}
    for (const name of this.#names) {
      saved[name] = this.#array(name).slice(0, rows * this.#column(name).width)
    }
    return saved as SavedColumns<D>
  }

  /**
   * Takes over a copy of what was saved; what lies beyond it is lost.
   * @throws where a column is missing, of another type or of another length, naming it
   */
  restore(saved: SavedColumns<D>): void {
    const [first] = this.#names
    if (first === undefined) return
    const rows = lengthOf(saved[first]) / this.#column(first).width
    for (const name of this.#names) {
      const { type, width } = this.#column(name)
      const found: unknown = saved[name]
      if (!(found instanceof TYPES[type]) || found.length !== rows * width) {
        throw new Error(
          `Column "${name}" is ${describe(found)} when ${TYPES[type].name} of ${rows} x ${width} was expected.`,
        )
      }
    }
    this.rows = rows
    for (const name of this.#names) this.#set(name, (saved[name] as ArrayOf<Column>).slice())
  }

  #resize(rows: number): void {
    for (const name of this.#names) {
      const copy = this.#empty(name, rows)
      copy.set(this.#array(name) as never)
      this.#set(name, copy)
    }
    this.rows = rows
  }

  #empty(name: keyof D & string, rows: number): ArrayOf<Column> {
    const { type, width, fill } = this.#column(name)
    const array = new TYPES[type](rows * width)
    return Number(fill) === 0 ? array : array.fill(fill as never)
  }

  #column(name: keyof D & string): { type: TypeName; width: number; fill: number | bigint } {
    const column: Column = this.#declared[name]!
    const { type, width = 1, fill = 0 } = typeof column === 'string' ? { type: column } : column
    return { type, width, fill: type === 'i64' ? BigInt(fill) : fill }
  }

  #array(name: keyof D & string): ArrayOf<Column> {
    return this.of[name] as ArrayOf<Column>
  }

  #set(name: keyof D & string, array: ArrayOf<Column>): void {
    Object.assign(this.of, { [name]: array })
  }
}

function lengthOf(found: unknown): number {
  return ArrayBuffer.isView(found) ? (found as Uint8Array).length : 0
}

function describe(found: unknown): string {
  if (found === undefined) return 'missing'
  if (!ArrayBuffer.isView(found)) return typeof found
  return `${found.constructor.name} of ${lengthOf(found)}`
}
