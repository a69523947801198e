import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/contract/log-record.ts'
import { RecordQueue } from '../../../src/io/kafka/partition-queue.ts'

function record(partition: string, offset: number, bytes: number): LogRecord {
  const body = new Uint8Array(bytes)
  return {
    ...{ partition, offset: BigInt(offset), body },
    ...{ encoding: 'otlp_proto', timestampMs: 0, keyed: false },
  }
}

describe('RecordQueue', () => {
  it('is full at either limit and has room again at half of both', () => {
    const byCount = new RecordQueue(4, 1000)
    for (let i = 0; i < 4; i++) {
      expect(byCount.isFull).toBe(false)
      byCount.push(record('t/0', i, 1))
    }
    expect(byCount.isFull).toBe(true)
    byCount.take(1)
    expect([byCount.isFull, byCount.hasRoom]).toEqual([false, false])
    byCount.take(1)
    expect(byCount.hasRoom).toBe(true)

    const byBytes = new RecordQueue(100, 1000)
    byBytes.push(record('t/0', 0, 600))
    expect([byBytes.isFull, byBytes.hasRoom]).toEqual([false, false])
    byBytes.push(record('t/0', 1, 400))
    expect(byBytes.isFull).toBe(true)
  })

  it('behaves like an array, whatever is pushed, taken and dropped', () => {
    const step = fc.oneof(
      fc.record({ push: fc.nat(2), bytes: fc.nat(100) }),
      fc.record({ take: fc.nat(5) }),
      fc.record({ drop: fc.nat(2) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new RecordQueue(10, 300)
        let model: LogRecord[] = []
        steps.forEach((s, i) => {
          if ('push' in s) {
            const pushed = record(`t/${s.push}`, i, s.bytes)
            queue.push(pushed)
            model.push(pushed)
          } else if ('take' in s) {
            expect(queue.take(s.take)).toEqual(model.splice(0, s.take))
          } else {
            const kept = model.filter((r) => r.partition !== `t/${s.drop}`)
            expect(queue.drop((p) => p === `t/${s.drop}`)).toBe(model.length - kept.length)
            model = kept
          }
          const bytes = model.reduce((sum, r) => sum + r.body.length, 0)
          expect([queue.length, queue.bytes]).toEqual([model.length, bytes])
          expect(queue.isFull).toBe(model.length >= 10 || bytes >= 300)
        })
      }),
    )
  })
})
