import {
  AnomalyClusters,
  type AnomalyClustersState,
  IN_NO_CLUSTER,
  type ObservationContext,
} from '../anomaly-clusters/anomaly-clusters.ts'
import type { KeptExample } from '../anomaly-clusters/members.ts'
import type { AssembledTrace } from '../assemble/assembled-trace.ts'
import { isUnusual } from '../baseline/entry-shares.ts'
import type { IdSets } from '../columns/marks.ts'
import type { Anomaly, Reason, Verdict } from '../contract/anomaly.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../contract/cluster-detail.ts'
import type { InstalledModel } from '../contract/installed-model.ts'
import type { Answer } from '../contract/signature.ts'
import type { StepOutput } from '../contract/step-output.ts'
import { DriftMonitor, type DriftMonitorState } from '../drift/drift-monitor.ts'
import { ActiveModel, type Judgement, noJudgement } from '../model/active-model.ts'
import { POOLED } from '../model/fit-request.ts'
import { useModel } from '../model/ids-of-model.ts'
import { makeModel } from '../model/install.ts'
import type { Model } from '../model/model.ts'
import { hexWords, type KeptTrace, keepTrace } from '../profile/kept-trace.ts'
import { ProfileScratch } from '../profile/profile.ts'
import { TraceElements } from '../profile/trace-elements.ts'
import { Coverage, type CoverageState } from './coverage.ts'
import { contributionsOf, type RawContribution, rankServices, summarise } from './explanation.ts'
import type { FitRequest, FitResult } from './fit.ts'
import { installedModel } from './installed-model.ts'
import type { Learner } from './learner.ts'
import type { DetectorSettings } from './settings.ts'
import type { Tables } from './tables.ts'
import { templateDifferences } from './template-differences.ts'

/** Share of a stratum that changes its cluster at a refresh, from which its shares are other ones. */
const RELABELLED = 0.1

/** What comes this rarely is learned from only once it is known that no incident brought it. */
const UNUSUAL = 0.02

const NO_CONTRIBUTIONS: readonly RawContribution[] = []

/** Judged observations by reason, and those flagged. Numbers only rise. */
export type JudgedCounts = Record<Reason, number> & { flagged: number }

/**
 * One closed trace at a time: describes it, judges it by the model in effect, adds its deviations to
 * the evidence, and only then learns from it.
 */
export class Judge {
  readonly counts: JudgedCounts = {
    normal: 0,
    time: 0,
    shape: 0,
    learning: 0,
    incomplete: 0,
    flagged: 0,
  }
  readonly clusters: AnomalyClusters
  /** How much of the recent traffic is judged. */
  readonly coverage = new Coverage()
  drift: DriftMonitor
  readonly #settings: DetectorSettings
  readonly #tables: Tables
  readonly #learner: Learner
  readonly #elements: TraceElements
  readonly #x: ProfileScratch
  readonly #judgement: Judgement = noJudgement()
  #active: ActiveModel | null = null

  constructor(settings: DetectorSettings, tables: Tables, learner: Learner) {
    this.#settings = settings
    this.#tables = tables
    this.#learner = learner
    this.#elements = new TraceElements(tables.elements, tables.slots)
    this.#x = new ProfileScratch(tables.categorySlots)
    this.drift = new DriftMonitor(settings.drift)
    this.clusters = new AnomalyClusters(
      settings.accumulate,
      tables.elements,
      learner.places,
      tables.evidence,
      settings.alpha,
    )
  }

  get model(): Model | null {
    return this.#active?.model ?? null
  }

  /** Warm-up: learns without judging. */
  learn(trace: AssembledTrace): void {
    this.#elements.read(trace)
    if (trace.truncated) return
    this.#x.read(this.#elements)
    this.#learner.learn(this.#elements, this.#x, trace.endMs)
  }

