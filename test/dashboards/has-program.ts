import { spawnSync } from 'node:child_process'

const known = new Map<string, boolean>()

/** Whether a program is on the PATH; says loudly, once, when it is not. In CI a missing one is a fault. */
export function hasProgram(name: string): boolean {
  const before = known.get(name)
  if (before !== undefined) return before
  const found = spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined
  known.set(name, found)
  if (!found && process.env['CI']) {
    throw new Error(`${name} is missing; run .ci/install-system-packages.sh`)
  }
  if (!found)
    console.warn(`SKIPPED: tests that need ${name}; .ci/install-system-packages.sh installs it.`)
  return found
}
