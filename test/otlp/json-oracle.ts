import {
  type PlainAttribute,
  type PlainSpan,
  plainDouble,
  plainSlots,
  plainTimes,
} from './span-list.ts'

/** A parsed document with as many assumptions as JSON.parse gives: everything may be missing. */
type Doc = { [key: string]: Doc } & Doc[] & string & number & boolean

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const CODES = ['UNSET', 'OK', 'ERROR']

/** The spans of a valid OTLP JSON document, read as plainly as possible and unchecked. */
export function jsonSpans(text: string): PlainSpan[] {
  const document = JSON.parse(text) as Doc
  return list(document['resourceSpans']).flatMap((resourceSpans) => {
    const resource = list(resourceSpans['resource']?.['attributes']).map(attribute)
    const service = resource.find(([key, value]) => key === 'service.name' && value !== '')?.[1]
    return list(resourceSpans['scopeSpans'])
      .flatMap((scope) => list(scope['spans']))
      .map(
        (span): PlainSpan => ({
          traceId: id(span['traceId']!),
          spanId: id(span['spanId']!),
          parentId: span['parentSpanId'] ? id(span['parentSpanId']).replace(/^0+$/, '') : '',
          service: service ?? '',
          name: wellFormed(span['name'] ?? ''),
          kind: number(span['kind'], 'SPAN_KIND_', KINDS),
          status: number(span['status']?.['code'], 'STATUS_CODE_', CODES),
          ...plainTimes(
            BigInt(span['startTimeUnixNano'] ?? 0),
            BigInt(span['endTimeUnixNano'] ?? 0),
          ),
          events: list(span['events']).length,
          links: list(span['links']).length,
          attributes: plainSlots(
            list(span['attributes']).map(attribute),
            resource,
            String(span['status']?.['message'] ?? ''),
          ),
        }),
      )
  })
}

function list(value: Doc | null | undefined): Doc[] {
  return value ?? []
}

function id(text: string): string {
  if (/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(text)) return text.toLowerCase()
  return Buffer.from(text, 'base64').toString('hex')
}

function number(value: Doc | null | undefined, prefix: string, names: readonly string[]): number {
  const text = String(value ?? 0)
  if (text.startsWith(prefix)) return names.indexOf(text.slice(prefix.length))
  return Number(text) >= 0 && Number(text) < names.length ? Number(text) : 0
}

function attribute(keyValue: Doc): PlainAttribute {
  const value = keyValue['value'] ?? ({} as Doc)
  const key = keyValue['key'] ?? ''
  const { stringValue, intValue, doubleValue, boolValue } = value
  if (stringValue !== undefined && stringValue !== null) return [key, wellFormed(stringValue)]
  // What cannot be read here belongs to a key that nobody wants, or the reader had refused it.
  if (intValue !== undefined && intValue !== null)
    return [key, plain(() => String(BigInt(intValue)))]
  if (doubleValue !== undefined && doubleValue !== null)
    return [key, plainDouble(Number(doubleValue))]
  if (boolValue !== undefined && boolValue !== null) return [key, String(boolValue)]
  return [key, '']
}

function wellFormed(value: unknown): string {
  return String(value).toWellFormed()
}

function plain(text: () => string): string {
  try {
    return text()
  } catch {
    return ''
  }
}
