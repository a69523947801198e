import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Figure } from '../figures.ts'

/**
 * Memory of a process that judges 16 simulated shops, more than ten times the cardinality of one, beside
 * strangers with ever new names, and takes a checkpoint every two minutes.
 */
export async function memoryFigures(): Promise<Figure[]> {
  const script = new URL('../run-limits-memory.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  const { rss, checkpoint }: Record<'rss' | 'checkpoint', number[]> = JSON.parse(stdout)
  const half = Math.floor(rss.length / 2)
  const growth = Math.max(...rss.slice(half)) / Math.max(...rss.slice(0, half))
  const curve = rss.map(Math.round).join(' ')
  return [
    {
      name: 'limits_rss_mb',
      value: Math.max(...rss),
      what: `memory at more than 10 times the cardinality of the shop, MB; curve ${curve}`,
      bar: 'under 900, flat',
    },
    {
      name: 'limits_rss_growth',
      value: growth,
      what: 'its largest memory in the second half over that in the first',
      bar: 'under 1.1',
    },
    {
      name: 'limits_checkpoint_mb',
      value: Math.max(...checkpoint),
      what: 'its largest checkpoint, MB',
      bar: '',
    },
  ]
}
