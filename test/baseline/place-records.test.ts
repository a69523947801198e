import { describe, expect, it } from 'vitest'
import {
  bucketsEach,
  MOST_BUCKETS,
  MOST_VALUES,
  PlaceRecords,
} from '../../src/baseline/place-records.ts'
import { sampledValues, VALUES_PER_BUCKET } from '../../src/baseline/self-time-sample.ts'

function add(
  records: PlaceRecords,
  bucket: number,
  key: number,
  values: number,
  most?: number,
): void {
  const times = { n: values, durationNs: 5, length: values }
  const record = { ...times, bucket, runs: 1, parents: 1, errors: 0, key }
  const own = sampledValues(values + 1)
  for (let i = 0; i < values; i++) {
    own.of.value[1 + i] = bucket * 1000 + i
    own.of.path[1 + i] = bucket + i
  }
  records.add(record, own, 1, most)
}

/** Values by bucket, as they lie. */
function valuesOf(records: PlaceRecords): Map<number, number[]> {
  const found = new Map<number, number[]>()
  let from = 0
  for (let i = 0; i < records.count; i++) {
    const to = from + records.records.of.length[i]!
    found.set(records.records.of.bucket[i]!, [...records.values.of.value.slice(from, to)])
    from = to
  }
  return found
}

describe('the records of one place', () => {
  it('are without a bucket and all after it once they are dropped, and take new ones', () => {
    const records = new PlaceRecords()
    for (let bucket = 3; bucket < 7; bucket++) add(records, bucket, 1, 2)
    records.dropSince(5)
    expect([...valuesOf(records)]).toEqual([
      [3, [3000, 3001]],
      [4, [4000, 4001]],
    ])
    expect(records.used).toBe(4)
    add(records, 9, 1, 1)
    expect(valuesOf(records).get(9)).toEqual([9000])
    records.dropSince(0)
    expect(records.count).toBe(0)
    expect(records.used).toBe(0)
  })

  it('keep all of a thin place', () => {
    const records = new PlaceRecords()
    for (let bucket = 0; bucket < 400; bucket++) add(records, bucket, bucket % 17, 1)
    expect(records.count).toBe(400)
    expect(records.dropped).toBe(0)
  })

  it('come down to fewer buckets, those with the greatest keys, where places are many', () => {
    const records = new PlaceRecords()
    for (let bucket = 0; bucket < 400; bucket++) add(records, bucket, bucket, 1)
    for (let bucket = 400; bucket < 440; bucket++) add(records, bucket, bucket, 1, 128)
    expect(records.count).toBeLessThanOrEqual(128)
    const kept = [...valuesOf(records).keys()]
    expect(kept).toEqual(Array.from(kept, (_, i) => 440 - kept.length + i))
    expect([1, 2048, 4096, 8192, 100_000].map(bucketsEach)).toEqual([512, 512, 256, 128, 128])
  })

  it('keep the buckets with the greatest keys, whole, and count the others', () => {
    const records = new PlaceRecords()
    for (let bucket = 0; bucket < 3000; bucket++) add(records, bucket, (bucket * 7919) % 3001, 1)
    expect(records.count).toBeLessThanOrEqual(MOST_BUCKETS)
    expect(records.count).toBeGreaterThan(MOST_BUCKETS / 2)
    expect(records.count + records.dropped).toBe(3000)
    const kept = [...valuesOf(records).keys()].map((bucket) => (bucket * 7919) % 3001)
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(3001 - MOST_BUCKETS - 2)
    // Whatever came when, the greatest are there.
    const greatest = Array.from({ length: MOST_BUCKETS / 2 }, (_, i) => 3000 - i)
    expect(kept).toEqual(expect.arrayContaining(greatest))
  })

  it('hold no more values than allowed, each with the bucket that it came from', () => {
    const records = new PlaceRecords()
    for (let bucket = 0; bucket < 900; bucket++) add(records, bucket, bucket, VALUES_PER_BUCKET)
    expect(records.used).toBeLessThanOrEqual(MOST_VALUES)
    for (const [bucket, values] of valuesOf(records)) {
      expect(values.length).toBeGreaterThan(0)
      for (const value of values) expect(Math.floor(value / 1000)).toBe(bucket)
    }
    for (let v = 0; v < records.used; v++) {
      const value = records.values.of.value[v] ?? Number.NaN
      // The path that came with it.
      expect(records.values.of.path[v]).toBe(Math.floor(value / 1000) + (value % 1000))
    }
  })

  it('go on the same from a state', () => {
    const one = new PlaceRecords()
    for (let bucket = 0; bucket < 700; bucket++)
      add(one, bucket, (bucket * 31) % 997, 1 + (bucket % 9))
    const other = new PlaceRecords()
    other.restore(one.state())
    for (let bucket = 700; bucket < 900; bucket++) {
      add(one, bucket, (bucket * 31) % 997, 3)
      add(other, bucket, (bucket * 31) % 997, 3)
    }
    expect(other.state()).toEqual(one.state())
  })
})
