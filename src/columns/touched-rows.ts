import { type ColumnArrays, Columns, type Declaration, type SavedColumns } from './columns.ts'
import { grownTo } from './grown-array.ts'

/** Rows with a list of those in use, so that clearing them costs what was used and no more. */
export class TouchedRows<const D extends Declaration> {
  readonly rows: Columns<D>
  /** Ids of the first `count` rows in use, in the order of their first use. */
  ids: Int32Array<ArrayBuffer> = new Int32Array(64)
  count = 0

  constructor(declared: D) {
    this.rows = new Columns(declared)
  }

  get of(): ColumnArrays<D> {
    return this.rows.of
  }

  /** To be told of a row once, before or when it is used. */
  touch(id: number): void {
    if (this.count >= this.ids.length) this.ids = grownTo(this.ids, this.count + 1)
    this.ids[this.count++] = id
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.rows.clear(this.ids[i]!)
    this.count = 0
  }

  save(): SavedTouchedRows<D> {
    return { ids: this.ids.slice(0, this.count), rows: this.rows.save() }
  }

  restore({ ids, rows }: SavedTouchedRows<D>): void {
    this.rows.restore(rows)
    this.ids = grownTo(ids.slice(), 64)
    this.count = ids.length
  }
}

export interface SavedTouchedRows<D extends Declaration> {
  readonly ids: Int32Array<ArrayBuffer>
  readonly rows: SavedColumns<D>
}
