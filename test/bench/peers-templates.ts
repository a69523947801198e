import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import { logLines } from '../templates/log-lines.ts'
import { type Figure, median } from './figures.ts'
import { installDrain3 } from './peers/install-peers.ts'
import { threadCpuUs } from './thread-cpu.ts'

const LINES = 200_000
const LF = 0x0a

/** Lines to templates beside drain3, turn about on the same lines; processor time of one thread each. */
export async function templateFigures(
  folder: string,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figure[]> {
  progress('installing drain3 ...')
  const drain3 = await installDrain3(folder)
  if ('missing' in drain3) {
    progress(`SKIPPED: drain3 is not here: ${drain3.missing}`)
    return []
  }
  const bytes = new TextEncoder().encode(`${logLines(LINES, 1).join('\n')}\n`)
  const scratch = await mkdtemp(join(tmpdir(), 'templates-'))
  try {
    const file = join(scratch, 'lines.log')
    await writeFile(file, bytes.subarray(0, -1))
    const ratios: number[] = []
    const shown: string[] = []
    for (let round = 0; round < rounds; round++) {
      progress(`templates, round ${round + 1} of ${rounds} ...`)
      const [program = '', ...first] = drain3.command
      const { stdout } = await promisify(execFile)(program, [...first, file])
      const theirs = JSON.parse(stdout) as { seconds: number; clusters: number }
      const ours = mine(bytes)
      ratios.push(theirs.seconds / ours.seconds)
      const rate = (seconds: number): string => `${Math.round(LINES / seconds / 1000)}k`
      shown.push(
        `${rate(ours.seconds)}:${rate(theirs.seconds)} (${ours.templates}:${theirs.clusters})`,
      )
    }
    const what = `lines a second, ours:drain3 with three masks (templates): ${shown.join(' ')}`
    return [{ name: 'templates_vs_drain3', value: median(ratios), what, bar: 'at least 3, aim 8' }]
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** A fresh miner over all lines, its compiling included. */
function mine(bytes: Uint8Array): { seconds: number; templates: number } {
  const miner = new TemplateMiner()
  const startUs = threadCpuUs()
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start)
    miner.add(bytes, start, end, Number.NaN)
    start = end + 1
  }
  return { seconds: (threadCpuUs() - startUs) / 1e6, templates: miner.templates().length }
}
