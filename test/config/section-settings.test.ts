import { describe, expect, it } from 'vitest'
import { detectorSettings } from '../../src/config/detector-settings.ts'
import { otlpHttpSettings } from '../../src/config/io-settings.ts'
import { loadConfig } from '../../src/config/load.ts'
import { pipelineSettings } from '../../src/config/pipeline-settings.ts'
import { sectionSettings } from '../../src/config/section-settings.ts'

function config(...set: string[]) {
  return loadConfig({ name: 'test', text: '', env: {}, set })
}

describe('the settings of a section', () => {
  it('are its keys in camel case, durations in ms and sizes in bytes', () => {
    const given = config('traces.max_wait=90s', 'traces.closed_ids=123', 'traces.quiet=1500ms')
    expect(sectionSettings(given, 'traces')).toMatchObject({
      maxWaitMs: 90_000,
      closedIds: 123,
      quietMs: 1500,
    })
    const http = config('input.otlp_http.max_body_size=1MiB', 'input.otlp_http.queue_bytes=8MiB')
    expect(otlpHttpSettings(http)).toMatchObject({
      maxBodyBytes: 1024 ** 2,
      queueBytes: 8 * 1024 ** 2,
      maxRequests: expect.any(Number),
    })
  })

  it('reach the part that they are of, under the names that it declares', () => {
    const given = config('accumulate.ask_after=2h', 'state.checkpoint_interval=7s', 'seed=9')
    const settings = detectorSettings(given, true)
    expect(settings).toMatchObject({ seed: 9, explainAll: true, drift: { seed: 9 } })
    expect(settings.accumulate.askAfterMs).toBe(7_200_000)
    expect(pipelineSettings(given)).toMatchObject({ checkpointIntervalMs: 7000, batchWaitMs: 250 })
    expect(settings.drift.blockMs).toBe(300_000)
  })

  it('lose and invent no key', () => {
    const given = config()
    for (const section of ['traces', 'features', 'sample', 'model', 'accumulate'] as const) {
      const names = Object.keys(sectionSettings(given, section))
      const keys = Object.keys(given[section])
      const words = (name: string): string =>
        name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      expect(names.map(words)).toEqual(keys)
    }
  })
})
