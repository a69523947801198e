import { z } from 'zod'

/** How a text from the environment or from `--set` becomes a value of the key. */
export type LeafKind = 'number' | 'boolean' | 'text' | 'list' | 'map'

/** What is known about one key, or one section, beside its type: docs, checks and faults read it. */
export interface LeafMeta {
  readonly doc: string
  /** Absent for a section. */
  readonly kind?: LeafKind
  /** What may be written, in words that follow "allowed:". */
  readonly allowed?: string
  /** As a user writes it. */
  readonly default?: unknown
  /** Masked when printed: the whole value, or all of a URL behind its host. */
  readonly secret?: 'value' | 'url'
  /** How the value is printed again: it is kept in ms or bytes. */
  readonly unit?: 'duration' | 'size'
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds in `250ms`, `5s`, `1h30m`, `7d`; null if it is none. A bare number has no unit and is none. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (DURATION_UNITS[unit ?? ''] ?? Number.NaN)
  }
  return total <= Number.MAX_SAFE_INTEGER ? total : null
}

/** The shortest exact way to write a duration: `90s`, `6h`, `1500ms`. */
export function formatDuration(ms: number): string {
  return inLargestUnit(ms, DURATION_UNITS, 's')
}

/** The shortest exact way to write a size: `4MiB`, `1500B`. */
export function formatSize(bytes: number): string {
  const { B = 1, KiB = 1024, MiB = 1024 ** 2, GiB = 1024 ** 3 } = SIZE_UNITS
  return inLargestUnit(bytes, { B, KiB, MiB, GiB }, 'B')
}

