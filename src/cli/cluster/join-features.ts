import type { FeatureColumn } from '../../io/tables/read-features.ts'
import type { ModelColumn, ModelFile, ModelValue } from './model-file.ts'

/** The medoids' values as columns of features, one row a medoid. Hidden columns are left out. */
export function modelFeatures(model: ModelFile): FeatureColumn[] {
  return model.columns.flatMap((column, c) => {
    if (column.masked === 'hidden') return []
    return [
      columnOf(
        column,
        model.medoids.map(({ values }) => values[c] ?? null),
      ),
    ]
  })
}

/** Some values as a column. What is of another type than the column's counts as missing. */
export function columnOf(
  { name, kind }: Pick<ModelColumn, 'name' | 'kind'>,
  values: readonly ModelValue[],
): FeatureColumn {
  if (kind === 'number' || kind === 'time') {
    const numbers = values.map((value) => (typeof value === 'number' ? value : Number.NaN))
    return { name, kind, values: Float64Array.from(numbers) }
  }
  const levels: string[] = []
  const codes = new Map<string, number>()
  const codeOf = (text: string): number => {
    const known = codes.get(text) ?? levels.length
    if (known === levels.length) levels.push(text)
    codes.set(text, known)
    return known
  }
  if (kind !== 'set') {
    const own = values.map((value) => (typeof value === 'string' ? codeOf(value) : -1))
    return { name, kind, codes: Int32Array.from(own), levels }
  }
  const starts = new Int32Array(values.length + 1)
  const items: number[] = []
  for (const [i, value] of values.entries()) {
    const own = new Set(Array.isArray(value) ? value.map(codeOf) : [])
    items.push(...[...own].sort((a, b) => a - b))
    starts[i + 1] = items.length
  }
  return { name, kind, starts, items: Int32Array.from(items), levels }
}

/** A row's value as a model keeps it. */
export function modelValueOf(column: FeatureColumn, row: number): ModelValue {
  if ('values' in column) {
    const value = column.values[row] ?? Number.NaN
    return Number.isNaN(value) ? null : value
  }
  if ('codes' in column) return column.levels[column.codes[row] ?? -1] ?? null
  const { starts, items, levels } = column
  return Array.from(items.subarray(starts[row], starts[row + 1]), (code) => levels[code] ?? '')
}

/** The rows of two columns of one name and kind under each other. */
export function joinColumns(a: FeatureColumn, b: FeatureColumn): FeatureColumn {
  const { name } = a
  if ('values' in a && 'values' in b) {
    const values = new Float64Array(a.values.length + b.values.length)
    values.set(a.values)
    values.set(b.values, a.values.length)
    return { name, kind: a.kind, values }
  }
  if ('codes' in a && 'codes' in b) {
    const { levels, translate } = joinLevels(a.levels, b.levels)
    const codes = new Int32Array(a.codes.length + b.codes.length)
    codes.set(a.codes)
    codes.set(
      b.codes.map((code) => (code < 0 ? -1 : (translate[code] ?? -1))),
      a.codes.length,
    )
    return { name, kind: a.kind, codes, levels }
  }
  if ('starts' in a && 'starts' in b) {
    const { levels, translate } = joinLevels(a.levels, b.levels)
    const starts = new Int32Array(a.starts.length + b.starts.length - 1)
    starts.set(a.starts)
    const offset = a.items.length
    starts.set(
      b.starts.subarray(1).map((one) => one + offset),
      a.starts.length,
    )
    const items = new Int32Array(offset + b.items.length)
    items.set(a.items)
    items.set(
      b.items.map((code) => translate[code] ?? 0),
      offset,
    )
    return { name, kind: 'set', starts, items, levels }
  }
  throw new Error(`Column ${name} is a ${a.kind} here and a ${b.kind} there.`)
}

function joinLevels(
  a: readonly string[],
  b: readonly string[],
): { levels: string[]; translate: Int32Array } {
  const levels = [...a]
  const codes = new Map(a.map((level, code) => [level, code]))
  const translate = Int32Array.from(b, (level) => {
    const known = codes.get(level)
    if (known !== undefined) return known
    levels.push(level)
    codes.set(level, levels.length - 1)
    return levels.length - 1
  })
  return { levels, translate }
}
