import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MANIFEST = fileURLToPath(new URL('builder.yaml', import.meta.url))
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.158.0'
const BUILD_MS = 20 * 60_000

/**
 * A Collector built from the manifest with Go and its module proxy (five minutes of processor time the
 * first time, then from the cache); resolves to the binary. Needs Go 1.25 or newer on the PATH or in
 * /usr/local/go/bin.
 */
export async function buildCollector(): Promise<string> {
  const manifest = readFileSync(MANIFEST, 'utf8')
  const digest = createHash('sha256').update(manifest).digest('hex').slice(0, 12)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const binary = join(cache, 'medoscope-collector', digest, 'otelcol')
  if (existsSync(binary)) return binary
  await mkdir(dirname(binary), { recursive: true })
  const work = await mkdtemp(join(dirname(binary), 'build-'))
  try {
    const file = join(work, 'builder.yaml')
    const dist = join(work, 'dist')
    await writeFile(file, manifest.replace('output_path: ./dist', `output_path: ${dist}`))
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/local/go/bin` }
    const options = { cwd: work, env, timeout: BUILD_MS, maxBuffer: 64 * 1024 * 1024 }
    const build = (): Promise<unknown> => run('go', ['run', BUILDER, `--config=${file}`], options)
    // What a failed download left behind is kept in Go's caches: the second attempt is short.
    await build().catch(build)
    await rename(join(dist, 'otelcol'), binary)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return binary
}
