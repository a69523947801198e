import { bootstrapIntervals, type Interval } from '../../stats/bootstrap-intervals.ts'
import { type Ranked, Ranking, type RankingFigures } from '../../stats/ranking.ts'
import type { LabelRow, VerdictRow } from './inputs.ts'

const SMALLEST_P = 1e-12

/** How well single verdicts tell faulty from normal observations; a figure is null where nothing can be said. */
export interface VerdictScore {
  readonly faulty: number
  readonly normal: number
  readonly by_score: RankingFigures | null
  readonly by_p: RankingFigures | null
  /** Share of normal observations with a p-value of at most so much. */
  readonly 'normal_at_p_0.001': number | null
  readonly 'normal_at_p_0.01': number | null
  readonly flagged: number
  readonly precision: number | null
  readonly recall: number | null
  /** Flagged share of the normal observations. */
  readonly false_positive_rate: number | null
  /** Share of the labelled observations with a verdict. */
  readonly coverage: number | null
  readonly intervals: Readonly<Record<string, Interval | null>>
}

interface Judged extends VerdictRow {
  readonly faulty: boolean
  readonly unit: number
}

/** Observations are faulty (label 1) or normal (0); undecided ones (-1) are left out. */
export function scoreVerdicts(
  verdicts: readonly VerdictRow[],
  labels: readonly LabelRow[],
): VerdictScore {
  const labelled = new Map(labels.map((row) => [row.id, row]))
  const latest = new Map(verdicts.map((row) => [row.id, row]))
  const units = new Units()
  const judged = [...latest.values()].flatMap((verdict): Judged[] => {
    const label = labelled.get(verdict.id)
    if (label?.label !== 0 && label?.label !== 1) return []
    return [{ ...verdict, faulty: label.label === 1, unit: units.of(label) }]
  })
  const ranked = (value: (verdict: VerdictRow) => number): Ranking =>
    new Ranking(judged.map((one): Ranked => ({ ...one, value: value(one) })))
  const byScore = ranked(({ score }) => score ?? 0)
  const byP = ranked(({ p }) => -Math.log(Math.max(p ?? 1, SMALLEST_P)))
  const once = new Float64Array(units.count).fill(1)
  const { faulty, normal, flagged, ...shares } = countsOf(judged, once)
  return {
    faulty,
    normal,
    by_score: byScore.figures(once),
    by_p: byP.figures(once),
    ...shares,
    flagged,
    coverage: share(labels.filter(({ id }) => latest.has(id)).length, labels.length),
    intervals: bootstrapIntervals(units.groups, (weights) => {
      const { faulty: _, normal: _n, flagged: _f, ...drawn } = countsOf(judged, weights)
      return {
        ...named('by_score', byScore.figures(weights)),
        ...named('by_p', byP.figures(weights)),
        ...drawn,
      }
    }),
  }
}

/** Units of the bootstrap: incidents, and minutes of normal traffic. */
class Units {
  readonly groups: [faulty: number[], normal: number[]] = [[], []]
  readonly #known = new Map<string, number>()

  get count(): number {
    return this.#known.size
  }

  of({ label, window, time }: LabelRow): number {
    const isFaulty = label === 1
    const minute = Math.floor(time / 60)
    const name = isFaulty && window >= 0 ? `window ${window}` : `${label} at ${minute}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const unit = this.#known.size
    this.#known.set(name, unit)
    this.groups[isFaulty ? 0 : 1].push(unit)
    return unit
  }
}

function countsOf(judged: readonly Judged[], weights: Float64Array) {
  let faulty = 0
  let normal = 0
  let flagged = 0
  let found = 0
  let below001 = 0
  let below01 = 0
  for (const { unit, faulty: isFaulty, anomalous, p } of judged) {
    const weight = weights[unit] ?? 0
    if (anomalous) flagged += weight
    if (isFaulty) {
      faulty += weight
      if (anomalous) found += weight
      continue
    }
    normal += weight
    if ((p ?? 1) <= 0.001) below001 += weight
    if ((p ?? 1) <= 0.01) below01 += weight
  }
  return {
    faulty,
    normal,
    flagged,
    'normal_at_p_0.001': share(below001, normal),
    'normal_at_p_0.01': share(below01, normal),
    precision: share(found, flagged),
    recall: share(found, faulty),
    false_positive_rate: share(flagged - found, normal),
  }
}

function named(by: string, figures: RankingFigures | null): Record<string, number> {
  const entries = Object.entries(figures ?? {}) as [string, number][]
  return Object.fromEntries(entries.map(([name, value]) => [`${by}.${name}`, value]))
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
