import { describe, expect, it } from 'vitest'
import {
  bucketsEach,
  MOST_BUCKETS,
  MOST_VALUES,
  PlaceRecords,
} from '../../src/baseline/place-records.ts'
import { sampledValues, VALUES_PER_BUCKET } from '../../src/baseline/self-time-sample.ts'
import { Marks } from '../../src/columns/marks.ts'

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

  it('keep less of each bucket rather than fewer buckets, down to eight values', () => {
    const records = new PlaceRecords()
    const after: (number | undefined)[][] = []
    for (let bucket = 1; bucket <= 129; bucket++) {
      add(records, bucket, bucket, VALUES_PER_BUCKET)
      if (![32, 33, 64, 65, 128, 129].includes(bucket)) continue
      const lengths = [...valuesOf(records).values()].map(({ length }) => length)
      after.push([records.count, Math.min(...lengths), Math.max(...lengths), records.dropped])
    }
    expect(after).toEqual([
      [32, 32, 32, 0],
      [33, 16, 16, 0],
      [64, 16, 16, 0],
      [65, 8, 8, 0],
      [128, 8, 8, 0],
      // No room but that of other buckets: the eighth with the least keys goes.
      [113, 8, 8, 16],
    ])
    expect(records.records.of.bucket.slice(0, 2)).toEqual(Int32Array.of(17, 18))
    expect(records.used).toBe(8 * 113)
    // The first values of each bucket are those that stay.
    expect(valuesOf(records).get(17)).toEqual(Array.from({ length: 8 }, (_, i) => 17_000 + i))
  })

  it('take no bucket of a lesser key than those that went', () => {
    const records = new PlaceRecords()
    for (let bucket = 0; bucket <= MOST_BUCKETS; bucket++) add(records, bucket, bucket, 1)
    const least = MOST_BUCKETS >> 3
    expect([records.count, records.dropped]).toEqual([MOST_BUCKETS - least + 1, least])
    add(records, 9000, least - 1, 1)
    expect([records.count, records.dropped]).toEqual([MOST_BUCKETS - least + 1, least + 1])
    add(records, 9001, least, 1)
    expect(records.records.of.bucket[records.count - 1]).toBe(9001)
    // Once it is cleared all are welcome again, with all of their values.
    records.clear()
    add(records, 1, 0, VALUES_PER_BUCKET)
    expect([records.count, records.used]).toEqual([1, VALUES_PER_BUCKET])
  })

  it('know by no path what came by one that was forgotten', () => {
    const records = new PlaceRecords()
    for (let bucket = 5; bucket < 8; bucket++) add(records, bucket, 1, 3)
    const gone = new Marks()
    gone.addAll([6, 8, 99])
    records.forgetPaths(gone)
    expect([...records.values.of.path.slice(0, 9)]).toEqual([5, 1, 7, 1, 7, 1, 7, 1, 9])
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
