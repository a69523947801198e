import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createLog } from '../../src/io/telemetry/log.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { App } from '../../src/service/app.ts'
import { SeededRandom } from '../../src/stats/random.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-untemplated-'))
afterAll(() => rmSync(directory, { recursive: true }))

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const LINES = 1_000_000
const LINES_A_BODY = 4000
const START_MS = 1_795_914_000_000
const LETTERS = 'ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ'
const random = new SeededRandom(7)

/** Eight words that no other line has. */
function wildLine(): string {
  const word = (): string =>
    Array.from({ length: 5 }, () => LETTERS[random.uint32() % LETTERS.length]).join('')
  return Array.from({ length: 8 }, word).join(' ')
}

function body(service: string, texts: readonly string[], number: number): Uint8Array<ArrayBuffer> {
  const records = texts.map(
    (text, i): OtlpLogRecord => ({
      ...{ traceId: '', spanId: '', eventName: '', severityNumber: 9, severityText: 'INFO' },
      ...{ body: text, timeMs: START_MS + number * 1000 + Math.floor(i / 5) },
      attributes: { 'session.id': `${service}-${number}-${Math.floor(i / 5)}` },
    }),
  )
  return encodeLogsProto({ 'service.name': service }, records)
}

const TAME = ['order begins', 'card is charged', 'mail is sent', 'stock is booked', 'order ends']

describe('a million lines like no other', () => {
  it('hold the memory, are told with what to do, and do not stop others', async () => {
    const said: string[] = []
    const set = [
      ...['input.otlp_http.port=0', 'admin.port=0', `state.path=${directory}`],
      ...['logs.session.keys=session.id', 'logs.session.gap=1s', 'output.file.path=-'],
      ...['model.min_calibration=60', 'model.min_observations=10', 'model.window=10s'],
      ...['input.otlp_http.max_body_size=8MB', 'log.level=warn'],
    ]
    const app = new App(loadConfig({ name: 'test', text: '', env: {}, set }), {
      version: '1',
      log: createLog({
        ...{ level: 'warn', format: 'text', wall: Date.now },
        write: (line) => said.push(line),
      }),
      clock: systemClock,
      stdout: new PassThrough().resume(),
    })
    await app.start()
    const post = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      const headers = { 'content-type': 'application/x-protobuf' }
      const request = { method: 'POST', headers, body: Buffer.from(bytes) }
      while ((await fetch(`${app.otlpHttpAddress}/v1/logs`, request)).status === 429)
        await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`${app.adminAddress}/metrics`)).text()
      return Number(new RegExp(`^${name}(?:{[^}]*})? ([\\d.e+]+)`, 'm').exec(text)?.[1])
    }
    const heapMb = (): number => {
      gc()
      return process.memoryUsage().heapUsed / 1e6
    }
    const heaps: number[] = []
    let sent = 0
    for (let number = 0; number * LINES_A_BODY < LINES; number++) {
      await post(body('wild', Array.from({ length: LINES_A_BODY }, wildLine), number))
      await post(body('tame', [...TAME, ...TAME], number))
      sent += LINES_A_BODY + 2 * TAME.length
      if (number % 25 !== 24) continue
      await expect.poll(() => metric('medoscope_log_records_total'), { timeout: 60_000 }).toBe(sent)
      heaps.push(heapMb())
    }
    const notTemplating = await metric('medoscope_log_services_not_templating')
    await app.stop()
    console.info(`heap after each tenth of a million lines, MB: ${heaps.map(Math.round).join(' ')}`)
    expect(notTemplating).toBe(1)
    const warnings = said.filter((line) => line.includes('does not template well'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('service="wild"')
    expect(warnings[0]).toContain('log.record.template')
    // From the second tenth on everything that is bounded is full.
    const [, second = 0] = heaps
    expect(Math.max(...heaps.slice(2))).toBeLessThan(1.3 * second + 20)
  }, 600_000)
})
