/** Seeded draws of bursty counts, by textbook methods that share no code with what is tested. */
export class BurstDraws {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** In (0, 1): mulberry32. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296
  }

  /** Box-Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Marsaglia, Tsang 2000; below 1 by their boost. */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape)
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = (1 + c * x) ** 3
      if (v <= 0) continue
      if (Math.log(this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }

  /** The share of one bucket: Beta with this mean and correlation; rho 0 = the mean itself. */
  share(mean: number, rho: number): number {
    if (rho === 0) return mean
    const size = (1 - rho) / rho
    const a = this.gamma(mean * size)
    return a / (a + this.gamma((1 - mean) * size))
  }

  /** How many of n deviate, each with this share. */
  binomial(n: number, share: number): number {
    let count = 0
    for (let i = 0; i < n; i++) if (this.uniform() < share) count++
    return count
  }
}
