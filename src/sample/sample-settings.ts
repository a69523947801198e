export interface SampleSettings {
  /** Age at which an observation's weight in the reservoirs has halved, data time. */
  readonly halfLifeMs: number
  /** Observations kept over all strata to fit from, */
  readonly size: number
  /** ... and the most, where many strata are alive and each needs its floor. */
  readonly sizeMost: number
  /** Least and most observations of one stratum. */
  readonly stratumFloor: number
  readonly stratumCap: number
  /** Observations kept to calibrate from; disjoint from the above. */
  readonly calibrationSize: number
}
