import { fileURLToPath } from 'node:url'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../contract/cluster-detail.ts'
import type { InstalledModel } from '../contract/installed-model.ts'
import type { Acceptance, Signature } from '../contract/signature.ts'
import type { StepOutput } from '../contract/step-output.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import { ClusterStore } from '../io/cluster-store.ts'
import type { AdminRoutes } from '../io/http/admin.ts'
import { registerClusterRoutes } from '../io/http/api.ts'
import type { ClusterChanges } from '../io/http/cluster-changes.ts'
import { registerSignatureRoutes } from '../io/http/signatures-api.ts'
import { ClusterMetrics, type ClusterMetricsSettings } from '../io/telemetry/cluster-metrics.ts'
import type { Metrics } from '../io/telemetry/metrics.ts'
import type { PageLinks } from '../ui/cluster-page.ts'
import type { LearningState, SenderTrouble, UnjudgedOperation } from '../ui/clusters-page.ts'
import { duration } from '../ui/quantity.ts'

const RUNBOOKS = fileURLToPath(new URL('../../docs/runbooks', import.meta.url))
/** Entry operations that the coverage document lists one by one. */
const LISTED_OPERATIONS = 500
/** Strata named on the home page while they are still learning. */
const NAMED_STRATA = 10
/** Services named there for each kind of trouble. */
const NAMED_SERVICES = 10

/** The detector as this part sees it: see `Detector`. */
export interface ClusterDetector {
  installed(): InstalledModel | null
  openClusters(): AnomalyCluster[]
  pastClusters(): AnomalyCluster[]
  signatures(): Signature[]
  acceptances(): Acceptance[]
  clusterDetail(id: string): ClusterDetail | null
  status(): DetectorStatus
}

/** What people see of anomaly clusters in a running service: their store, metrics, API and pages. */
export class ClusterService {
  readonly #store = new ClusterStore()
  readonly #metrics: ClusterMetrics
  readonly #detector: ClusterDetector
  readonly #links: PageLinks

  constructor(
    metrics: Metrics,
    settings: ClusterMetricsSettings,
    detector: ClusterDetector,
    links: PageLinks,
  ) {
    this.#detector = detector
    this.#links = links
    this.#metrics = new ClusterMetrics(metrics, settings, this.#store)
    this.#metrics.use(detector.installed())
    this.#store.seed([...detector.pastClusters(), ...detector.openClusters()])
  }

  /** Remembers the anomaly clusters that one turn of the loop changed, and counts what else it brought. */
  take(output: StepOutput): void {
    for (const change of output.clusterChanges) this.#store.take(change)
    this.#metrics.count(output)
  }

  /** Adds the API and the pages to the admin server; what changes anything needs the token. */
  routes(changes: ClusterChanges, token: string, now: () => number): AdminRoutes {
    return (server) => {
      registerSignatureRoutes(server, {
        signatures: () => this.#detector.signatures(),
        acceptances: () => this.#detector.acceptances(),
        changes,
        token,
      })
      registerClusterRoutes(server, {
        changes,
        signatures: () => this.#detector.signatures(),
        acceptances: () => this.#detector.acceptances(),
        token,
        store: this.#store,
        learning: () => learningState(this.#detector.status(), now()),
        detail: (id) => this.#detector.clusterDetail(id),
        coverage: () => coverageDocument(this.#detector.status()),
        links: this.#links,
        runbooks: RUNBOOKS,
      })
    }
  }
}

/**
 * What `GET /api/v1/coverage` says: the entry operations with most unjudged traces first, then the services
 * whose spans come late, whose clocks are ahead, and whose logs join no trace.
 */
export function coverageDocument(status: DetectorStatus): object {
  const { state, clockMs, coverage, model, late, clocksAhead, unjoinedLogs } = status
  const { seen, share, entryOperations, room } = coverage
  return {
    state,
    data_time_ms: clockMs,
    model: model?.id ?? null,
    traces_seen: seen,
    judged_ratio: share,
    entry_operations: entryOperations.slice(0, LISTED_OPERATIONS),
    entry_operations_unlisted: Math.max(0, entryOperations.length - LISTED_OPERATIONS),
    tables: room.map(({ what, used, limit, forgotten, overflow }) => ({
      ...{ table: what, used, limit, forgotten, taken_together: overflow },
    })),
    late,
    clocks_ahead: clocksAhead.map(({ service, spans, aheadMs }) => ({
      ...{ service, spans, ahead_ms: aheadMs },
    })),
    unjoined_logs: unjoinedLogs,
  }
}

/** The detector's state as the home page tells it. */
export function learningState(status: DetectorStatus, nowMs: number): LearningState {
  const { calibration, strata, model, clockMs, learned } = status
  const needed = Math.max(1, calibration.needed)
  return {
    state: status.state,
    observations: learned,
    progress: status.state === 'live' ? 1 : Math.min(1, calibration.have / needed),
    missing: missing(status),
    modelInstalledMs: model?.installedMs ?? null,
    watermarkMs: clockMs > 0 ? clockMs : null,
    behindMs: clockMs > 0 ? Math.max(0, nowMs - clockMs) : null,
    strata: strata.length,
    coverage: {
      share: status.coverage.share,
      seen: status.coverage.seen,
      unjudged: unjudgedOperations(status.coverage.entryOperations).slice(0, NAMED_STRATA),
    },
    senders: senderTroubles(status),
  }
}

function senderTroubles({ late, clocksAhead, unjoinedLogs }: DetectorStatus): SenderTrouble[] {
  return [
    ...late.slice(0, NAMED_SERVICES).map(({ service, spans }) => ({
      service,
      what: `${spans} spans came too late and were dropped`,
    })),
    ...clocksAhead.slice(0, NAMED_SERVICES).map(({ service, spans, aheadMs }) => ({
      service,
      what: `its clock is ahead: ${spans} spans, the last by ${duration(aheadMs)}`,
    })),
    ...unjoinedLogs.slice(0, NAMED_SERVICES).map(({ service, alone, late: after }) => ({
      service,
      what: `log records that name a trace and did not join it: ${alone} found none, ${after} came after it was judged`,
    })),
  ]
}

/** Those that are not judged, or not always, with why; the most unjudged traces first. */
export function unjudgedOperations(
  operations: DetectorStatus['coverage']['entryOperations'],
): (UnjudgedOperation & { readonly seen: number })[] {
  return operations
    .filter(({ learning, incomplete }) => learning + incomplete > 0)
    .map(({ name, seen, learning, incomplete }) => ({
      ...{ name, seen },
      share: (learning + incomplete) / seen,
      why: learning >= incomplete ? 'too little is known of it yet' : 'spans of it were dropped',
    }))
}

function missing({ state, calibration, strata }: DetectorStatus): string[] {
  const lines: string[] = []
  const { have, needed, neededToFlag } = calibration
  if (state === 'learning' && have < needed) {
    lines.push(`${have} of ${needed} calibration traces until the first model`)
  }
  if (have < neededToFlag) {
    lines.push(
      `${have} of ${neededToFlag} calibration traces until a single trace can be flagged at alpha`,
    )
  }
  const learning = strata.filter((stratum) => stratum.state === 'learning')
  for (const { name, sampled, needed: wanted } of learning.slice(0, NAMED_STRATA)) {
    lines.push(`${name}: ${sampled} of ${wanted} traces until it is judged`)
  }
  if (learning.length > NAMED_STRATA) {
    lines.push(`${learning.length - NAMED_STRATA} further entry operations are still learning`)
  }
  return lines
}
