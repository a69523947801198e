import type { SeededRandom } from '../../../src/stats/random.ts'

/** A trace of `spans` spans whose names nobody has heard before, nor will again. */
export function stranger(random: SeededRandom, endMs: number, spans: number): object {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random.next() * 16).toString(16)).join('')
  const word = (): string =>
    Array.from({ length: 12 }, () => String.fromCharCode(97 + Math.floor(random.next() * 26))).join(
      '',
    )
  const traceId = hex(32)
  const ids = Array.from({ length: spans }, () => hex(16))
  return {
    resourceSpans: ids.map((spanId, i) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: word() } }] },
      scopeSpans: [
        {
          spans: [
            {
              ...{ traceId, spanId, name: word(), kind: 2 },
              ...(i === 0 ? {} : { parentSpanId: ids[0] }),
              startTimeUnixNano: `${Math.round(endMs - 20 + i)}000000`,
              endTimeUnixNano: `${Math.round(endMs)}000000`,
              attributes: [{ key: 'http.request.method', value: { stringValue: word() } }],
            },
          ],
        },
      ],
    })),
  }
}
