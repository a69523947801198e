import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How a peer is started, or why it cannot be. */
export type Installed = { readonly command: readonly string[] } | { readonly missing: string }

/** Python packages of each environment: scikit-learn-extra was built against an older numpy. */
const PYTHON = {
  kmedoids: ['kmedoids', 'scikit-learn', 'numpy'],
  banditpam: ['banditpam', 'numpy'],
  'scikit-learn-extra': ['scikit-learn-extra', 'scikit-learn<1.6', 'numpy<2'],
} as const satisfies Readonly<Record<string, readonly string[]>>

const here = new URL('.', import.meta.url).pathname

/** Installs the peers into folders of their own below `folder`; what is there already stays. */
export async function installPeers(
  folder: string,
  progress: (text: string) => void,
): Promise<Map<string, Installed>> {
  const root = resolve(folder)
  await mkdir(root, { recursive: true })
  const peers = new Map<string, Installed>()
  for (const [peer, packages] of Object.entries(PYTHON)) {
    progress(`installing ${peer} ...`)
    peers.set(peer, await orWhy(() => python(join(root, `python-${peer}`), peer, packages)))
  }
  progress('installing the npm package k-medoids ...')
  peers.set('npm k-medoids', await orWhy(() => npm(join(root, 'npm'))))
  for (const method of ['pam', 'clara']) peers.set(`R ${method}`, await orWhy(() => r(method)))
  return peers
}

/** drain3, which mines templates of logs; the same rules. */
export async function installDrain3(folder: string): Promise<Installed> {
  const root = resolve(folder)
  await mkdir(root, { recursive: true })
  return await orWhy(async () => {
    const [binary = ''] = await python(join(root, 'python-drain3'), 'drain3', ['drain3==0.9.11'])
    return [binary, join(here, 'drain3-lines.py')]
  })
}

/** Detectors of anomalies in rows of numbers; the same rules. */
export async function installVerdictPeers(folder: string): Promise<Installed> {
  const root = resolve(folder)
  await mkdir(root, { recursive: true })
  const packages = ['river==0.26.1', 'scikit-learn==1.9.1']
  return await orWhy(async () => {
    const [binary = ''] = await python(join(root, 'python-verdicts'), 'verdicts', packages)
    return [binary, join(here, 'verdict-peers.py')]
  })
}

async function orWhy(install: () => Promise<readonly string[]>): Promise<Installed> {
  try {
    return { command: await install() }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { missing: text.trim().split('\n').at(-1) ?? text }
  }
}

async function python(
  folder: string,
  peer: string,
  packages: readonly string[],
): Promise<readonly string[]> {
  const binary = join(folder, 'bin/python')
  if (!existsSync(join(folder, 'installed'))) {
    await run('python3', ['-m', 'venv', folder])
    await run(binary, ['-m', 'pip', 'install', '--quiet', ...packages])
    await writeFile(join(folder, 'installed'), `${packages.join('\n')}\n`)
  }
  return [binary, join(here, 'peers.py'), peer]
}

async function npm(folder: string): Promise<readonly string[]> {
  if (!existsSync(join(folder, 'node_modules/k-medoids'))) {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{"private":true}\n')
    await run('npm', ['install', '--no-audit', '--no-fund', 'k-medoids@1.0.8'], { cwd: folder })
  }
  return [process.execPath, join(here, 'npm-k-medoids.cjs'), folder]
}

/** R comes from the system: `apt-get install r-base-core r-cran-cluster` on Debian. */
async function r(method: string): Promise<readonly string[]> {
  try {
    await run('Rscript', ['-e', 'library(cluster)'])
  } catch {
    throw new Error('no R with the package cluster; on Debian: r-base-core and r-cran-cluster')
  }
  return ['Rscript', join(here, 'peers.R'), method]
}
