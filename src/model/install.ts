import type { Churn } from '../contract/installed-model.ts'
import type { KeptTrace } from '../profile/kept-trace.ts'
import { ProfileScratch, unpackProfile } from '../profile/profile.ts'
import { ContentHash } from '../stats/content-hash.ts'
import { type FittedCluster, type FittedModel, type ModelRequest, POOLED } from './fit-request.ts'
import type { Model, NormalCluster, StratumModel } from './model.ts'
import { Scaler } from './scales.ts'

/**
 * Makes a model of what a fit found: attaches the real traces and the identities.
 * @param traces the trace behind each entry of the request's sample
 * @param previous the model whose medoids the fit started from
 */
export function makeModel(
  request: ModelRequest,
  result: FittedModel,
  traces: readonly KeptTrace[],
  previous: Model | null,
  installedMs: number,
): Model {
  const scaler = new Scaler(result.scales)
  const scratch = new ProfileScratch(new Int32Array(request.categories))
  const before = new Map(previous?.strata.map((stratum) => [stratum.stratum, stratum]))
  let index = 0
  const strata: StratumModel[] = result.strata.map(
    ({ stratum, clusters, shapes, observations, moved }) => ({
      stratum,
      shapes,
      observations,
      moved,
      clusters: clusters.map((fitted): NormalCluster => {
        scratch.loadPacked(request.sample, fitted.medoid)
        scaler.apply(scratch)
        const profile = unpackProfile(request.sample, fitted.medoid)
        const old = before.get(stratum)?.clusters[fitted.previousSlot] ?? null
        const survives = old !== null && fitted.movedBy <= Math.max(old.radius, 1e-6)
        return {
          id: survives ? old.id : clusterId(traces[fitted.medoid]!, stratum, request.version),
          index: index++,
          medoid: { ...profile, scaled: scratch.scaled.slice(0, scratch.count * 2) },
          members: Array.from(fitted.members, (i) => traces[i]!),
          weight: fitted.weight,
          radius: fitted.radius,
          meanDistance: fitted.meanDistance,
          errorShare: fitted.errorShare,
          firstSeenMs: survives ? old.firstSeenMs : installedMs,
          lastSeenMs: installedMs,
        }
      }),
    }),
  )
  const model = {
    id: '',
    version: result.version,
    fittedMs: result.timeMs,
    installedMs,
    scales: result.scales,
    strata,
    pooled: strata.some(({ stratum }) => stratum === POOLED) ? [...request.pooled] : [],
    calibration: result.calibration,
    churn: churnOf(result, strata, previous),
    effort: result.effort,
  }
  return { ...model, id: contentId(model) }
}

/** `n` and 12 hexadecimal digits: names the trace that founded the cluster. */
function clusterId(trace: KeptTrace, stratum: number, version: number): string {
  const hash = new ContentHash().numbers(trace.id).number(stratum).number(version)
  return `n${hash.hex().slice(0, 12)}`
}

function contentId(model: Omit<Model, 'id'>): string {
  const hash = new ContentHash().number(model.version).number(model.fittedMs)
  hash.numbers(model.scales.knots)
  const { time, shape } = model.calibration
  for (const { values } of [...time.groups, shape]) hash.numbers(values)
  for (const { clusters, shapes } of model.strata) {
    hash.numbers(shapes.pathSets.signatures)
    for (const cluster of clusters) hash.text(cluster.id).numbers(cluster.members[0]!.id)
  }
  return hash.hex()
}

function churnOf(
  result: FittedModel,
  strata: readonly StratumModel[],
  previous: Model | null,
): Churn {
  if (!previous) return { retention: 1, births: 0, deaths: 0, moved: 0 }
  const before = new Set(previous.strata.flatMap(({ clusters }) => clusters.map(({ id }) => id)))
  const after = new Set(strata.flatMap(({ clusters }) => clusters.map(({ id }) => id)))
  const fitted: FittedCluster[] = result.strata.flatMap(({ clusters }) => clusters)
  const same = fitted.filter(({ previousSlot, movedBy }) => previousSlot >= 0 && movedBy === 0)
  let moved = 0
  let weight = 0
  for (const stratum of result.strata) {
    moved += stratum.moved * stratum.observations
    weight += stratum.observations
  }
  return {
    retention: before.size === 0 ? 1 : same.length / before.size,
    births: [...after].filter((id) => !before.has(id)).length,
    deaths: [...before].filter((id) => !after.has(id)).length,
    moved: weight === 0 ? 0 : moved / weight,
  }
}
