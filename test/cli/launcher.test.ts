import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

vi.setConfig({ testTimeout: 90_000 })

const run = promisify(execFile)
const launcher = new URL('../../bin/medoscope.js', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'medoscope-launcher-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** An older Node on this machine, to start the launcher with; null if there is none. */
let oldNode: string | null = null
beforeAll(async () => {
  const candidate = '/usr/bin/node'
  if (existsSync(candidate)) {
    const { stdout } = await run(candidate, ['--version'])
    if (Number(/^v(\d+)/.exec(stdout)?.[1]) < 24) oldNode = candidate
  }
  if (oldNode === null)
    console.warn('no older Node here: what the launcher does with one is not tested')
})

async function start(
  node: string,
  args: string[],
): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await run(node, args)
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, err: stderr }
  }
}

describe('the launcher', () => {
  it('runs medoscope on this Node and passes on its exit code', async () => {
    expect(await start(process.execPath, [launcher, '--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^medoscope \d/),
    })
    expect((await start(process.execPath, [launcher, 'frobnicate'])).code).toBe(2)
  })

  it("takes the project's own Node when started by an older one", async ({ skip }) => {
    if (oldNode === null) return skip()
    expect(await start(oldNode, [launcher, '--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^medoscope \d/),
    })
    expect((await start(oldNode, [launcher, 'validate', '--set', 'alpha=7'])).code).toBe(78)
  })

  it('says what to do when there is no newer Node to take', async ({ skip }) => {
    if (oldNode === null) return skip()
    cpSync(launcher, join(directory, 'bin', 'medoscope.mjs'))
    const { code, err } = await start(oldNode, [join(directory, 'bin', 'medoscope.mjs'), 'run'])
    expect(code).toBe(1)
    expect(err).toContain('needs Node 24')
    expect(err).toContain('npm install')
  })

  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('stops the service in order at %s and ends with %s', async (signal, code) => {
    const args = [
      'run',
      ...[
        'input.otlp_http.port=0',
        'admin.port=0',
        `state.path=${join(directory, signal)}`,
      ].flatMap((setting) => ['--set', setting]),
    ]
    const child = spawn(oldNode ?? process.execPath, [launcher, ...args])
    let log = ''
    child.stderr.on('data', (chunk) => {
      log += chunk
    })
    await expect.poll(() => log, { timeout: 60_000 }).toContain('running')
    child.kill(signal)
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(code)
    expect(log).toContain('stopped')
    expect(existsSync(join(directory, signal, 'checkpoint.bin'))).toBe(true)
  })
})
