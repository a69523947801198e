import { DecodeError } from './decode-error.ts'
import { checkJsonShape } from './json-shape.ts'
import { textEncodingOf } from './text-encoding.ts'

export type Json = Readonly<Record<string, unknown>>

/** The beginning of a document behind the words of a logger. */
const DOCUMENT = /\{\s*"(?:resource_?[sS]pans|batches|resource_?[lL]ogs|resource_?[mM]etrics)"/

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * A JSON body, parsed: UTF-8, or UTF-16 that says so, possibly behind the words of a logger.
 * @throws DecodeError for anything else, and for what is nothing but nesting
 */
export function parseDocument(body: Uint8Array): unknown {
  const text = textOf(body)
  checkJsonShape(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    const begin = text.startsWith('{') ? 0 : text.search(DOCUMENT)
    if (begin <= 0) throw new DecodeError(`not JSON${place(error)}`, -1)
    try {
      return JSON.parse(text.slice(begin))
    } catch {
      throw new DecodeError('not JSON behind the words in front of it', -1)
    }
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Which of the names of a list a message has it under: the first with something in it, or the first that is there. */
export function fieldOf(message: Json, names: readonly string[]): string | undefined {
  return names.find((name) => hasAny(message[name])) ?? names.find((name) => name in message)
}

/** What is no list has something in it, so that it is refused. */
function hasAny(list: unknown): boolean {
  return list !== undefined && list !== null && !(Array.isArray(list) && list.length === 0)
}

function textOf(body: Uint8Array): string {
  const encoding = textEncodingOf(body)
  try {
    return encoding === null || encoding === 'utf-8'
      ? utf8.decode(body)
      : new TextDecoder(encoding).decode(body)
  } catch {
    throw new DecodeError('JSON is not UTF-8', -1)
  }
}

/** Where JSON.parse stopped. Its message quotes the body, which may hold what must not be shown. */
function place(error: unknown): string {
  const found = error instanceof Error ? /position (\d+)/.exec(error.message) : null
  return found ? ` at character ${found[1]}` : ''
}
