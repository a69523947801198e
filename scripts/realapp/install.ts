import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const APP = fileURLToPath(new URL('app', import.meta.url))
const REGISTER = '@opentelemetry/auto-instrumentations-node/register'
const INSTALL_MS = 15 * 60_000

/** The application beside its packages, ready to be started. */
export interface InstalledApplication {
  /** Folder of its sources. */
  readonly dir: string
  /** The module that instruments a Node service, for `--require`. */
  readonly register: string
  readonly python: string
  /** The program that starts an instrumented Python service. */
  readonly instrument: string
}

/**
 * Copies the application beside its packages, which are fetched from npm and PyPI the first time. They
 * stay out of this project's own: the application is what medoscope watches, not a part of it.
 */
export async function installApplication(
  say: (line: string) => void,
): Promise<InstalledApplication> {
  const lists = await Promise.all(
    ['package.json', 'requirements.txt'].map((name) => readFile(join(APP, name), 'utf8')),
  )
  const digest = createHash('sha256').update(lists.join()).digest('hex').slice(0, 12)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const dir = join(cache, 'medoscope-realapp', digest)
  await mkdir(dir, { recursive: true })
  await cp(APP, dir, { recursive: true })
  const venv = join(dir, 'venv')
  const complete = join(dir, 'complete')
  if (!existsSync(complete)) {
    say(`installing the application's packages from npm and PyPI into ${dir}`)
    const options = { cwd: dir, timeout: INSTALL_MS, maxBuffer: 64 * 1024 * 1024 }
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], options)
    await run('python3', ['-m', 'venv', venv], options)
    const pip = join(venv, 'bin', 'pip')
    await run(pip, ['install', '--quiet', '-r', join(dir, 'requirements.txt')], options)
    await writeFile(complete, '')
  }
  return {
    dir,
    register: createRequire(join(dir, 'package.json')).resolve(REGISTER),
    python: join(venv, 'bin', 'python'),
    instrument: join(venv, 'bin', 'opentelemetry-instrument'),
  }
}
