import type { StepOutput } from '../contract/step-output.ts'

/** What the next steps add to. */
export function emptyOutput(): StepOutput {
  return {
    verdicts: [],
    anomalies: [],
    clusterChanges: [],
    deadLetters: [],
    newErrors: [],
    rejected: [],
    installed: [],
  }
}
