import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Builds JavaScript and declarations for the package, into dist/: Node strips no types below node_modules,
 * and a browser none at all. In a checkout nothing of it is needed or used.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const run = (program: string, ...args: string[]): void => {
  execFileSync(process.execPath, [`${root}node_modules/${program}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
}

rmSync(`${root}dist`, { recursive: true, force: true })
run('typescript/bin/tsc', '-p', 'tsconfig.build.json')
// Only what programs import needs declarations.
run('typescript/bin/tsc', '-p', 'tsconfig.declarations.json')
// The compiler rewrites imports. Threads are started from URLs, which it cannot know, and declarations keep
// the names of the sources.
const THREAD = /(new URL\('[^']+)\.ts(', import\.meta\.url\))/g
const IMPORT = /((?:from |import\()["']\.[^"']+)\.ts(["'])/g
for (const path of globSync('dist/**/*.{js,d.ts}', { cwd: root })) {
  const text = readFileSync(`${root}${path}`, 'utf8')
  const built = path.endsWith('.js')
    ? text.replace(THREAD, '$1.js$2')
    : text.replace(IMPORT, '$1.js$2')
  if (built !== text) writeFileSync(`${root}${path}`, built)
}
