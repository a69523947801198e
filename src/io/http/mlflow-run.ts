import { messageOf } from '../telemetry/log.ts'
import { withoutCredentials } from './url-credentials.ts'

/** One finished run, as MLflow keeps it. */
export interface MlflowRun {
  readonly experiment: string
  readonly name: string
  readonly startedMs: number
  readonly endedMs: number
  readonly parameters: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly tags: Readonly<Record<string, string>>
  /** Files of the run by their names. */
  readonly files: Readonly<Record<string, string>>
}

interface MlflowInfo {
  readonly run_id: string
  readonly artifact_uri: string
}

const TIMEOUT_MS = 30_000
/** What `log-batch` takes at once, and how long a parameter may be. */
const MAX_PARAMETERS = 100
const MAX_PARAMETER_CHARS = 6000
const PROXIED = 'mlflow-artifacts:'

/**
 * Tells an MLflow tracking server of a run, through its REST API.
 * @param uri http or https, with user and password where the server asks for them
 * @returns the run's id
 * @throws Error that names the server and what it said; the run is then marked as failed
 */
export async function sendMlflowRun(uri: string, run: MlflowRun): Promise<string> {
  const server = new MlflowServer(uri)
  const experimentId = await server.experiment(run.experiment)
  const { run: created } = await server.post<{ run: { info: MlflowInfo } }>('runs/create', {
    experiment_id: experimentId,
    run_name: run.name,
    start_time: run.startedMs,
    tags: Object.entries(run.tags).map(([key, value]) => ({ key, value })),
  })
  const { run_id: runId, artifact_uri: artifacts } = created.info
  try {
    const params = Object.entries(run.parameters).map(([key, value]) => ({
      key,
      value: value.slice(0, MAX_PARAMETER_CHARS),
    }))
    for (let i = 0; i < Math.max(params.length, 1); i += MAX_PARAMETERS) {
      await server.post('runs/log-batch', {
        run_id: runId,
        params: params.slice(i, i + MAX_PARAMETERS),
        metrics:
          i > 0
            ? []
            : Object.entries(run.metrics)
                .filter(([, value]) => Number.isFinite(value))
                .map(([key, value]) => ({ key, value, timestamp: run.endedMs, step: 0 })),
      })
    }
    for (const [name, text] of Object.entries(run.files)) {
      await server.upload(artifacts, name, text)
    }
    await server.post('runs/update', { run_id: runId, status: 'FINISHED', end_time: run.endedMs })
  } catch (error) {
    // The first fault is the one to tell; the server may be gone by now.
    await server.post('runs/update', { run_id: runId, status: 'FAILED' }).catch(() => undefined)
    throw error
  }
  return runId
}

class MlflowServer {
  readonly #base: string

  readonly #authorization: Readonly<Record<string, string>>

  constructor(uri: string) {
    const { address, authorization } = withoutCredentials(uri)
    this.#authorization = authorization
    // Messages may show it.
    this.#base = address.href.replace(/\/+$/, '')
  }

  /** The id of the experiment of that name, made where there is none. */
  async experiment(name: string): Promise<string> {
    const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`
    const found = await this.#send('GET', `api/2.0/mlflow/${query}`, undefined, [404])
    if (found !== null) {
      const { experiment } = JSON.parse(found) as { experiment: { experiment_id: string } }
      return experiment.experiment_id
    }
    const made = await this.post<{ experiment_id: string }>('experiments/create', { name })
    return made.experiment_id
  }

  async post<T>(call: string, body: unknown): Promise<T> {
    const answer = await this.#send('POST', `api/2.0/mlflow/${call}`, JSON.stringify(body))
    return JSON.parse(answer || '{}') as T
  }

  /** Files go through the server, which stores them where it keeps its artifacts. */
  async upload(artifactUri: string, name: string, text: string): Promise<void> {
    if (!artifactUri.startsWith(PROXIED)) {
      throw new Error(
        `MLflow at ${this.#base} keeps files in ${artifactUri}, out of reach from here; start it with --serve-artifacts`,
      )
    }
    const folder = artifactUri.slice(PROXIED.length).replace(/^\/+(?:[^/]*:\d+\/)?/, '')
    const path = `${folder}/${name}`.split('/').map(encodeURIComponent).join('/')
    await this.#send('PUT', `api/2.0/mlflow-artifacts/artifacts/${path}`, text)
  }

  async #send(method: string, path: string, body?: string): Promise<string>
  async #send(
    method: string,
    path: string,
    body: string | undefined,
    missing: readonly number[],
  ): Promise<string | null>
  async #send(
    method: string,
    path: string,
    body?: string,
    missing: readonly number[] = [],
  ): Promise<string | null> {
    let response: Response
    try {
      response = await fetch(`${this.#base}/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: {
          ...this.#authorization,
          'content-type': method === 'PUT' ? 'application/octet-stream' : 'application/json',
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
      throw new Error(`MLflow at ${this.#base} does not answer: ${messageOf(cause)}`)
    }
    const text = await response.text()
    if (response.ok) return text
    if (missing.includes(response.status)) return null
    throw new Error(
      `MLflow at ${this.#base}: ${method} ${path}: ${response.status} ${text.slice(0, 200)}`,
    )
  }
}
