import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { documentedYaml } from '../../src/config/print.ts'
import { main } from '../../src/main.ts'
import { FakeWorld } from '../fakes/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'medoscope-cli-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function cli(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const world = new FakeWorld(env)
  const code = await main(args, world)
  return { code, out: world.out, err: world.err }
}

function file(text: string): string {
  const path = join(directory, 'm.yaml')
  writeFileSync(path, text)
  return path
}

describe('medoscope', () => {
  it('lists its commands and exit codes', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { code, out, err } = await cli(args)
      expect([code, err]).toEqual([0, ''])
      for (const word of ['run', 'replay', 'validate', '78 faults']) expect(out).toContain(word)
    }
  })

  it('tells what a command takes, either way of asking', async () => {
    for (const command of ['run', 'replay', 'validate']) {
      const asked = await cli(['help', command])
      expect(asked).toEqual(await cli([command, '--help']))
      expect(asked.out).toContain(`usage: medoscope ${command}`)
      expect(asked.out).toContain('exit codes:')
    }
  })

  it('says its version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, out: 'medoscope 9.9.9\n', err: '' })
  })

  it.each([
    [[]],
    [['frobnicate']],
    [['constructor']],
    [['run', '--nope']],
    [['run', 'file']],
    [['run', '--bootstrap', '5x']],
    [['run', '--bootstrap', '2h', '--set', 'input.otlp_http.port=0']],
    [['replay']],
    [['replay', 'a', '--out', '-', '--clusters', '-']],
    [['replay', 'a', '--config', '/nowhere.yaml']],
    [['validate', 'a', 'b']],
    [['validate', '/nowhere.yaml']],
  ])('calls %j wrong usage, on standard error', async (args) => {
    const { code, out, err } = await cli(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('medoscope')
  })

  it.each([['run'], ['replay', 'x'], ['validate']])(
    '%s finds every fault of the configuration at once',
    async (...args) => {
      const path = file('alpha: 3\ntraces: {quit: 5s}\n')
      const { code, err } = await cli([...args, '--config', path])
      expect(code).toBe(78)
      expect(err).toContain(`${path}:1: alpha: found 3`)
      expect(err).toContain(`${path}:2: traces.quit`)
    },
  )

  it('fails with 1 and the reason when something else goes wrong', async () => {
    const { code, err } = await cli(['replay', '/nowhere.jsonl'])
    expect(code).toBe(1)
    expect(err).toContain('/nowhere.jsonl')
  })
})

describe('validate', () => {
  it('is content with a good file, named either way', async () => {
    const path = file('alpha: 0.01\n')
    expect((await cli(['validate', path])).code).toBe(0)
    expect((await cli(['validate', '-c', path])).code).toBe(0)
    expect((await cli(['validate'])).code).toBe(0)
  })

  it('gives faults as JSON', async () => {
    const { code, out } = await cli(['validate', file('alpha: 3\n'), '--json'])
    expect(code).toBe(78)
    expect(JSON.parse(out)).toEqual({
      valid: false,
      faults: [
        { key: 'alpha', line: 1, found: '3', allowed: 'a number above 0, up to 0.5', hint: '' },
      ],
    })
    expect(JSON.parse((await cli(['validate', '--json'])).out)).toEqual({ valid: true, faults: [] })
  })

  it('prints what is in effect, without secrets, and what the defaults are', async () => {
    const path = file('admin: {token: "${env:TOKEN}"}\n')
    const { out } = await cli(['validate', path, '--print', '--set', 'alpha=0.02'], {
      TOKEN: 'hunter2',
    })
    expect(out).toContain('alpha: 0.02')
    expect(out).not.toContain('hunter2')
    expect((await cli(['validate', '--defaults'])).out).toBe(documentedYaml())
  })
})

describe('colours', () => {
  it.each([
    [{}, false, false],
    [{}, true, true],
    [{ NO_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
  ])('with %j on a terminal: %s are %s', async (env, isTTY, coloured) => {
    const world = new FakeWorld(env as Record<string, string>, isTTY)
    await main(['frobnicate'], world)
    expect(world.err.includes('\u001b[31m')).toBe(coloured)
  })
})