function inLargestUnit(
  value: number,
  units: Readonly<Record<string, number>>,
  zero: string,
): string {
  if (value === 0) return `0${zero}`
  let best = String(value)
  for (const [unit, factor] of Object.entries(units)) {
    if (value % factor === 0) best = `${value / factor}${unit}`
  }
  return best
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** Bytes in `512KiB`, `4MiB`, `1MB`; null if it is none. */
export function parseSize(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(text)
  const bytes = Number(parts?.[1]) * (SIZE_UNITS[parts?.[2] ?? ''] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : null
}

type Leaf<T extends z.ZodType> = z.ZodPrefault<T>

function leaf<T extends z.ZodType>(schema: T, value: z.input<T>, meta: LeafMeta): Leaf<T> {
  return schema.prefault(value as z.util.NoUndefined<z.input<T>>).meta({ ...meta, default: value })
}

declare const unit: unique symbol
/** A duration as a configuration holds it: a number that the types can tell from a count. */
export type Milliseconds = number & { readonly [unit]: 'ms' }
export type Bytes = number & { readonly [unit]: 'bytes' }

type Measured<T extends number> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>

function measured<T extends number>(
  parse: (text: string) => number | null,
  min: number,
  max: number,
): Measured<T> {
  return z.string().transform((text, context) => {
    const value = parse(text)
    if (value !== null && value >= min && value <= max) return value as T
    context.issues.push({ code: 'custom', input: text })
    return z.NEVER
  })
}

/** A duration; the value is in milliseconds. */
export function duration(
  value: string,
  doc: string,
  min = '1ms',
  max = '3650d',
): Leaf<Measured<Milliseconds>> {
  const [low, high] = [parseDuration(min) ?? 0, parseDuration(max) ?? Number.POSITIVE_INFINITY]
  const allowed = `a duration (ms, s, m, h, d) from ${min} to ${max}`
  return leaf(measured(parseDuration, low, high), value, {
    doc,
    kind: 'text',
    allowed,
    unit: 'duration',
  })
}

/** A size in memory or on the wire; the value is in bytes. */
export function size(
  value: string,
  doc: string,
  min = '1KiB',
  max = '64GiB',
): Leaf<Measured<Bytes>> {
  const [low, high] = [parseSize(min) ?? 0, parseSize(max) ?? Number.POSITIVE_INFINITY]
  const allowed = `a size (B, KiB, MiB, GiB) from ${min} to ${max}`
  return leaf(measured(parseSize, low, high), value, { doc, kind: 'text', allowed, unit: 'size' })
}

/** A whole number. */
export function count(value: number, doc: string, min: number, max: number): Leaf<z.ZodInt> {
  const allowed = `a whole number from ${min} to ${max}`
  return leaf(z.int().min(min).max(max), value, { doc, kind: 'number', allowed })
}

/** A number above `above` (exclusive) and up to `max`. */
export function positive(
  value: number,
  doc: string,
  above: number,
  max: number,
): Leaf<z.ZodNumber> {
  const allowed = `a number above ${above}, up to ${max}`
  return leaf(z.number().gt(above).max(max), value, { doc, kind: 'number', allowed })
}

/** A share from 0 to 1, both included. */
export function share(value: number, doc: string): Leaf<z.ZodNumber> {
  const schema = z.number().min(0).max(1)
  return leaf(schema, value, { doc, kind: 'number', allowed: 'a number from 0 to 1' })
}

export function flag(value: boolean, doc: string): Leaf<z.ZodBoolean> {
  return leaf(z.boolean(), value, { doc, kind: 'boolean', allowed: 'true or false' })
}

export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  value: T[number],
  doc: string,
): Leaf<z.ZodEnum<z.util.ToEnum<T[number]>>> {
  const allowed = `one of ${values.map((each) => each || "''").join(', ')}`
  return leaf(z.enum(values), value, { doc, kind: 'text', allowed })
}

/** A text; `pattern` restricts it and `allowed` says so in words. */
export function text(
  value: string,
  doc: string,
  allowed = 'a text',
  pattern = /^/,
): Leaf<z.ZodString> {
  return leaf(z.string().regex(pattern), value, { doc, kind: 'text', allowed })
}

export function secretText(value: string, doc: string): Leaf<z.ZodString> {
  return leaf(z.string(), value, { doc, kind: 'text', allowed: 'a text', secret: 'value' })
}

/** An http or https address, or empty for none; credentials in it are masked when printed. */
export function url(value: string, doc: string): Leaf<z.ZodString> {
  const schema = z.string().refine((text) => text === '' || /^https?:$/.test(protocolOf(text)))
  const allowed = 'an http:// or https:// address, or empty for none'
  return leaf(schema, value, { doc, kind: 'text', allowed, secret: 'url' })
}

type TextList = z.ZodPipe<
  z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>,
  z.ZodTransform<string[], string | string[]>
>

/** Texts, as a YAML list or in one text with commas, all of which the pattern takes. */
export function list(
  value: string[],
  doc: string,
  allowed: string,
  pattern: Pick<RegExp, 'test'> = /./,
): Leaf<TextList> {
  const schema = z.union([z.string(), z.array(z.string())]).transform((given, context) => {
    const texts = typeof given === 'string' ? splitList(given) : given
    texts.forEach((each, index) => {
      if (!pattern.test(each)) {
        context.issues.push({ code: 'custom', input: each, path: [index] })
      }
    })
    return texts
  })
  return leaf(schema, value, { doc, kind: 'list', allowed })
}

/** Names with texts, masked when printed: request headers. */
export function secretMap(doc: string): Leaf<z.ZodRecord<z.ZodString, z.ZodString>> {
  const schema = z.record(z.string(), z.string())
  return leaf(schema, {}, { doc, kind: 'map', allowed: 'names with texts', secret: 'value' })
}

/** A group of keys. An unknown key in it is a fault. */
export function section<T extends z.ZodRawShape>(
  doc: string,
  shape: T,
): z.ZodPrefault<z.ZodObject<T, z.core.$strict>> {
  const schema = z.strictObject(shape)
  return schema.prefault({} as z.util.NoUndefined<z.input<typeof schema>>).meta({ doc })
}

function splitList(given: string): string[] {
  return given
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

function protocolOf(address: string): string {
  return URL.canParse(address) ? new URL(address).protocol : ''
}
