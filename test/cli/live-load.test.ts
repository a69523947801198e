import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { LiveLoad } from '../../src/cli/live-load.ts'
import { systemClock } from '../../src/io/clock.ts'
import { FaultSwitchServer } from '../../src/io/http/fault-switch-server.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'
import { FaultSwitches } from '../../src/simulate/fault-switches.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { oracleSpans } from '../otlp/protobuf-oracle.ts'

describe('the fault switches', () => {
  it('break the running shop at once, and mend it', () => {
    const switches = new FaultSwitches(1)
    const { faults, mix } = switches
    const run = simulate({
      seed: 1,
      startMs: 0,
      durationMs: 90_000,
      tracesPerSecond: 60,
      faults,
      changes: [mix],
    })
    const failed = [0, 0, 0]
    const searches = [0, 0, 0]
    for (const { timeMs, resources } of run) {
      const part = Math.min(2, Math.floor(timeMs / 30_000))
      switches.set('errors', part === 1)
      switches.set('mix', part === 1)
      for (const { spans } of resources) {
        for (const { name, status } of spans) {
          if (name === 'POST /charge' && status === 2) failed[part]!++
          if (name === 'GET /search') searches[part]!++
        }
      }
    }
    expect(failed[1]).toBeGreaterThan(10 * (failed[0]! + 1))
    expect(failed[2]).toBeLessThan(failed[1]! / 5)
    expect(searches[1]).toBeGreaterThan(2 * searches[0]!)
    expect(searches[2]).toBeLessThan(searches[1]! / 2)
  })

  it('know the demo faults, all off, and nothing else', () => {
    const switches = new FaultSwitches(1)
    expect(switches.switches.map(({ key, on }) => [key, on])).toEqual([
      ['slow_dependency', false],
      ['cpu_bound', false],
      ['errors', false],
      ['missing_call', false],
      ['retry_storm', false],
      ['unseen_path', false],
      ['mix', false],
    ])
    expect(switches.set('coffee', true)).toBe(false)
  })
})

describe('the page of the fault switch', () => {
  it('shows buttons, and turns faults on and off for scripts and for browsers', async () => {
    const switches = new FaultSwitches(1)
    const server = new FaultSwitchServer(switches, () => ({ sent: 7, lost: 0 }))
    await server.start('127.0.0.1', 0)
    const { address } = server
    const page = await (await fetch(address)).text()
    expect(page).toContain('7 spans sent')
    expect(page.match(/<form method="post"/g)?.length).toBe(7)
    const post = (path: string, accept: string): Promise<Response> =>
      fetch(`${address}/faults/${path}`, {
        method: 'POST',
        headers: { accept, 'content-type': 'application/x-www-form-urlencoded' },
        body: '',
        redirect: 'manual',
      })
    expect((await post('errors/on', 'application/json')).status).toBe(200)
    expect(switches.switches.find(({ key }) => key === 'errors')?.on).toBe(true)
    const back = await post('errors/off', 'text/html')
    expect([back.status, back.headers.get('location')]).toEqual([303, '/'])
    expect(switches.switches.find(({ key }) => key === 'errors')?.on).toBe(false)
    expect((await post('errors/maybe', '*/*')).status).toBe(404)
    expect((await post('coffee/on', '*/*')).status).toBe(404)
    await server.stop()
  })
})

/** Takes OTLP as a Collector does and keeps the ends of the spans; refuses the first `refused` bodies. */
async function receiver(
  refused: number,
): Promise<{ endpoint: string; ends: number[]; close(): void }> {
  const ends: number[] = []
  let left = refused
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      response.statusCode = left > 0 ? 503 : 200
      if (left > 0) left--
      else for (const { endMs } of oracleSpans(Buffer.concat(parts))) ends.push(endMs)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ends, close }
}

describe('the live load', () => {
  it('sends the present, counts what does not arrive, and stops', async () => {
    const { endpoint, ends, close } = await receiver(1)
    const settings = { endpoint, tracesPerSecond: 50, seed: 1, historyMs: 0 }
    const load = new LiveLoad(settings, new FaultSwitches(1), systemClock, silentLog)
    const started = Date.now()
    const running = load.run()
    while (ends.length < 200 && Date.now() - started < 20_000) await systemClock.sleep(50)
    load.stop()
    await running
    close()
    expect(load.sent).toBe(ends.length)
    expect(load.lost).toBeGreaterThan(0)
    expect(Math.min(...ends)).toBeGreaterThan(started - 1000)
    expect(Math.max(...ends)).toBeLessThanOrEqual(Date.now())
  })

  it('begins with history when it is told to, catches up with the present and goes on', async () => {
    const { endpoint, ends, close } = await receiver(0)
    const settings = { endpoint, tracesPerSecond: 20, seed: 1, historyMs: 20_000 }
    const load = new LiveLoad(settings, new FaultSwitches(1), systemClock, silentLog)
    const started = Date.now()
    const running = load.run()
    const isPresent = (): boolean => ends.some((endMs) => endMs > started)
    while (!isPresent() && Date.now() - started < 20_000) await systemClock.sleep(50)
    load.stop()
    await running
    close()
    expect(isPresent()).toBe(true)
    expect(load.lost).toBe(0)
    const secondsPast = ends.map((endMs) => (started - endMs) / 1000)
    for (let from = 20; from > 0; from -= 5) {
      const part = secondsPast.filter((age) => age <= from && age > from - 5)
      expect(part.length, `${from} s ago`).toBeGreaterThan(20 * 5)
    }
  })
})
