import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BatchReport } from '../../../src/contract/pipeline-report.ts'
import { emptyOutput } from '../../../src/detector/empty-output.ts'
import { BatchTracing } from '../../../src/io/telemetry/tracing.ts'
import { deadLetterPublication } from '../../contracts/publications.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { HttpReceiver } from '../../fakes/http-receiver.ts'

const receiver = new HttpReceiver()
beforeAll(() => receiver.start())
afterAll(() => receiver.stop())

interface SentSpan {
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number }
  readonly attributes: readonly {
    key: string
    value: { intValue?: number; doubleValue?: number }
  }[]
}

function report(change: Partial<BatchReport> = {}): BatchReport {
  const times = { startedMs: 1_790_000_000_000, stepMs: 20, publishMs: 5 }
  return { records: 3, bytes: 100, ...times, output: emptyOutput(), ...change }
}

function sent(): { services: string[]; spans: SentSpan[] } {
  const documents = receiver.requests.map(({ body }) => JSON.parse(body.toString()))
  const resources = documents.flatMap(({ resourceSpans }) => resourceSpans)
  return {
    services: resources.map(
      ({ resource }) =>
        resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value
          .stringValue,
    ),
    spans: resources.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans),
  }
}

it('sends one span a batch, under the service name that is dropped on the way in', async () => {
  const tracing = new BatchTracing({ endpoint: `${receiver.url}/`, sampleRatio: 1, version: '1' })
  tracing.record(report())
  const dead = deadLetterPublication(1n, new Uint8Array())
  const deadLetters = dead.type === 'dead_letter' ? [dead.deadLetter] : []
  tracing.record(report({ output: { ...emptyOutput(), deadLetters } }))
  await tracing.stop()
  await tracing.stop()
  expect(receiver.requests.map(({ url }) => url)).toEqual(['/v1/traces'])
  const { services, spans } = sent()
  expect(services).toEqual(['medoscope'])
  expect(spans.map(({ name, kind, status }) => [name, kind, status.code])).toEqual([
    ['process batch', 5, 0],
    ['process batch', 5, 2],
  ])
  const [first] = spans
  expect(first?.startTimeUnixNano).toBe('1790000000000000000')
  expect(first?.endTimeUnixNano).toBe('1790000000025000000')
  expect(first?.attributes).toContainEqual({
    key: 'messaging.batch.message_count',
    value: { intValue: 3 },
  })
})

it('sends nothing when nothing is sampled', async () => {
  receiver.requests.length = 0
  const tracing = new BatchTracing({ endpoint: receiver.url, sampleRatio: 0, version: '1' })
  tracing.record(report())
  await tracing.stop()
  expect(receiver.requests).toEqual([])
})

it('traces the share of batches that it is told', async () => {
  receiver.requests.length = 0
  const clock = new FakeClock()
  const settings = { endpoint: receiver.url, sampleRatio: 0.25, version: '1' }
  const tracing = new BatchTracing(settings, clock)
  for (const chance of [0, 0.24, 0.25, 0.9]) {
    clock.chance = chance
    tracing.record(report({ records: 100 * chance }))
  }
  await tracing.flush()
  const counts = sent().spans.map(({ attributes }) => attributes[0]?.value.intValue)
  expect(counts).toEqual([0, 24])
  await tracing.stop()
})

it('does not hold up a stop when nobody takes the spans', async () => {
  const tracing = new BatchTracing({ endpoint: 'http://127.0.0.1:1', sampleRatio: 1, version: '1' })
  tracing.record(report())
  await tracing.stop()
})