  observe(trace: AssembledTrace, output: StepOutput): void {
    this.#elements.read(trace)
    this.#x.read(this.#elements)
    const reason = this.#judge(trace)
    const judged = reason !== 'learning' && reason !== 'incomplete'
    const flagged = judged && this.#judgement.p <= this.#settings.alpha
    // A place may be known well before the stratum is: its evidence counts all the same.
    const whole = reason !== 'incomplete'
    const { cluster, accepted } = whole
      ? this.clusters.observe(this.#elements, this.#context(flagged))
      : IN_NO_CLUSTER
    const member = cluster !== null
    if (whole) this.#learnStructure(trace.endMs)
    if (judged) this.#monitorDrift(trace.endMs, member)
    const verdict = this.#verdict(trace, reason, flagged)
    output.verdicts.push(verdict)
    this.counts[reason]++
    this.coverage.add(this.#elements.stratum, trace.endMs, reason, this.#isPooled())
    if (flagged) {
      this.counts.flagged++
      output.anomalies.push(this.#anomaly(verdict, trace, cluster))
    }
    if (reason === 'incomplete') return
    if (member) this.#learner.leaveOut(this.#elements.stratum, trace.endMs)
    else if (flagged && !accepted) this.#learner.setAside(this.#elements, this.#x, trace.endMs)
    else if (judged && this.#isUnusual()) {
      this.#learner.learnLater(this.#elements, this.#x, trace.endMs)
    } else this.#learner.learn(this.#elements, this.#x, trace.endMs)
  }

  /** Data time has come this far. */
  advance(clockMs: number, output: StepOutput): void {
    this.#learner.advance(clockMs)
    this.clusters.advance(clockMs, output.clusterChanges)
  }

  /** Data time was wrong and was set back. */
  turnBack(clockMs: number): void {
    this.clusters.turnBack(clockMs)
    this.#learner.places.turnBack(clockMs)
  }

  /** Makes the model of a fit and lets it judge from here on. */
  install(
    request: FitRequest,
    result: FitResult,
    traces: readonly KeptTrace[],
    installedMs: number,
  ): InstalledModel {
    if (this.model === null) this.coverage.restart()
    const model = makeModel(request, result, traces, this.model, installedMs)
    this.#activate(model)
    this.clusters.install({ ...model, places: result.places })
    for (const { stratum, moved } of model.strata) {
      if (moved > RELABELLED) this.drift.relabel(stratum)
    }
    return installedModel(model)
  }

  /** Of these strata nothing has come for long. */
  giveUp(strata: Iterable<number>): void {
    this.drift.giveUp(strata)
  }

  /** Takes note of the ids that clusters and what is watched refer to. */
  use(used: IdSets): void {
    this.clusters.use(used)
    this.drift.use(used.strata)
  }

  /** ... that what was fitted refers to: the next fit may know them no more. */
  useFitted(used: IdSets): void {
    if (this.model) useModel(used, this.model)
    this.clusters.useFitted(used)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    this.#elements.forget()
    this.clusters.forget(gone)
    this.coverage.forget(gone.strata)
  }

  openClusters(): AnomalyCluster[] {
    return this.clusters.open()
  }

  pastClusters(): AnomalyCluster[] {
    return this.clusters.past()
  }

  clusterDetail(id: string): ClusterDetail | null {
    return this.clusters.detail(id)
  }

  accept(cluster: string, clockMs: number, output: StepOutput, said: Answer): boolean {
    return this.clusters.accept(cluster, clockMs, output.clusterChanges, said)
  }

  #activate(model: Model): void {
    this.#active = new ActiveModel(model)
  }

  #judge(trace: AssembledTrace): Reason {
    const active = this.#active
    this.#judgement.stratum = null
    if (trace.truncated) return 'incomplete'
    if (!active) return 'learning'
    active.judge(this.#x, this.#elements.stratum, this.#judgement)
    if (!this.#judgement.stratum) return 'learning'
    if (this.#judgement.p > this.#settings.alpha) return 'normal'
    return this.#judgement.timeScore >= this.#judgement.shapeScore ? 'time' : 'shape'
  }

  #isUnusual(): boolean {
    return this.#judgement.pShape <= UNUSUAL
  }

  /** Whether the last observation was judged together with other rare entry operations. */
  #isPooled(): boolean {
    return this.#judgement.stratum?.stratum === POOLED
  }

  /** How often an entry has unusual sets of calls is learned of all observations, flagged or not. */
  #learnStructure(timeMs: number): void {
    const { stratum, pStructure } = this.#judgement
    if (stratum === null || this.#isPooled()) return
    this.#learner.places.learnStructure(this.#elements.stratum, isUnusual(pStructure), timeMs)
  }

  /** The rank of the distance, and the cluster by a number that it keeps as long as its id. */
  #monitorDrift(timeMs: number, member: boolean): void {
    const { pDistance, cluster } = this.#judgement
    const number = Number.parseInt(cluster!.id.slice(1), 16)
    this.drift.observe(this.#elements.stratum, 1 - pDistance, number, timeMs, member)
  }

  #context(flagged: boolean): ObservationContext {
    return {
      timeMs: this.#elements.trace.endMs,
      flagged,
      // Rare entry operations have no share of unusual shapes of their own.
      pStructure: this.#judgement.stratum && !this.#isPooled() ? this.#judgement.pStructure : null,
      differingPath: this.#judgement.differingPath,
      categories: this.#x.categories,
      keep: (): KeptExample => ({
        profile: this.#x.keep(),
        trace: keepTrace(this.#elements, this.#tables.categorySlots),
        nearestNormal: this.#judgement.cluster?.members[0] ?? null,
      }),
    }
  }

  #verdict(trace: AssembledTrace, reason: Reason, flagged: boolean): Verdict {
    const { stratum, cluster, p, pTime, pShape, timeScore, shapeScore } = this.#judgement
    const judged = stratum !== null && cluster !== null
    const explained = judged && (flagged || this.#settings.explainAll)
    const contributions = explained ? this.#contributions() : NO_CONTRIBUTIONS
    return {
      id: observationId(trace),
      timeMs: trace.endMs,
      kind: trace.part === 'session' ? 'session' : 'trace',
      score: judged ? timeScore + shapeScore : null,
      p: judged ? p : null,
      pTime: judged ? pTime : null,
      pShape: judged ? pShape : null,
      anomalous: flagged,
      cluster: cluster?.id ?? null,
      reason,
      stratum: this.#tables.elements.stratumText(this.#elements.stratum),
      services: explained ? rankServices(contributions, this.#tables.elements) : [],
      contributions,
      ...(explained ? this.#templates() : {}),
      model: judged ? this.#active!.model.id : null,
    }
  }

  /** How the log lines differ from those of the medoid. */
  #templates(): Pick<Verdict, 'templates'> {
    const normal = this.#judgement.cluster?.members[0]
    if (normal === undefined) return {}
    const { element, count } = this.#elements
    const templates = templateDifferences(element, count, normal, this.#tables)
    return templates.length === 0 ? {} : { templates }
  }

  #contributions(): readonly RawContribution[] {
    const { medoid } = this.#judgement.cluster!
    const { stratum } = this.#elements
    return contributionsOf(
      (emit) => this.#active!.explain(this.#x, stratum, this.#judgement, emit),
      medoid,
      {
        table: this.#tables.elements,
        values: this.#tables.values,
        categories: this.#tables.categories,
      },
    )
  }

  #anomaly(verdict: Verdict, trace: AssembledTrace, anomalyCluster: string | null): Anomaly {
    const kept = keepTrace(this.#elements, this.#tables.categorySlots)
    const normal = this.#judgement.cluster?.members[0]
    const contributions = verdict.contributions as readonly RawContribution[]
    return {
      id: `${verdict.kind}-${verdict.id}`,
      verdict,
      anomalyCluster,
      spanId: trace.rooted ? hexWords(kept.entrySpan) : '',
      summary: summarise(verdict.stratum, contributions, verdict.p ?? 1, this.#tables.elements),
      trace: this.#tables.evidence.read(kept),
      nearestNormal: normal ? this.#tables.evidence.read(normal) : null,
    }
  }

  state(): JudgeState {
    return {
      counts: { ...this.counts },
      model: this.model,
      clusters: this.clusters.state(),
      drift: this.drift.snapshot(),
      coverage: this.coverage.state(),
    }
  }

  restore(state: JudgeState): void {
    Object.assign(this.counts, state.counts)
    if (state.model) this.#activate(state.model)
    this.clusters.restore(state.clusters)
    this.coverage.restore(state.coverage)
    this.drift = DriftMonitor.restore(state.drift, this.#settings.drift)
  }
}

export interface JudgeState {
  readonly counts: JudgedCounts
  readonly model: Model | null
  readonly clusters: AnomalyClustersState
  readonly drift: DriftMonitorState
  readonly coverage: CoverageState
}

/** The trace id; for a part of a trace also the span id that it begins with. */
function observationId({ part, traceId, columns }: AssembledTrace): string {
  const id = hexWords(traceId)
  return part === 'trace' || part === 'session'
    ? id
    : `${id}-${hexWords(columns.of.spanId.slice(0, 2))}`
}
