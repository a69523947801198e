import { availableParallelism } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { parallelBoards } from '../../io/kmedoids/parallel-boards.ts'
import { InputError } from '../../io/tables/input-error.ts'
import { messageOf } from '../../io/telemetry/log.ts'
import type { Progress } from '../../kmedoids/clustering.ts'
import { type AssignJob, type ClusterJob, type JobMessage, runAssign, runJob } from './job.ts'

/** What the thread is started with; `stop` holds 1 when it shall come to an end. */
export interface JobStart {
  readonly job: ClusterJob | AssignJob
  readonly stop: Int32Array
}

/** Between two reports; what is drawn and written from them is slower than the swaps themselves. */
const REPORT_MS = 100

const { job, stop } = workerData as JobStart
let lastMs = -Infinity
const boards = parallelBoards(availableParallelism())

function tell(message: JobMessage): void {
  parentPort?.postMessage(message)
}

try {
  const watch = {
    makeBoard: boards.makeBoard,
    shouldStop: () => Atomics.load(stop, 0) === 1,
    onProgress: (progress: Progress) => {
      const nowMs = performance.now()
      if (nowMs - lastMs < REPORT_MS) return
      lastMs = nowMs
      tell({ kind: 'progress', progress })
    },
  }
  const result = 'medoids' in job ? await runAssign(job) : await runJob(job, watch)
  tell({ kind: 'done', result })
} catch (error) {
  // A RangeError of the engine tells of the input, too: where, what was found, what is allowed.
  const isInput = error instanceof InputError || error instanceof RangeError
  tell({ kind: 'failed', message: messageOf(error), isInput })
} finally {
  boards.close()
}
