import { describe, expect, it } from 'vitest'
import { addPartitions, createTopic, kafkaBrokers } from '../../kafka-broker.ts'
import { bodyText, pollCount, produce, sourceSettings, startSource } from './source-driver.ts'

const found = await kafkaBrokers()
const brokers = found ?? []

// In a file of its own: topics are looked at anew every half minute.
describe.skipIf(found === null)('KafkaSource', () => {
  it('finds partitions that are added, within a minute, and reads them from their beginning', async () => {
    const topic = await createTopic(brokers, 1)
    const { source, events } = await startSource(sourceSettings(brokers, topic, { from: 'latest' }))
    try {
      await expect.poll(() => events.map(({ type }) => type)).toContain('joined')
      await source.poll(1, 100)
      await addPartitions(brokers, topic, 3)
      // Before they are found: with `latest` these would be passed over.
      await produce(
        brokers,
        topic,
        [1, 2].map((partition) => ({ value: `p${partition}`, partition })),
      )
      const begun = Date.now()
      // A rebalance may hand over a record twice: at least once is what is promised.
      const texts = new Set<string>()
      while (texts.size < 2 && Date.now() - begun < 60_000) {
        for (const record of (await source.poll(10, 100))?.records ?? [])
          texts.add(bodyText(record))
      }
      expect([...texts].sort()).toEqual(['p1', 'p2'])
      expect(source.counters).toMatchObject({ added: 2, lost: 0 })
      expect(events.filter(({ type }) => type === 'partition_added')).toHaveLength(2)
    } finally {
      await source.stop()
    }
  })

  it('reads a partition from its beginning that was added while it was away', async () => {
    const topic = await createTopic(brokers, 1)
    const settings = sourceSettings(brokers, topic, { from: 'latest' })
    const first = await startSource(settings)
    await expect.poll(() => first.source.counters.commits, { timeout: 20_000 }).toBeGreaterThan(0)
    await first.source.stop()
    await addPartitions(brokers, topic, 2)
    await produce(brokers, topic, [{ value: 'new', partition: 1 }])
    const { source } = await startSource(settings)
    expect((await pollCount(source, 1)).map(bodyText)).toEqual(['new'])
    await source.stop()
  })
})
