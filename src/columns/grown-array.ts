type Column =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

/** `column` itself if it has room for `least` values, else a copy of twice the length or more. */
export function grownTo<T extends Column>(column: T, least: number, fill = 0): T {
  if (column.length >= least) return column
  const length = 2 ** Math.ceil(Math.log2(least))
  const copy = new (column.constructor as new (length: number) => T)(length)
  copy.set(column)
  if (fill !== 0) copy.fill(fill, column.length)
  return copy
}
