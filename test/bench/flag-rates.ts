import { binomialBand } from '../../src/cli/binomial-band.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'
import type { Figure } from './figures.ts'

const START = Date.UTC(2026, 10, 25, 7)
const LEARN_MS = 1_600_000
const JUDGE_MS = 600_000

/** Flagged share of normal traffic over alpha, for several alphas, each with its 99 % band. */
export function flagRates(alphas: readonly number[], seeds: readonly number[]): Figure[] {
  const counts = alphas.map(() => ({ judged: 0, flagged: 0 }))
  for (const seed of seeds) {
    const options = { seed, startMs: START, tracesPerSecond: 20, durationMs: LEARN_MS + JUDGE_MS }
    const log = simulatedLog(options)
    const split = log.findIndex(({ timestampMs }) => timestampMs > START + LEARN_MS)
    alphas.forEach((alpha, i) => {
      const detector = new Detector(detectorSettings({ alpha }))
      const output = emptyOutput()
      detector.learnOnly = true
      runThrough(detector, log.slice(0, split), output)
      detector.fitNow(output)
      detector.learnOnly = false
      runThrough(detector, log.slice(split), output)
      const count = counts[i]
      if (!count) return
      count.judged += output.verdicts.filter(({ p }) => p !== null).length
      count.flagged += output.anomalies.length
    })
  }
  return alphas.flatMap((alpha, i) => {
    const { judged, flagged } = counts[i] ?? { judged: 0, flagged: 0 }
    return rateFigures(`simulated_${String(alpha).replace('.', '_')}`, alpha, judged, flagged)
  })
}

/** The ratio under its name, and both ends of its band. */
export function rateFigures(
  name: string,
  alpha: number,
  judged: number,
  flagged: number,
): Figure[] {
  const [low, high] = binomialBand(judged, alpha, 0.99)
  const over = (count: number): number => count / judged / alpha
  const band = `${over(low).toFixed(2)} to ${over(high).toFixed(2)}`
  return [
    {
      name: `fpr_ratio_${name}`,
      value: over(flagged),
      what: `flagged share of ${judged} normal traces over alpha ${alpha}`,
      bar: `99 % binomial band ${band}`,
    },
    { name: `fpr_band_low_${name}`, value: over(low), what: 'its band, lower end', bar: '' },
    { name: `fpr_band_high_${name}`, value: over(high), what: 'its band, upper end', bar: '' },
  ]
}
