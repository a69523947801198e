import { Worker } from 'node:worker_threads'
import { InputError } from '../../io/tables/input-error.ts'
import type { Assigned, AssignJob, ClusterJob, JobMessage, JobProgress, JobResult } from './job.ts'
import type { JobStart } from './job-worker.ts'

export interface JobWatch {
  readonly onProgress: (progress: JobProgress) => void
  /** Aborts: the job ends with the best it has. */
  readonly signal: AbortSignal
}

/**
 * Runs a job in a thread of its own, so that this one still hears signals and shows how far it is.
 * @throws InputError where the engine refuses the input
 */
export async function startJob(job: ClusterJob, watch: JobWatch): Promise<JobResult> {
  return (await inThread(job, watch)) as JobResult
}

/** Assigns rows in a thread of its own. @throws InputError where the engine refuses the input */
export async function startAssign(job: AssignJob, signal: AbortSignal): Promise<Assigned> {
  return (await inThread(job, { onProgress: () => undefined, signal })) as Assigned
}

async function inThread(
  job: ClusterJob | AssignJob,
  { onProgress, signal }: JobWatch,
): Promise<JobResult | Assigned> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const start: JobStart = { job, stop }
  const worker = new Worker(new URL('./job-worker.ts', import.meta.url), { workerData: start })
  const end = (): void => {
    Atomics.store(stop, 0, 1)
  }
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    return await new Promise<JobResult | Assigned>((resolve, reject) => {
      worker.on('message', (message: JobMessage) => {
        if (message.kind === 'progress') onProgress(message.progress)
        else if (message.kind === 'done') resolve(message.result)
        else reject(message.isInput ? new InputError(message.message) : new Error(message.message))
      })
      worker.on('error', reject)
      worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)))
    })
  } finally {
    signal.removeEventListener('abort', end)
    await worker.terminate()
  }
}
