import { createTopic, withAdmin } from '../kafka-broker.ts'
import { containerRuntimeAnswers, startContainerBroker } from './container-broker.ts'
import { LocalBroker } from './local-broker.ts'

interface FoundBroker {
  /** host:port, comma-separated. */
  readonly brokers: string
  close(): Promise<void>
}

/**
 * The broker of a test run, first one that is to be had: `KAFKA_BROKERS`; a container, where a
 * container runtime answers; a JVM with the jars of Maven Central. Only the global set-up calls it.
 */
export async function findBroker(): Promise<FoundBroker> {
  const given = process.env['KAFKA_BROKERS'] ?? ''
  const found = given !== '' ? { brokers: given, close: nothing } : await startBroker()
  try {
    await warmUp(found.brokers)
  } catch (error) {
    await found.close()
    throw error
  }
  return found
}

async function startBroker(): Promise<FoundBroker> {
  if (await containerRuntimeAnswers()) {
    const container = await startContainerBroker()
    return { brokers: container.address, close: () => container.close() }
  }
  const local = await LocalBroker.start()
  return { brokers: local.addresses.plaintext, close: () => local.close() }
}

async function nothing(): Promise<void> {}

/** A broker that is up answers for groups only once its coordinator has loaded. */
async function warmUp(brokers: string): Promise<void> {
  const addresses = brokers.split(',')
  const topic = await createTopic(addresses, 1)
  await withAdmin(addresses, async (admin) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await admin.fetchOffsets({ groupId: 'warm-up', topics: [topic] })
        break
      } catch (error) {
        if (attempt === 30) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    await admin.deleteTopics({ topics: [topic] })
  })
}
