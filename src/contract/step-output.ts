import type { Anomaly, Verdict } from './anomaly.ts'
import type { AnomalyClusterChange } from './anomaly-cluster.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { InstalledModel } from './installed-model.ts'
import type { NewError } from './new-error.ts'
import type { RejectedSpansNote } from './rejected-spans-note.ts'

/** What steps of the detector add to; the caller owns it and empties it when it has published. */
export interface StepOutput {
  /** One a judged observation, flagged or not, in the order of judging. */
  readonly verdicts: Verdict[]
  readonly anomalies: Anomaly[]
  readonly clusterChanges: AnomalyClusterChange[]
  readonly deadLetters: DeadLetter[]
  /** Error lines that came again and again before there was a model. */
  readonly newErrors: NewError[]
  /** Records of which some spans were left out, in their order. */
  readonly rejected: RejectedSpansNote[]
  /** Models that took effect. */
  readonly installed: InstalledModel[]
}
