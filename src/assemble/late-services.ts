/** Services that are told apart; the spans of all others are counted together. */
const MOST_SERVICES = 256

/** Spans dropped for coming too late, by service: who to ask why. */
export class LateServices {
  readonly #spans = new Map<number, number>()
  /** Dropped spans of services for which there was no room. */
  others = 0

  /** A dropped span of the service with this vocabulary id. */
  count(service: number): void {
    const known = this.#spans.get(service)
    if (known === undefined && this.#spans.size === MOST_SERVICES) this.others++
    else this.#spans.set(service, (known ?? 0) + 1)
  }

  /** Those with the most dropped spans first. */
  worst(): LateService[] {
    const found = [...this.#spans].map(([service, spans]) => ({ service, spans }))
    return found.sort((a, b) => b.spans - a.spans || a.service - b.service)
  }

  state(): LateServicesState {
    return { services: this.worst(), others: this.others }
  }

  restore({ services, others }: LateServicesState): void {
    for (const { service, spans } of services) this.#spans.set(service, spans)
    this.others = others
  }
}

export interface LateService {
  /** Vocabulary id of the service's name. */
  readonly service: number
  readonly spans: number
}

export interface LateServicesState {
  readonly services: readonly LateService[]
  readonly others: number
}
