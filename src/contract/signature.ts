/** What a person said of what keeps coming back. Empty where nothing was said. */
export interface SignatureWords {
  readonly name: string
  readonly note: string
  /** Address of a page that says what to do about it. */
  readonly runbook: string
}

/** That a person called an anomaly cluster fine. Times: data time, ms. */
export interface Acceptance {
  readonly cluster: string
  readonly atMs: number
  /** Who said so, and why; empty where it was not said. */
  readonly by: string
  readonly reason: string
  /** Until then it holds. */
  readonly untilMs: number
}

/** What a person says when accepting an anomaly cluster. */
export interface Answer {
  readonly by?: string
  readonly reason?: string
  /** Data time, ms; without it for some weeks. */
  readonly untilMs?: number
}

/** How an anomaly cluster has outgrown what its signature showed before. */
export type Excess = 'longer' | 'more often' | 'larger' | 'elsewhere'

/** What keeps coming back: the anomaly clusters that were alike. */
export interface Signature extends SignatureWords {
  readonly id: string
  /** Whether the next one like it is not told unless it outgrows those before. */
  readonly known: boolean
  readonly acceptance: Acceptance | null
  /** How often it came so far, and when. */
  readonly times: number
  readonly firstMs: number
  readonly lastMs: number
  /** Typical time from one to the next; null for less than three. */
  readonly everyMs: number | null
  readonly rhythm: 'daily' | 'weekly' | null
  /** Longest of those remembered, the greatest share of calls, and how many times its normal value. */
  readonly longestMs: number
  readonly largestShare: number
  readonly largestSize: number
  /** Where it shows, what of it, in words. */
  readonly places: readonly string[]
  /** The anomaly clusters remembered, the latest last. */
  readonly clusters: readonly string[]
}

/** What an anomaly cluster says of the signature that it is like. */
export interface Recalled extends SignatureWords {
  readonly id: string
  /** How often it came, this time included; and the last time before, data time, ms. */
  readonly times: number
  readonly lastMs: number
  /** Whether it is known, so that it is told only once it outgrows those before. */
  readonly known: boolean
  /** How it outgrew them; null while it has not. */
  readonly excess: Excess | null
}
