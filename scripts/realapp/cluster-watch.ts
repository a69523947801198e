import { setTimeout as delay } from 'node:timers/promises'

/** What the list of anomaly clusters says of one, as far as it is looked at here. */
export interface ListedCluster {
  readonly id: string
  readonly state: string
  readonly place: string
  readonly term: string
  /** The most suspect first. */
  readonly services: readonly string[]
  /** The one first suspected, where it is said. */
  readonly suspect?: string
  readonly sentence: string
  readonly severity: string
  /** False: shown, but nobody is woken. */
  readonly alerts?: boolean
  readonly firstMs: number
  readonly openedMs: number
  readonly closedMs: number | null
}

/** A cluster as it was told at a moment of wall time; several a cluster, one for each thing it said. */
export interface Telling {
  readonly atMs: number
  readonly cluster: ListedCluster
}

/** The labels that an alert of a cluster had at a moment, as `name=value` in alphabetical order. */
export interface AlertLabels {
  readonly atMs: number
  readonly cluster: string
  readonly labels: string
}

export interface WatchRecord {
  readonly tellings: readonly Telling[]
  readonly alerts: readonly AlertLabels[]
}

const EVERY_MS = 1000
const ASK_MS = 5000
const ALERT_METRIC = 'medoscope_anomaly_cluster_info'

/** Asks medoscope once a second what it tells and what its alerts are called, and keeps each change. */
export class ClusterWatch {
  readonly tellings: Telling[] = []
  readonly alerts: AlertLabels[] = []
  readonly #url: string
  readonly #alertLabels: ReadonlySet<string>
  readonly #said = new Map<string, string>()
  readonly #labelled = new Map<string, string>()
  readonly #onTelling: (telling: Telling) => void
  #listed: readonly ListedCluster[] = []
  #running = true
  #done: Promise<void> | null = null

  /** @param alertLabels labels of the metric that the alert keeps: what it is identified by */
  constructor(
    url: string,
    alertLabels: ReadonlySet<string>,
    onTelling: (telling: Telling) => void = () => undefined,
  ) {
    this.#url = url
    this.#alertLabels = alertLabels
    this.#onTelling = onTelling
  }

  start(): void {
    this.#done = this.#watch()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
  }

  /** Clusters that are open, as of a second ago at most. */
  open(): ListedCluster[] {
    return this.#listed.filter(({ state }) => state === 'open')
  }

  async state(): Promise<string> {
    const response = await fetch(`${this.#url}/api/v1/coverage`)
    return ((await response.json()) as { state: string }).state
  }

  async #watch(): Promise<void> {
    while (this.#running) {
      try {
        await this.#ask()
      } catch {
        // medoscope that is away is seen by its process; a slow answer comes the next time.
      }
      await delay(EVERY_MS)
    }
  }

  async #ask(): Promise<void> {
    const signal = AbortSignal.timeout(ASK_MS)
    const response = await fetch(`${this.#url}/api/v1/anomaly-clusters`, { signal })
    const { clusters } = (await response.json()) as { clusters: ListedCluster[] }
    const atMs = Date.now()
    this.#listed = clusters
    for (const cluster of clusters) this.#take({ atMs, cluster })
    const metrics = await (await fetch(`${this.#url}/metrics`, { signal })).text()
    for (const line of metrics.split('\n')) {
      if (line.startsWith(`${ALERT_METRIC}{`)) this.#takeLabels(atMs, line)
    }
  }

  #take(telling: Telling): void {
    const { id, state, place, services, sentence, severity, alerts } = telling.cluster
    const said = JSON.stringify([state, place, services, sentence, severity, alerts])
    if (this.#said.get(id) === said) return
    this.#said.set(id, said)
    this.tellings.push(telling)
    this.#onTelling(telling)
  }

  #takeLabels(atMs: number, line: string): void {
    const pairs = [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    const cluster = pairs.find(([, name]) => name === 'cluster')?.[2] ?? ''
    const labels = pairs
      .filter(([, name = '']) => this.#alertLabels.has(name))
      .map(([, name, value]) => `${name}=${value}`)
      .sort()
      .join(' ')
    if (this.#labelled.get(cluster) === labels) return
    this.#labelled.set(cluster, labels)
    this.alerts.push({ atMs, cluster, labels })
  }
}
