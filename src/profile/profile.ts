import { STATUS_ERROR } from '../otlp/span-columns.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'
import type { TraceElements } from './trace-elements.ts'

/** Columns of `Profile.values`, one row an element. Times as ln(1 + microseconds). */
export const COUNT = 0
export const MEAN_DURATION = 1
export const MAX_SELF = 2
export const ERRORS = 3
export const PROFILE_STRIDE = 4

/** Columns of `scaled`: duration and self time on the element's own scale (see model/scales.ts). */
export const SCALED_DURATION = 0
export const SCALED_SELF = 1
export const SCALED_STRIDE = 2

/** An observation in numbers, kept in reservoirs and models. */
export interface Profile {
  /** Ids of its call paths, ascending. */
  readonly paths: Int32Array<ArrayBuffer>
  /** `PROFILE_STRIDE` values for each path. */
  readonly values: Float32Array<ArrayBuffer>
  /** Status of the entry: 0 unset, 1 ok, 2 error. */
  readonly status: number
  /** Vocabulary ids of the configured categories on the entry; 0 = missing. */
  readonly categories: Int32Array<ArrayBuffer>
}

/** A profile with its times on their elements' own scales: what the dissimilarity compares. */
export interface ScaledProfile extends Profile {
  /** `SCALED_STRIDE` values for each path. */
  readonly scaled: Float32Array<ArrayBuffer>
}

/**
 * Many profiles in a few flat arrays: how a sample travels to the worker thread and into a
 * checkpoint. Profile i has the paths [offsets[i], offsets[i + 1]).
 */
export interface PackedProfiles {
  readonly count: number
  /** count + 1 entries. */
  readonly offsets: Int32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
  readonly status: Uint8Array<ArrayBuffer>
  /** The same number a profile: the configured categories. */
  readonly categories: Int32Array<ArrayBuffer>
}

/** ln(1 + microseconds) of a time in ns. */
export function logTime(ns: number): number {
  return Math.log1p(ns / 1000)
}

/** Milliseconds of a value made by `logTime`. */
export function fromLogTime(value: number): number {
  return Math.expm1(value) / 1000
}

/** A time as precise as a profile keeps it, ns: to be compared with what comes from kept ones. */
export function keptTime(ns: number): number {
  return fromLogTime(Math.fround(logTime(ns))) * 1e6
}

/**
 * Many profiles in a few flat arrays: how a sample travels to the worker thread and into a
 * checkpoint. Profile i has the paths [offsets[i], offsets[i + 1]).
 */
export interface PackedProfiles {
  readonly count: number
  /** count + 1 entries. */
  readonly offsets: Int32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
  readonly status: Uint8Array<ArrayBuffer>
  /** The same number a profile: the configured categories. */
  readonly categories: Int32Array<ArrayBuffer>
}

export function packProfiles(profiles: readonly Profile[], categories: number): PackedProfiles {
  const count = profiles.length
  const offsets = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + profiles[i]!.paths.length
  const packed = {
    count,
    offsets,
    paths: new Int32Array(offsets[count]!),
    values: new Float32Array(offsets[count]! * PROFILE_STRIDE),
    status: new Uint8Array(count),
    categories: new Int32Array(count * categories),
  }
  for (let i = 0; i < count; i++) {
    const profile = profiles[i]!
    packed.paths.set(profile.paths, offsets[i]!)
    packed.values.set(profile.values, offsets[i]! * PROFILE_STRIDE)
    packed.status[i] = profile.status
    packed.categories.set(profile.categories, i * categories)
  }
  return packed
}

/** Profile `index`, copied out. */
export function unpackProfile(packed: PackedProfiles, index: number): Profile {
  const from = packed.offsets[index]!
  const to = packed.offsets[index + 1]!
  const width = packed.count === 0 ? 0 : packed.categories.length / packed.count
  return {
    paths: packed.paths.slice(from, to),
    values: packed.values.slice(from * PROFILE_STRIDE, to * PROFILE_STRIDE),
    status: packed.status[index]!,
    categories: packed.categories.slice(index * width, (index + 1) * width),
  }
}

/**
 * The profile of the trace at hand, in reused arrays, with a dense index from path id to row. A
 * `Profile` can be loaded back into it, so everything that compares profiles does so through this.
 */
export class ProfileScratch {
  /** Elements; rows [0, count) are valid. */
  count = 0
  paths = new Int32Array(128)
  values = new Float32Array(128 * PROFILE_STRIDE)
  /** Filled by `Scales.apply`. */
  scaled = new Float32Array(128 * SCALED_STRIDE)
  status = 0
  categories: Int32Array<ArrayBuffer>
  readonly #categorySlots: Int32Array
  #rowOf = new Int32Array(1024) // by path id, valid where #stamp agrees
  #stamp = new Uint32Array(1024)
  #now = 0

