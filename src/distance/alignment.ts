import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'

/**
 * An observation laid beside a medoid: for each element of the medoid, the observation's row of the
 * same call path. Computed once for a pair, read by every term.
 */
export class Alignment {
  x!: ProfileScratch
  m!: ScaledProfile
  /** By element of the medoid: row in x, or -1. */
  rows = new Int32Array(128)
  /** Elements that both have. */
  shared = 0
  /** Elements that at least one has. */
  union = 0

  align(x: ProfileScratch, m: ScaledProfile): void {
    this.x = x
    this.m = m
    const { paths } = m
    if (paths.length > this.rows.length) this.rows = new Int32Array(paths.length * 2)
    let shared = 0
    for (let j = 0; j < paths.length; j++) {
      const row = x.row(paths[j]!)
      this.rows[j] = row
      if (row >= 0) shared++
    }
    this.shared = shared
    this.union = x.count + paths.length - shared
  }
}
