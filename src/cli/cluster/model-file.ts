import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { COLUMN_KINDS } from '../../io/tables/infer-columns.ts'
import { InputError } from '../../io/tables/input-error.ts'
import { messageOf } from '../../io/telemetry/log.ts'
import { DISTANCES } from './options.ts'

const FORMAT = 'medoscope.medoids'
const VERSION = 1

const value = z.union([z.number(), z.string(), z.array(z.string()), z.null()])
const count = z.number().int().min(0)

const columnSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(COLUMN_KINDS),
  /** Of numbers and times: what the distance scales by. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** `digest`: values are keyed digests; `hidden`: they are not in the model. */
  masked: z.enum(['digest', 'hidden']).optional(),
})

const medoidSchema = z.strictObject({
  /** Position in the input it was fitted on, from 1. */
  row: count.nullable(),
  /** Rows it stands for, and their weights' sum. */
  size: count,
  weight: z.number().min(0),
  mean_distance: z.number().min(0),
  radius: z.number().min(0),
  values: z.array(value),
})

const modelSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  id: z.string(),
  distance: z.union([z.enum(DISTANCES), z.strictObject({ module: z.string() })]),
  columns: z.array(columnSchema).min(1),
  rows: count,
  weight: z.number().min(0),
  /** Weighted mean distance of the rows to their medoid. */
  loss: z.number().min(0),
  method: z.string(),
  seed: count,
  /** What the privacy floor kept back. */
  withheld: z.strictObject({ medoids: count, rows: count }),
  medoids: z.array(medoidSchema),
})

/** Medoids as they travel: everything that is needed to assign rows to them or to merge them. */
export type ModelFile = z.infer<typeof modelSchema>
export type ModelColumn = z.infer<typeof columnSchema>
export type ModelMedoid = z.infer<typeof medoidSchema>
export type ModelValue = z.infer<typeof value>

/** The model with its name: a digest of all that is in it. */
export function modelFile(content: Omit<ModelFile, 'format' | 'version' | 'id'>): ModelFile {
  const id = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
  return { format: FORMAT, version: VERSION, id, ...content }
}

/** One medoid a line, so that two models can be compared by eye. */
export function modelText(model: ModelFile): string {
  const { columns, medoids, ...rest } = model
  const list = (items: readonly unknown[]): string =>
    items.map((one) => `    ${JSON.stringify(one)}`).join(',\n')
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, '')
  return `${head},\n  "columns": [\n${list(columns)}\n  ],\n  "medoids": [\n${list(medoids)}\n  ]\n}\n`
}

/** @throws InputError that says what in the file is wrong */
export function readModel(path: string): ModelFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new InputError(`${path}: ${messageOf(error)}`)
  }
  return parseModel(text, path)
}

/** @param name how messages call it */
export function parseModel(text: string, name: string): ModelFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new InputError(`${name}: not a model: ${messageOf(error)}`)
  }
  const parsed = modelSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = issue?.path.join('.') || 'the file'
    throw new InputError(`${name}: not a model of medoscope: ${at}: ${issue?.message}`)
  }
  const { columns, medoids } = parsed.data
  for (const [i, { values }] of medoids.entries()) {
    if (values.length === columns.length) continue
    throw new InputError(
      `${name}: medoid ${i} has ${values.length} values; allowed is one for each of ${columns.length} columns`,
    )
  }
  return parsed.data
}