  /** `categorySlots`: attribute slots of the configured categories. */
  constructor(categorySlots: Int32Array) {
    this.#categorySlots = categorySlots
    this.categories = new Int32Array(categorySlots.length)
  }

  /** Row of a path, or -1. */
  row(path: number): number {
    return path < this.#stamp.length && this.#stamp[path] === this.#now ? this.#rowOf[path]! : -1
  }

  /** Describes the trace in `elements`. */
  read(elements: TraceElements): void {
    this.#begin()
    const { trace } = elements
    const { status } = trace.columns.of
    for (let i = 0; i < elements.count; i++) {
      const path = elements.path[i]!
      let row = this.row(path)
      if (row < 0) row = this.#add(path)
      const duration = logTime(trace.durationNs[i]!)
      const self = logTime(elements.selfNs[i]!)
      const values = this.values
      const at = row * PROFILE_STRIDE
      values[at + COUNT]! += 1
      values[at + MEAN_DURATION]! += duration
      if (self > values[at + MAX_SELF]!) values[at + MAX_SELF] = self
      if (status[i] === STATUS_ERROR) values[at + ERRORS]! += 1
    }
    for (let row = 0; row < this.count; row++) {
      const at = row * PROFILE_STRIDE
      const times = this.values[at + COUNT]!
      if (times === 1) continue
      this.values[at + MEAN_DURATION]! /= times
    }
    this.status = status[0]!
    for (let c = 0; c < this.categories.length; c++) {
      this.categories[c] = trace.columns.of.attributes[this.#categorySlots[c]!] ?? NO_TEXT
    }
  }

  /** Describes a kept profile. */
  load(profile: Profile): void {
    this.#begin()
    for (let i = 0; i < profile.paths.length; i++) this.#add(profile.paths[i]!)
    this.values.set(profile.values)
    this.status = profile.status
    this.categories.set(profile.categories)
  }

  /** Describes profile `index` of a packed sample. */
  loadPacked(packed: PackedProfiles, index: number): void {
    this.#begin()
    const from = packed.offsets[index]!
    const to = packed.offsets[index + 1]!
    for (let i = from; i < to; i++) {
      const row = this.#add(packed.paths[i]!)
      for (let k = 0; k < PROFILE_STRIDE; k++) {
        this.values[row * PROFILE_STRIDE + k] = packed.values[i * PROFILE_STRIDE + k]!
      }
    }
    this.status = packed.status[index]!
    const width = this.categories.length
    for (let c = 0; c < width; c++) this.categories[c] = packed.categories[index * width + c]!
  }

  /** A copy that can be kept, elements in ascending order of path id. */
  keep(): Profile {
    const { count } = this
    const paths = this.paths.slice(0, count).sort()
    const values = new Float32Array(count * PROFILE_STRIDE)
    for (let i = 0; i < count; i++) {
      const from = this.#rowOf[paths[i]!]! * PROFILE_STRIDE
      const to = i * PROFILE_STRIDE
      for (let k = 0; k < PROFILE_STRIDE; k++) values[to + k] = this.values[from + k]!
    }
    return { paths, values, status: this.status, categories: this.categories.slice() }
  }

  /** Order-free hash of the set of paths: equal sets give equal signatures. */
  signature(): number {
    let sum = 0
    for (let row = 0; row < this.count; row++) sum = (sum + mix(this.paths[row]!)) >>> 0
    return sum
  }

  #begin(): void {
    this.count = 0
    if (this.#now === 0xffffffff) {
      this.#stamp.fill(0)
      this.#now = 0
    }
    this.#now++
  }

  #add(path: number): number {
    if (path >= this.#stamp.length) this.#growIndex(path)
    if (this.count === this.paths.length) this.#growRows()
    const row = this.count++
    this.paths[row] = path
    this.#stamp[path] = this.#now
    this.#rowOf[path] = row
    const at = row * PROFILE_STRIDE
    for (let k = 0; k < PROFILE_STRIDE; k++) this.values[at + k] = 0
    return row
  }

  #growRows(): void {
    const paths = new Int32Array(this.paths.length * 2)
    paths.set(this.paths)
    this.paths = paths
    const values = new Float32Array(this.values.length * 2)
    values.set(this.values)
    this.values = values
    this.scaled = new Float32Array(this.paths.length * SCALED_STRIDE)
  }

  #growIndex(path: number): void {
    const length = 2 ** Math.ceil(Math.log2(path + 1))
    const rowOf = new Int32Array(length)
    rowOf.set(this.#rowOf)
    this.#rowOf = rowOf
    const stamp = new Uint32Array(length)
    stamp.set(this.#stamp)
    this.#stamp = stamp
  }
}

/** Signature of a kept profile: the same as that of a scratch holding it. */
export function signatureOf(paths: Int32Array): number {
  let sum = 0
  for (let i = 0; i < paths.length; i++) sum = (sum + mix(paths[i]!)) >>> 0
  return sum
}

function mix(value: number): number {
  let hash = Math.imul(value + 0x9e3779b9, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
