import type { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import type { KafkaSourceSettings } from '../../../src/io/kafka/kafka-source-settings.ts'
import { bodyText, positionsAfter, startSource } from './source-driver.ts'

/**
 * What the pipeline does with a source, in small: poll, note, commit. It keeps the books that the
 * source's contract is about: positions rise in a partition unless it was reported as revoked.
 */
export class Follower {
  readonly source: KafkaSource
  readonly texts: string[] = []
  readonly revoked: string[] = []
  /** Records that came although their position did not rise. */
  readonly backward: string[] = []
  readonly #last = new Map<string, bigint>()
  #ended = false
  #loop: Promise<void> = Promise.resolve()

  private constructor(source: KafkaSource) {
    this.source = source
  }

  static async start(settings: KafkaSourceSettings): Promise<Follower> {
    const { source } = await startSource(settings)
    const follower = new Follower(source)
    follower.#loop = follower.#follow()
    return follower
  }

  async #follow(): Promise<void> {
    while (!this.#ended) {
      const batch = await this.source.poll(50, 20)
      if (batch === null) return
      for (const name of batch.revoked) {
        this.revoked.push(name)
        this.#last.delete(name)
      }
      for (const record of batch.records) {
        const last = this.#last.get(record.partition) ?? -1n
        if (record.offset <= last) this.backward.push(`${record.partition} ${record.offset}`)
        this.#last.set(record.partition, record.offset)
        this.texts.push(bodyText(record))
      }
      await this.source.commit(positionsAfter(batch.records))
    }
  }

  async stop(): Promise<void> {
    this.#ended = true
    await this.#loop
    await this.source.stop()
  }
}
