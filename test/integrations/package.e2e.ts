import { execFile } from 'node:child_process'
import { createReadStream, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterWorld, csv, people } from '../cli/cluster-world.ts'

const run = promisify(execFile)
const ROOT = new URL('../..', import.meta.url).pathname
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const world = new ClusterWorld()
let server: Server | null = null
afterAll(() => {
  server?.close()
  world.remove()
})

/** A project that has nothing but the packed package. */
beforeAll(async () => {
  const options = { cwd: ROOT, env: process.env }
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--pack-destination', world.folder],
    options,
  )
  const [packed] = readdirSync(world.folder).filter((name) => name.endsWith('.tgz'))
  expect(stdout).toContain(packed)
  world.write('package.json', '{ "name": "scratch", "private": true, "type": "module" }')
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${packed}`]
  await run('npm', install, { cwd: world.folder })
})

/** Uses the engine as its users do; prints a line. */
const PROGRAM = `
import { adjustedRand, clara, cluster, euclidean, fasterPam, gower, kmedoidsPlusPlus, oneBatchPam, SeededRandom, silhouette } from 'medoscope/kmedoids'
const random = new SeededRandom(1)
const n = 300
const values = Float32Array.from({ length: 2 * n }, (_, i) => (Math.floor(i / 2) % 3) * 10 + random.next())
const points = { n, p: 2, values }
const weights = new Float64Array(n).fill(1)
const truth = Int32Array.from({ length: n }, (_, i) => i % 3)
const data = euclidean.of(points)
const medoids = kmedoidsPlusPlus(data, weights, 3, () => random.next())
const next = () => random.next()
const found = {
  fasterPam: fasterPam(data, weights, medoids, { random: next }).assignment,
  clara: clara(data, weights, { k: 3, random: next }).assignment,
  oneBatchPam: oneBatchPam(data, weights, { k: 3, random: next, start: medoids }).assignment,
  gower: cluster(points, { k: 3, distance: gower([{ kind: 'numeric' }, { kind: 'numeric' }]) }).assignment,
}
const rand = Object.entries(found).map(([name, own]) => [name, adjustedRand(own, truth)])
const { mean } = silhouette(data, found.fasterPam, 3)
const line = JSON.stringify({ ...Object.fromEntries(rand), silhouette: mean > 0.9 })
`
const EXPECTED = { fasterPam: 1, clara: 1, oneBatchPam: 1, gower: 1, silhouette: true }

describe('the packed package', () => {
  it('gives the engine to a program on Node', async () => {
    world.write('use.js', `${PROGRAM}\nconsole.log(line)\n`)
    const { stdout } = await run(process.execPath, ['use.js'], { cwd: world.folder })
    expect(JSON.parse(stdout)).toEqual(EXPECTED)
  })

  it('declares its types', async () => {
    world.write('use.ts', `${PROGRAM}\nexport const told: string = line\n`)
    world.write(
      'wrong.ts',
      `import { gower } from 'medoscope/kmedoids'\ngower([{ kind: 'nonsense' }])\n`,
    )
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      '',
    ]
    const check = (file: string): Promise<unknown> =>
      run(process.execPath, [tsc, ...flags, file], { cwd: world.folder })
    await check('use.ts')
    await expect(check('wrong.ts')).rejects.toMatchObject({
      stdout: expect.stringContaining('nonsense'),
    })
  })

  it('brings the command', async () => {
    world.write('people.csv', csv(people(60)))
    const args = ['medoscope', 'cluster', 'people.csv', '--k', '3', '--json', '--report', 'r.html']
    const { stdout } = await run('npx', ['--no', ...args], { cwd: world.folder })
    expect(JSON.parse(stdout)).toMatchObject({ rows: 60, k: 3 })
    expect(existsSync(world.path('r.html'))).toBe(true)
  })

  it.skipIf(!existsSync(CHROMIUM))('gives the engine to a page in a browser', async () => {
    const map = { imports: { 'medoscope/kmedoids': '/node_modules/medoscope/dist/kmedoids.js' } }
    writeFileSync(
      world.path('index.html'),
      `<!doctype html><script type="importmap">${JSON.stringify(map)}</script>
<script type="module">${PROGRAM}\ndocument.title = line\n</script>`,
    )
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
    server = createServer((request, response) => {
      const path = join(world.folder, request.url === '/' ? 'index.html' : (request.url ?? ''))
      if (!existsSync(path)) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' })
      createReadStream(path).pipe(response)
    })
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      await page.goto(`http://127.0.0.1:${port}/`)
      await page
        .waitForFunction('document.title !== ""', undefined, { timeout: 60_000 })
        .catch(() => null)
      expect(faults).toEqual([])
      expect(JSON.parse(await page.title())).toEqual(EXPECTED)
    } finally {
      await browser.close()
    }
  })
})
