import { describe, expect, it } from 'vitest'
import { decodeLogsJson } from '../../src/otlp/decode-logs-json.ts'
import { RecordText } from '../../src/templates/record-text.ts'
import { newLogTarget } from '../otlp/log-list.ts'

const text = (stringValue: string): object => ({ stringValue })
const fields = (entries: Record<string, object>): object => ({
  kvlistValue: { values: Object.entries(entries).map(([key, value]) => ({ key, value })) },
})

/** The line of one record. */
function lineOf(
  body: object | undefined,
  attributes: Record<string, string> = {},
  eventName = '',
): string {
  const target = newLogTarget()
  const list = Object.entries(attributes).map(([key, value]) => ({ key, value: text(value) }))
  const logRecords = [{ body: text('before') }, { body, attributes: list, eventName }]
  const document = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
  decodeLogsJson(new TextEncoder().encode(JSON.stringify(document)), target)
  const line = { bytes: new Uint8Array(), start: 0, end: 0 }
  new RecordText(target.values).read(target.columns, 1, line)
  return new TextDecoder().decode(line.bytes.subarray(line.start, line.end))
}

const STACK = 'a.B: gone\n\tat c.D.e(D.java:1)\n\tat f.G.h(G.java:2)'

describe('the line of a log record', () => {
  it.each([
    ['its text', lineOf(text('up 5')), 'up 5'],
    ['its fields', lineOf(fields({ msg: text('up 5'), a: { intValue: '1' } })), 'up 5 {a}'],
    ['fields that came as text', lineOf(text('{"msg":"up","a":1}')), 'up {a}'],
    ['a list', lineOf({ arrayValue: { values: [{ intValue: '1' }] } }), '{list[]}'],
    ['a number', lineOf({ intValue: '5' }), '5'],
    ['bytes', lineOf({ bytesValue: 'AAEC' }), '{bytes}'],
    ['the name of the event', lineOf(undefined, {}, 'checkout'), 'checkout'],
    ['nothing', lineOf(undefined), ''],
    [
      'the template of the sender',
      lineOf(text('up 5'), { 'log.record.template': 'up <*>' }),
      'up <*>',
    ],
    ['the template of .NET', lineOf(text('up 5'), { '{OriginalFormat}': 'up {n}' }), 'up {n}'],
    ['what was thrown', lineOf(text('failed'), { 'exception.type': 'a.B' }), 'failed a.B'],
    [
      'the top frames',
      lineOf(text('failed'), { 'exception.type': 'a.B', 'exception.stacktrace': STACK }),
      'failed a.B at c.D.e at f.G.h',
    ],
    [
      'no trace of a form that is not known',
      lineOf(text('failed'), { 'exception.stacktrace': 'who knows: alice' }),
      'failed',
    ],
    ['a trace in the text', lineOf(text(`failed\n${STACK}`)), 'failed at c.D.e at f.G.h'],
  ])('is %s', (_, line, expected) => {
    expect(line).toBe(expected)
  })
})
