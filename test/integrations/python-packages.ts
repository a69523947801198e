import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Pinned, so that what was tested is what is tested. */
const PACKAGES = ['mlflow==3.17.2', 'pyspark==4.3.0']

const FOLDER = fileURLToPath(new URL('../../.medoscope/integrations', import.meta.url))

/** The folder of the programs of a Python environment with the packages, made where there is none. */
export function pythonPrograms(): string {
  const programs = `${FOLDER}/venv/bin`
  const mark = `${FOLDER}/installed-${PACKAGES.join('+')}`
  if (existsSync(mark)) return programs
  mkdirSync(FOLDER, { recursive: true })
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  run('python3', '-m', 'venv', `${FOLDER}/venv`)
  run(`${programs}/pip`, 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES)
  writeFileSync(mark, '')
  return programs
}
