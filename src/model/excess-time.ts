import { fromLogTime, MAX_SELF, PROFILE_STRIDE, type ProfileScratch } from '../profile/profile.ts'
import type { Scaler } from './scales.ts'

/**
 * The time question: how much longer than usual did the elements of an observation work, in
 * milliseconds? Not on each element's own scale: normal calls stall for hundreds of milliseconds in
 * arbitrary elements, and a tail of its own would call each stall astronomically rare.
 */
export interface ExcessTime {
  /** Self time beyond the upper quartiles of the elements, ms. */
  excessMs: number
  /** What the elements usually take, ms: the sum of their medians. */
  expectedMs: number
}

/** Elements never seen have no usual time: the shape question speaks of them. */
export function excessTime(x: ProfileScratch, scaler: Scaler, out: ExcessTime): void {
  const { upperSelf, medianSelfMs } = scaler.scales
  let excess = 0
  let expected = 0
  for (let row = 0; row < x.count; row++) {
    const scale = scaler.row(x.paths[row]!)
    if (scale < 0) continue
    const self = x.values[row * PROFILE_STRIDE + MAX_SELF]!
    const usual = upperSelf[scale]!
    if (self > usual) excess += fromLogTime(self) - fromLogTime(usual)
    expected += medianSelfMs[scale]!
  }
  out.excessMs = excess
  out.expectedMs = expected
}

/** The parts of `excessTime(x).excessMs`, by path. */
export function explainExcess(
  x: ProfileScratch,
  scaler: Scaler,
  emit: (path: number, selfMs: number, excessMs: number) => void,
): void {
  const { upperSelf } = scaler.scales
  for (let row = 0; row < x.count; row++) {
    const scale = scaler.row(x.paths[row]!)
    if (scale < 0) continue
    const self = x.values[row * PROFILE_STRIDE + MAX_SELF]!
    const usual = upperSelf[scale]!
    if (self <= usual) continue
    const selfMs = fromLogTime(self)
    emit(x.paths[row]!, selfMs, selfMs - fromLogTime(usual))
  }
}

/**
 * Milliseconds count for less where everything takes long: the spread of a sum of many waits grows
 * with its root.
 */
export function relativeExcess({ excessMs, expectedMs }: ExcessTime): number {
  return excessMs / Math.sqrt(1 + expectedMs)
}

/** Number of octaves of expected time that are told apart: up to some days. */
export const OCTAVES = 28

/** Observations of one stratum whose expected times lie within a factor of two are comparable. */
export function octaveOf(expectedMs: number): number {
  return Math.min(OCTAVES - 1, Math.round(Math.log2(1 + expectedMs)))
}
