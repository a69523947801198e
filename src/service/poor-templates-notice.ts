import type { PoorTemplates } from '../detector/detector.ts'
import type { Log } from '../io/telemetry/log.ts'

/** Says of each service, once, that its log lines do not template well, with what to do. */
export class PoorTemplatesNotice {
  readonly #log: Log
  readonly #told = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  look(poor: readonly PoorTemplates[]): void {
    for (const { service, aloneShare, warning } of poor) {
      if (this.#told.has(service)) continue
      this.#told.add(service)
      const share = Number(aloneShare.toFixed(2))
      this.#log.warn(`this source ${warning}`, { service, alone_share: share })
    }
  }
}
