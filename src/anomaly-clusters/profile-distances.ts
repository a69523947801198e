import { Dissimilarity } from '../distance/dissimilarity.ts'
import { Scaler, type Scales } from '../model/scales.ts'
import {
  type Profile,
  ProfileScratch,
  SCALED_STRIDE,
  type ScaledProfile,
} from '../profile/profile.ts'

/** Pairwise dissimilarities of a few kept profiles, on the scales of the model in effect. */
export class ProfileDistances {
  readonly #scaler: Scaler
  readonly #dissimilarity = new Dissimilarity()
  #scratch: ProfileScratch | null = null

  constructor(scales: Scales) {
    this.#scaler = new Scaler(scales)
  }

  between(a: Profile, b: Profile): number {
    return this.matrix([a, b])[1]!
  }

  /** n x n, row-major, symmetric. */
  matrix(profiles: readonly Profile[]): Float32Array<ArrayBuffer> {
    const n = profiles.length
    const distances = new Float32Array(n * n)
    const scaled = profiles.map((profile) => this.#scale(profile))
    for (let i = 0; i < n; i++) {
      const x = this.#load(profiles[i]!)
      for (let j = i + 1; j < n; j++) {
        const distance = this.#dissimilarity.distance(x, scaled[j]!)
        distances[i * n + j] = distance
        distances[j * n + i] = distance
      }
    }
    return distances
  }

  #scale(profile: Profile): ScaledProfile {
    const x = this.#load(profile)
    return { ...profile, scaled: x.scaled.slice(0, x.count * SCALED_STRIDE) }
  }

  #load(profile: Profile): ProfileScratch {
    if (this.#scratch?.categories.length !== profile.categories.length) {
      this.#scratch = new ProfileScratch(new Int32Array(profile.categories.length))
    }
    const x = this.#scratch as ProfileScratch
    x.load(profile)
    this.#scaler.apply(x)
    return x
  }
}
