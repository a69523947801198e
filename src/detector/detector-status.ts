import type { Model } from '../model/model.ts'
import type { Judge, JudgedCounts } from './judge.ts'
import type { Learner } from './learner.ts'
import type { DetectorSettings } from './settings.ts'
import type { Tables } from './tables.ts'

/** How far the detector is, for people and for `/api/v1/status`. */
export interface DetectorStatus {
  readonly state: 'learning' | 'live'
  /** Data time, ms since 1970; 0 before the first span. */
  readonly clockMs: number
  /** Observations judged by this state, restarts included: by reason, and those flagged. */
  readonly judged: JudgedCounts
  /** Observations learned from. */
  readonly learned: number
  readonly calibration: {
    readonly have: number
    /** For a first model. */
    readonly needed: number
    /** Before a single observation can be flagged at alpha: 1/alpha - 1. */
    readonly neededToFlag: number
  }
  readonly strata: readonly StratumStatus[]
  readonly model: ModelStatus | null
}

export interface StratumStatus {
  readonly name: string
  readonly state: 'learning' | 'live'
  readonly sampled: number
  readonly needed: number
  readonly clusters: number
}

export interface ModelStatus {
  readonly id: string
  readonly version: number
  readonly fittedMs: number
  readonly installedMs: number
  readonly clusters: number
  readonly calibrated: number
}

export function statusOf(
  settings: DetectorSettings,
  learner: Learner,
  judge: Judge,
  clockMs: number,
  tables: Tables,
): DetectorStatus {
  const { model } = judge
  const clusters = new Map(model?.strata.map((one) => [one.stratum, one.clusters.length]))
  const strata: StratumStatus[] = []
  for (let stratum = 2; stratum < tables.elements.strata.size; stratum++) {
    strata.push({
      name: tables.elements.stratumText(stratum),
      state: clusters.has(stratum) ? 'live' : 'learning',
      sampled: learner.sampledOf(stratum),
      needed: settings.model.minObservations,
      clusters: clusters.get(stratum) ?? 0,
    })
  }
  return {
    state: model ? 'live' : 'learning',
    clockMs,
    judged: { ...judge.counts },
    learned: learner.learned,
    calibration: {
      have: learner.calibrationSize,
      needed: settings.model.minCalibration,
      neededToFlag: Math.ceil(1 / settings.alpha) - 1,
    },
    strata,
    model: model && modelStatus(model),
  }
}

function modelStatus(model: Model): ModelStatus {
  const { id, version, fittedMs, installedMs, calibration } = model
  const clusters = model.strata.reduce((sum, stratum) => sum + stratum.clusters.length, 0)
  return { id, version, fittedMs, installedMs, clusters, calibrated: calibration.count }
}
