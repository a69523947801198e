import {
  cargo,
  dockerBuild,
  dotnet,
  eslint,
  gradle,
  makeGcc,
  npmInstall,
  tsc,
  webpackKilled,
} from './builds.ts'
import { type CiCase, CiLog, type CiRun } from './ci-log.ts'
import { ansible, apt, compose, kubectl, terraform } from './deployments.ts'
import { bazel, go, jest, maven, pytest, rspec } from './test-runs.ts'

/** Jobs of CI systems, as their tools print them; each with one failure. */
export const CI_CASES: Readonly<Record<string, CiCase>> = {
  ...{ pytest, jest, maven, gradle, go, cargo, npmInstall, dockerBuild, makeGcc, tsc },
  ...{ eslint, terraform, kubectl, ansible, bazel, rspec, dotnet, webpackKilled, apt, compose },
}

/** What says nothing of a failure, although no earlier run has said it, and some of it sounds like one. */
const NEWS = [
  'Cache not found for input keys: linux-build-7f3c, linux-build-',
  '[notice] A new release of pip is available: 25.2 -> 25.3',
  'hint: Pulling without specifying how to reconcile divergent branches is discouraged.',
  'WARN  could not read remote cache, falling back to local: timeout after 500 ms',
  'info: retrying download of metadata in 2 s (attempt 1 of 5)',
  'telemetry is disabled: no exporter is configured',
  'Reusing existing builder instance from an earlier job',
  'warning: LF will be replaced by CRLF the next time Git touches it',
  'license check: 0 errors, 0 warnings',
  'Feature flag new-error-page is enabled for this branch',
  'Uploading coverage of branch feature/failover to the dashboard',
  'note: the default of --max-old-space-size changes with the next major version',
  'Selected 14 of 212 suites by changed files',
  'pre-commit hooks are up to date',
  'debug: worker pool resized from 2 to 4',
  'DeprecationWarning: The `util.isArray` API is deprecated. Please use `Array.isArray()` instead.',
  'Found a lock file of an older format, converting it',
  'Restored 3 artifacts of an earlier job',
]
const NEWS_A_RUN = 9

/** A run that passed and one that failed, of the same job. */
export function ciRuns(name: string, seed: number): { passed: CiRun; failed: CiRun } {
  const write = CI_CASES[name]
  if (write === undefined) throw new Error(`there is no case ${name}`)
  const passed = new CiLog(2 * seed)
  write(passed, false)
  const failed = new CiLog(2 * seed + 1)
  write(failed, true)
  for (const text of failed.shuffled(NEWS).slice(0, NEWS_A_RUN)) failed.slipIn(text)
  return { passed, failed }
}
