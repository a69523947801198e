import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { findBroker } from './kafka/find-broker.ts'
import type { BrokerAnswer } from './kafka-broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test file asks for the broker of this run; the first one to ask has it started. */
    kafkaBrokers: string
  }
}

/**
 * Runs once per test run, whatever files are in it, so it only opens a loopback port that answers
 * with the broker's address: a run without Kafka tests pays for no broker.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let found: ReturnType<typeof findBroker> | null = null
  const server = createServer((_request, response) => {
    found ??= findBroker()
    found
      .then(({ brokers }): BrokerAnswer => ({ brokers, reason: '' }))
      .catch((error: unknown): BrokerAnswer => ({ brokers: '', reason: String(error) }))
      .then((answer) => response.end(JSON.stringify(answer)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  project.provide('kafkaBrokers', `http://127.0.0.1:${port}`)
  return async () => {
    server.closeAllConnections()
    server.close()
    const broker = await found?.catch(() => null)
    await broker?.close()
  }
}
