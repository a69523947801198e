import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createTopic, kafkaBrokers, uniqueName } from '../../kafka-broker.ts'
import { Follower } from './follower.ts'
import { numbered, produce, sourceSettings, type TestMessage } from './source-driver.ts'

const found = await kafkaBrokers()
const brokers = found ?? []

const running: Follower[] = []
async function follow(...args: Parameters<typeof sourceSettings>): Promise<Follower> {
  const follower = await Follower.start(sourceSettings(...args))
  running.push(follower)
  return follower
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends the messages over `forMs`, so that rebalances fall into the middle of them. */
async function trickle(topic: string, messages: TestMessage[], forMs: number): Promise<void> {
  const rounds = 25
  const batch = messages.length / rounds
  for (let i = 0; i < rounds; i++) {
    await produce(brokers, topic, messages.slice(i * batch, (i + 1) * batch))
    await pause(forMs / rounds)
  }
}

const missing = (sent: readonly TestMessage[], ...seen: (readonly string[])[]): string[] => {
  const all = new Set(seen.flat())
  return sent.map(({ value }) => String(value)).filter((text) => !all.has(text))
}

describe.skipIf(found === null)('a group of KafkaSources', () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((follower) => follower.stop()))
  })

  it('loses nothing and keeps its order while members join and leave', async () => {
    const topic = await createTopic(brokers, 4)
    const groupId = uniqueName('group')
    const sent = numbered('m', 500, 4)
    const first = await follow(brokers, topic, { groupId })
    await expect.poll(() => first.source.lag().size, { timeout: 10_000 }).toBe(4)
    const sending = trickle(topic, sent, 3000)
    await pause(500)
    const second = await follow(brokers, topic, { groupId })
    await expect.poll(() => second.texts.length, { timeout: 10_000 }).toBeGreaterThan(0)
    await first.stop()
    await sending
    await expect
      .poll(() => missing(sent, first.texts, second.texts), { timeout: 15_000 })
      .toEqual([])
    expect(first.backward.concat(second.backward)).toEqual([])
    // The first kept two of four partitions when the second came.
    expect(first.revoked.length).toBe(2)
    expect(second.revoked).toEqual([])
    const repeats = first.texts.length + second.texts.length - sent.length
    console.info(`joined and left: ${sent.length} sent, 0 lost, ${repeats} seen twice`)
    expect(repeats).toBeLessThan(sent.length / 4)
  })

  it('takes over from a process that was killed, from its last commit', async () => {
    const topic = await createTopic(brokers, 2)
    const groupId = uniqueName('group')
    const sent = numbered('m', 300, 2)
    const script = fileURLToPath(new URL('follower-process.ts', import.meta.url))
    const args = [script, brokers.join(','), topic, groupId]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const childTexts: string[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      childTexts.push(...chunk.toString().split('\n').filter(Boolean))
    })
    try {
      await produce(brokers, topic, sent.slice(0, 150))
      await expect.poll(() => childTexts.length, { timeout: 15_000 }).toBe(150)
    } finally {
      child.kill('SIGKILL')
    }
    await produce(brokers, topic, sent.slice(150))
    const heir = await follow(brokers, topic, { groupId, sessionTimeoutMs: 1500 })
    await expect.poll(() => missing(sent, childTexts, heir.texts), { timeout: 15_000 }).toEqual([])
    // It did not begin from the beginning: what the killed one had committed is not read again.
    expect(heir.texts.length).toBeLessThan(300)
  })

  it('drops its state and starts at the commit when somebody else had its partitions meanwhile', async () => {
    const topic = await createTopic(brokers, 1)
    const groupId = uniqueName('group')
    const limits = { groupId, sessionTimeoutMs: 1500, heartbeatIntervalMs: 200 }
    const follower = await follow(brokers, topic, limits)
    await produce(brokers, topic, numbered('m', 10))
    await expect.poll(() => follower.texts.length, { timeout: 10_000 }).toBe(10)
    const path = new URL('follower-process.ts', import.meta.url).pathname
    const other = spawn(process.execPath, [path, brokers.join(','), topic, groupId])
    const texts: string[] = []
    other.stdout.on('data', (chunk) => texts.push(...String(chunk).split('\n').filter(Boolean)))
    try {
      // Stopped for longer than its session while the other one joins, reads and commits.
      await new Promise((resolve) => setTimeout(resolve, 1200))
      await produce(brokers, topic, numbered('n', 10))
      const until = Date.now() + 6000
      while (Date.now() < until);
      await expect
        .poll(() => missing(numbered('n', 10), follower.texts, texts), { timeout: 15_000 })
        .toEqual([])
    } finally {
      other.kill('SIGKILL')
    }
    await produce(brokers, topic, numbered('o', 10))
    await expect
      .poll(() => missing(numbered('o', 10), follower.texts), { timeout: 15_000 })
      .toEqual([])
    expect(follower.backward).toEqual([])
  })

  it('keeps its state when the group has given it up and nobody else had its partitions', async () => {
    const topic = await createTopic(brokers, 1)
    const groupId = uniqueName('group')
    const limits = { groupId, sessionTimeoutMs: 1000, heartbeatIntervalMs: 200 }
    const follower = await follow(brokers, topic, limits)
    await produce(brokers, topic, numbered('m', 10))
    await expect.poll(() => follower.texts.length, { timeout: 10_000 }).toBe(10)
    // A process that is stopped for longer than its session: no heartbeat can leave.
    const until = Date.now() + 2000
    while (Date.now() < until);
    await produce(brokers, topic, numbered('n', 10))
    await expect
      .poll(() => missing(numbered('n', 10), follower.texts), { timeout: 10_000 })
      .toEqual([])
    expect(follower.revoked).toEqual([])
    expect(follower.texts).toHaveLength(20)
    expect(follower.backward).toEqual([])
    expect(follower.source.counters.crashes).toBe(0)
  })
})
