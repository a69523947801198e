import { PROFILE_STRIDE, type Profile } from './profile.ts'

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
