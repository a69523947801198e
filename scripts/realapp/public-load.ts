import { SeededRandom } from '../../src/stats/random.ts'

interface Kind {
  readonly perSecond: number
  readonly method: 'GET' | 'POST'
  readonly path: (random: SeededRandom) => string
}

const FILMS = 12
/** Bookings that surely exist once the first minute is over; before, the answer is empty. */
const BOOKINGS = 60

const some = (random: SeededRandom, count: number): number => 1 + Math.floor(random.next() * count)

/** What the public does, some fifteen requests a second in all. */
const KINDS: readonly Kind[] = [
  { perSecond: 4, method: 'GET', path: () => '/films' },
  { perSecond: 4, method: 'GET', path: (random) => `/films/${some(random, FILMS)}` },
  { perSecond: 3, method: 'GET', path: (random) => `/films/${some(random, FILMS)}/seats` },
  { perSecond: 2, method: 'GET', path: (random) => `/bookings/${some(random, BOOKINGS)}` },
  { perSecond: 2, method: 'POST', path: () => '/bookings' },
]

const REQUEST_MS = 30_000

/** Requests since the last time it was asked. */
export interface LoadCount {
  readonly requests: number
  readonly failed: number
}

/** Sends the public's requests, each kind as a Poisson stream, until it is stopped. */
export class PublicLoad {
  readonly #url: string
  readonly #random: SeededRandom
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ending = new AbortController()
  #requests = 0
  #failed = 0

  constructor(url: string, seed: number) {
    this.#url = url
    this.#random = new SeededRandom(seed)
  }

  start(): void {
    for (const kind of KINDS) this.#next(kind)
  }

  stop(): void {
    this.#ending.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  take(): LoadCount {
    const count = { requests: this.#requests, failed: this.#failed }
    this.#requests = 0
    this.#failed = 0
    return count
  }

  #next(kind: Kind): void {
    if (this.#ending.signal.aborted) return
    const waitMs = (-Math.log(1 - this.#random.next()) / kind.perSecond) * 1000
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#send(kind)
      this.#next(kind)
    }, waitMs)
    this.#timers.add(timer)
  }

  async #send({ method, path }: Kind): Promise<void> {
    const { signal } = this.#ending
    const film = some(this.#random, FILMS)
    const body =
      method === 'POST'
        ? { body: JSON.stringify({ film }), headers: { 'content-type': 'application/json' } }
        : {}
    let failed = true
    try {
      const response = await fetch(`${this.#url}${path(this.#random)}`, {
        method,
        ...body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      })
      await response.arrayBuffer()
      failed = !response.ok
    } catch {
      if (signal.aborted) return
    }
    this.#requests++
    if (failed) this.#failed++
  }
}
