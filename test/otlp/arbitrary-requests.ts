import fc from 'fast-check'
import type { Attributes, AttributeValue } from '../../src/otlp/any-value.ts'
import type { OtlpResourceSpans, OtlpSpan } from '../../src/otlp/encode-traces.ts'

const KEYS = [
  'service.name',
  'http.request.method',
  'http.method',
  'http.status_code',
  'rpc.response.status_code',
  'rpc.grpc.status_code',
  'messaging.destination',
  'messaging.destination.name',
  'app.tier',
  'x',
  'k8s.pod.name',
  'service.instance.id',
  'url.path',
  'db.query.text',
  'y',
  '',
  'ключ',
]

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
    .filter((id) => !/^0+$/.test(id))

const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('GET', 'é', '\ufeffmark', 'a'.repeat(127), 'b'.repeat(128), '語'.repeat(60), ''),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double(),
  fc.boolean(),
)

const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.constantFrom(...KEYS),
  attributeValue,
  { maxKeys: 8, noNullPrototype: true },
)

const time = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 1_790_000_000_000_000_000n, max: 1_790_000_100_000_000_000n }),
)

const event = fc.record({ timeNs: time, name: fc.string({ maxLength: 5 }), attributes })
const link = fc.record({ traceId: hex(32), spanId: hex(16), attributes })

const arbitrarySpan: fc.Arbitrary<OtlpSpan> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: fc.oneof(fc.constant(''), hex(16)),
  name: fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constant('n'.repeat(300))),
  kind: fc.integer({ min: 0, max: 5 }),
  startNs: time,
  endNs: time,
  status: fc.integer({ min: 0, max: 2 }),
  statusMessage: fc.string({ maxLength: 4 }),
  attributes,
  events: fc.array(event, { maxLength: 2 }),
  links: fc.array(link, { maxLength: 2 }),
})

/** Valid requests with all that the writers can say, edge cases included. */
export const arbitraryRequest: fc.Arbitrary<OtlpResourceSpans[]> = fc.array(
  fc.record(
    {
      attributes,
      scope: fc.string({ maxLength: 5 }),
      spans: fc.array(arbitrarySpan, { maxLength: 4 }),
    },
    { requiredKeys: ['attributes', 'spans'] },
  ),
  { maxLength: 3 },
)
