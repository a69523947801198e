import type { Publication, Sink } from '../../src/contract/sink.ts'
import { DeliveryFailure } from '../../src/io/delivery-failure.ts'

/** Remembers what it was given; fails as often as told. */
export class FakeSink implements Sink {
  readonly name: string
  readonly takes: ReadonlySet<Publication['type']>
  readonly published: Publication[] = []
  failures = 0
  failure: Error = new Error('the sink is away')
  /** Ids of anomalies that it will never take. */
  refuses: (id: string) => boolean = () => false
  /** Called with each batch before it is taken. */
  before: () => void = () => undefined

  constructor(
    name = 'fake',
    takes: readonly Publication['type'][] = ['anomaly', 'anomaly_cluster', 'dead_letter'],
  ) {
    this.name = name
    this.takes = new Set(takes)
  }

  get ids(): string[] {
    return this.published.map((each) => (each.type === 'anomaly' ? each.anomaly.id : each.type))
  }

  async start(): Promise<void> {}

  async publish(batch: readonly Publication[]): Promise<void> {
    this.before()
    if (this.failures > 0) {
      this.failures--
      throw this.failure
    }
    if (batch.some((each) => each.type === 'anomaly' && this.refuses(each.anomaly.id))) {
      throw new DeliveryFailure('400 never', { isFinal: true })
    }
    this.published.push(...batch)
  }

  async stop(): Promise<void> {}
}
