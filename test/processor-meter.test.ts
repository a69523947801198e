import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ProcessorMeter } from './processor-meter.ts'

describe('the processor time of a test', () => {
  it('counts from the end of the test before, so that hooks belong to the test after them', () => {
    let seconds = 100
    const meter = new ProcessorMeter(10, () => seconds)
    seconds += 50
    meter.start()
    seconds += 10
    expect(() => meter.check()).not.toThrow()
    seconds += 10.04
    expect(() => meter.check()).toThrow('took 10.0 s of processor time')
    expect(() => meter.check()).not.toThrow()
  })

  it('fails a test of a real run that takes more than its project allows, and no other', async () => {
    const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
    const config = join(import.meta.dirname, 'fixtures/processor-time/vitest.config.ts')
    const run = promisify(execFile)(
      process.execPath,
      [vitest, 'run', '--config', config, '--reporter=tap-flat'],
      { cwd: join(import.meta.dirname, '..'), env: { ...process.env, NO_COLOR: '1' } },
    )
    const { code, stdout } = await run.then(
      () => ({ code: 0, stdout: '' }),
      (error: { code: number; stdout: string }) => error,
    )
    expect(code).toBe(1)
    expect(stdout).toMatch(/^ok 1 .* takes little #/m)
    expect(stdout).toMatch(/^not ok 2 .* takes long #/m)
    expect(stdout).toContain('s of processor time, its hooks included; 0.5 s are the limit')
    expect(stdout).toMatch(/^ok 3 .* takes little again #/m)
  })
})
