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

/** A column as declared, nothing left out. */
interface Known {
  readonly name: string
  readonly type: TypeName
  readonly width: number
  readonly fill: number | bigint
}

/** By declaration, as many instances share one. */
const knownColumns = new WeakMap<Declaration, readonly Known[]>()

function columnsOf(declared: Declaration): readonly Known[] {
  let columns = knownColumns.get(declared)
  if (columns === undefined) {
    columns = Object.entries(declared).map(([name, column]): Known => {
      const { type, width = 1, fill = 0 } = typeof column === 'string' ? { type: column } : column
      return { name, type, width, fill: type === 'i64' ? BigInt(fill) : fill }
    })
    knownColumns.set(declared, columns)
  }
  return columns
}

/** Rows of the declared columns. `of` holds the arrays; `grow` replaces them, so read them after it. */
export class Columns<const D extends Declaration> {
  readonly of: ColumnArrays<D>
  /** Rows that there is room for. */
  rows = 0
  readonly #declared: D
  readonly #columns: readonly Known[]

  constructor(declared: D, rows = 0) {
    this.#declared = declared
    this.#columns = columnsOf(declared)
    this.of = {} as ColumnArrays<D>
    for (const column of this.#columns) this.#set(column.name, emptyColumn(column, rows))
    this.rows = rows
  }

  /** Room for `least` rows: at least twice as many as before, where there is too little. */
  grow(least: number): void {
    if (this.rows >= least) return
    this.#resize(2 ** Math.ceil(Math.log2(least)))
  }

  /** Makes a row empty again, or those in [row, to); all of them without an argument. */
  clear(row?: number, to = (row ?? 0) + 1): void {
    for (const { name, width, fill } of this.#columns) {
      if (row === undefined) this.#array(name).fill(fill as never)
      else this.#array(name).fill(fill as never, row * width, to * width)
    }
  }

  /** Takes over `rows` rows, one unless said, of other columns of the same declaration. */
  copy(row: number, from: Columns<D>, fromRow: number, rows = 1): void {
    for (const { name, width } of this.#columns) {
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
    for (const { name, width } of this.#columns) {
      saved[name] = this.#array(name).slice(0, rows * width)
    }
    return saved as SavedColumns<D>
  }

  /**
   * Takes over a copy of what was saved; what lies beyond it is lost.
   * @throws where a column is missing, of another type or of another length, naming it
   */
  restore(saved: SavedColumns<D>): void {
    const [first] = this.#columns
    if (first === undefined) return
    const rows = lengthOf(saved[first.name]) / first.width
    for (const { name, type, width } of this.#columns) {
      const found: unknown = saved[name]
      if (!(found instanceof TYPES[type]) || found.length !== rows * width) {
        throw new Error(
          `Column "${name}" is ${describe(found)} when ${TYPES[type].name} of ${rows} x ${width} was expected.`,
        )
      }
    }
    this.rows = rows
    for (const { name } of this.#columns) this.#set(name, (saved[name] as ArrayOf<Column>).slice())
  }

  #resize(rows: number): void {
    for (const column of this.#columns) {
      const copy = emptyColumn(column, rows)
      copy.set(this.#array(column.name) as never)
      this.#set(column.name, copy)
    }
    this.rows = rows
  }

  #array(name: string): ArrayOf<Column> {
    return this.of[name] as ArrayOf<Column>
  }

  #set(name: string, array: ArrayOf<Column>): void {
    const of: Record<string, ArrayOf<Column>> = this.of
    of[name] = array
  }
}

function emptyColumn({ type, width, fill }: Known, rows: number): ArrayOf<Column> {
  const array = new TYPES[type](rows * width)
  return Number(fill) === 0 ? array : array.fill(fill as never)
}

function lengthOf(found: unknown): number {
  return ArrayBuffer.isView(found) ? (found as Uint8Array).length : 0
}

function describe(found: unknown): string {
  if (found === undefined) return 'missing'
  if (!ArrayBuffer.isView(found)) return typeof found
  return `${found.constructor.name} of ${lengthOf(found)}`
}
