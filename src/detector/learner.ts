import type { PlaceReferenceState } from '../baseline/place-reference.ts'
import { PlaceReference } from '../baseline/place-reference.ts'
import type { IdSets } from '../columns/marks.ts'
import { POOLED } from '../model/fit-request.ts'
import type { Model } from '../model/model.ts'
import { useProfile, useTrace } from '../profile/ids-in-use.ts'
import { type KeptTrace, keepTrace } from '../profile/kept-trace.ts'
import type { Profile, ProfileScratch } from '../profile/profile.ts'
import { packProfiles } from '../profile/profile.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { type SampleName, StrataSample, type StrataSampleState } from '../sample/strata-sample.ts'
import type { FitRequest } from './fit.ts'
import { Quarantine, type QuarantineState } from './quarantine.ts'
import type { DetectorSettings } from './settings.ts'
import type { Tables } from './tables.ts'

/** Observations (decayed) of a rare stratum from which it is judged with others. */
const LEAST_POOLED = 4

/** An observation in a reservoir. */
interface Sampled {
  readonly profile: Profile
  /** The trace itself, as it may become a medoid; null in the calibration sample. */
  readonly trace: KeptTrace | null
}

/** Where an observation goes, if anywhere, once it may be learned from. */
interface Offer {
  readonly which: SampleName
  readonly key: number
  readonly tie: number
  readonly sampled: Sampled
}

/** Buckets of evidence after which an anomaly cluster has opened, if one will. */
const WAIT_BUCKETS = 4

/**
 * What is remembered of normal traffic: the reservoirs to fit and to calibrate from, and how each
 * place behaves. What is part of an open anomaly cluster stays out; what is flagged waits until it is
 * known whether one opens. The rest of it comes in, for samples without the flagged ones would be cut
 * off at their own threshold, and each refresh would move the threshold further in.
 */
export class Learner {
  /** Observations learned from, ever. */
  learned = 0
  /** Observations left out, for a time or for good, because they were flagged, or part of an open anomaly cluster. */
  quarantined = 0
  readonly places: PlaceReference
  readonly #settings: DetectorSettings
  readonly #tables: Tables
  readonly #quarantine: Quarantine<Offer>
  #sample: StrataSample<Sampled>

  constructor(settings: DetectorSettings, tables: Tables) {
    this.#settings = settings
    this.#tables = tables
    this.#sample = this.#newSample()
    this.#quarantine = new Quarantine(WAIT_BUCKETS * settings.accumulate.bucketMs)
    this.places = new PlaceReference(tables.elements, {
      bucketMs: settings.accumulate.bucketMs,
      halfLifeMs: settings.sample.halfLifeMs,
      seed: settings.seed,
    })
  }

  /** Observations that waited, and went with an incident or for want of room. */
  get forgotten(): number {
    return this.#quarantine.forgotten
  }

  get calibrationSize(): number {
    return this.#sample.calibrationSize
  }

  /** Observations kept to fit from, by stratum id. */
  sampledOf(stratum: number): number {
    return this.#sample.keptOf(stratum)
  }

  /** Strata that could be judged by themselves if a model were fitted now, and are not. */
  awaited(model: Model | null): number {
    const { minObservations } = this.#settings.model
    const judged = new Set(model?.strata.map(({ stratum }) => stratum))
    let awaited = 0
    for (const stratum of this.#sample.strata()) {
      if (judged.has(stratum) || stratum <= POOLED) continue
      if (this.#sample.keptOf(stratum) >= minObservations) awaited++
    }
    return awaited
  }

  /** Learns from an observation that fits, or that nothing is known against. */
  learn(elements: TraceElements, x: ProfileScratch, timeMs: number): void {
    this.learned++
    this.places.learn(elements, timeMs)
    const offer = this.#offer(elements, x, timeMs)
    if (offer) this.#put(elements.stratum, offer)
  }

  /** ... from one that is unusual: later, once it is known that it is not part of an incident. */
  learnLater(elements: TraceElements, x: ProfileScratch, timeMs: number): void {
    this.learned++
    this.places.learn(elements, timeMs)
    this.#wait(elements, x, timeMs)
  }

  /** Takes note of a flagged observation: it waits as well, and says nothing of places. */
  setAside(elements: TraceElements, x: ProfileScratch, timeMs: number): void {
    this.quarantined++
    this.#wait(elements, x, timeMs)
  }

  /** Takes note of an observation that is part of an open anomaly cluster. */
  leaveOut(stratum: number, timeMs: number): void {
    this.quarantined++
    this.#quarantine.noteIncident(stratum, timeMs)
  }

  /** Data time has come this far: learns from what no anomaly cluster came for. */
  advance(clockMs: number): void {
    this.#quarantine.release(clockMs, (stratum, offer) => {
      this.#put(stratum, offer)
    })
  }

  #wait(elements: TraceElements, x: ProfileScratch, timeMs: number): void {
    const offer = this.#offer(elements, x, timeMs)
    if (offer) this.#quarantine.add(elements.stratum, timeMs, offer)
  }

  #offer(elements: TraceElements, x: ProfileScratch, timeMs: number): Offer | null {
    const which = this.#sample.admit(elements.trace.id, timeMs, elements.stratum)
    if (which === null) return null
    const trace = which === 'fit' ? keepTrace(elements, this.#tables.categorySlots) : null
    const { key, tie } = this.#sample
    return { which, key, tie, sampled: { profile: x.keep(), trace } }
  }

  #put(stratum: number, { which, key, tie, sampled }: Offer): void {
    this.#sample.put(which, key, tie, stratum, sampled)
  }

  #newSample(state?: StrataSampleState<Sampled>): StrataSample<Sampled> {
    const { sample, features, seed } = this.#settings
    return new StrataSample(sample, features.maxStrata, seed, state)
  }

  /** Of these nothing has come for long: what is remembered of them makes room. */
  giveUp(idle: IdSets): void {
    const waiting = new Set(this.#quarantine.waiting.map(({ stratum }) => stratum))
    this.#sample.forget(new Set([...idle.strata].filter((stratum) => !waiting.has(stratum))))
    this.places.giveUp(idle)
  }

  /** Takes note of the ids that samples refer to. */
  use(used: IdSets): void {
    const note = ({ profile, trace }: Sampled): void => {
      useProfile(used, profile)
      if (trace) useTrace(used, trace)
    }
    const { fit, calibration } = this.#sample.everything()
    for (const sampled of fit) note(sampled)
    for (const { stratum, item } of calibration) {
      used.strata.add(stratum)
      note(item)
    }
    for (const { stratum, item } of this.#quarantine.waiting) {
      used.strata.add(stratum)
      note(item.sampled)
    }
    for (const stratum of this.#sample.strata()) used.strata.add(stratum)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    this.#quarantine.forget(gone.strata)
    this.places.forget(gone)
  }

  /** What a fit needs to know, with the traces behind the entries of its sample. */
  fitRequest(
    version: number,
    timeMs: number,
    previous: Model | null,
  ): { request: FitRequest; traces: KeptTrace[] } {
    this.#sample.rebalance()
    const { own, pooled } = this.#shareOut()
    const entries = this.#candidates(own, pooled, previous)
    const categories = this.#tables.categories.length
    const calibrating = this.#sample.calibrationItems()
    const { alpha, seed, model } = this.#settings
    const { strata } = this.#tables.elements
    const request = {
      version,
      seed,
      timeMs,
      alpha,
      minObservations: model.minObservations,
      maxClustersPerStratum: model.maxClustersPerStratum,
      minSupport: model.minSupport,
      categories,
      sample: packProfiles(
        entries.map(({ profile }) => profile),
        categories,
      ),
      sampleStratum: Int32Array.from(entries, ({ stratum }) => stratum),
      sampleWeight: Float64Array.from(entries, ({ weight }) => weight),
      previousSlot: Int32Array.from(entries, ({ slot }) => slot),
      pooled: Int32Array.from(pooled),
      calibration: packProfiles(
        calibrating.map(({ item }) => item.profile),
        categories,
      ),
      calibrationStratum: Int32Array.from(calibrating, ({ stratum }) => stratum),
      calibrationEntry: Int32Array.from(calibrating, ({ stratum }) => strata.entryOf(stratum)),
      places: this.places.request(),
    }
    return { request, traces: entries.map(({ trace }) => trace) }
  }

  /** Which strata have enough to be judged by themselves, and which have enough to be judged with others. */
  #shareOut(): { own: number[]; pooled: number[] } {
    const { minObservations } = this.#settings.model
    const own: number[] = []
    const pooled: number[] = []
    for (const stratum of this.#sample.strata()) {
      if (stratum > POOLED && this.#sample.keptOf(stratum) >= minObservations) own.push(stratum)
      else if (this.#sample.rateOf(stratum) >= LEAST_POOLED) pooled.push(stratum)
    }
    return { own, pooled }
  }

  /** What is kept of rare strata, each in proportion to its rate, as many as one stratum may have. */
  #pooledItems(pooled: readonly number[]): Sampled[] {
    const { stratumCap } = this.#settings.sample
    const kept = this.#sample.poolItems()
    const items: Sampled[] = []
    let rate = 0
    for (const stratum of pooled) rate += this.#sample.rateOf(stratum)
    for (const stratum of pooled) {
      const share = Math.ceil((stratumCap * this.#sample.rateOf(stratum)) / rate)
      items.push(...this.#sample.fitItems(stratum).slice(0, share))
    }
    return [...kept.slice(0, Math.max(0, stratumCap - items.length)), ...items].slice(0, stratumCap)
  }

  /** The sample by stratum, previous medoids among it marked, or added where they have left it. */
  #candidates(
    own: readonly number[],
    pooled: readonly number[],
    previous: Model | null,
  ): Candidate[] {
    const entries: Candidate[] = []
    const add = (stratum: number, items: readonly Sampled[]): void => {
      for (const { profile, trace } of items) {
        entries.push({ stratum, profile, trace: trace!, weight: 1, slot: -1 })
      }
    }
    add(POOLED, this.#pooledItems(pooled))
    for (const stratum of own) add(stratum, this.#sample.fitItems(stratum))
    const byTrace = new Map<string, Candidate>()
    for (const entry of entries) byTrace.set(nameOf(entry.stratum, entry.trace), entry)
    for (const { stratum, clusters } of previous?.strata ?? []) {
      clusters.forEach(({ medoid, members }, slot) => {
        const trace = members[0]!
        const known = byTrace.get(nameOf(stratum, trace))
        if (known) known.slot = slot
        else entries.push({ stratum, profile: medoid, trace, weight: 0, slot })
      })
    }
    return entries.sort((a, b) => a.stratum - b.stratum)
  }

  state(): LearnerState {
    return {
      learned: this.learned,
      quarantined: this.quarantined,
      quarantine: this.#quarantine.state(),
      sample: this.#sample.state(),
      places: this.places.state(),
    }
  }

  restore(state: LearnerState): void {
    this.learned = state.learned
    this.quarantined = state.quarantined
    this.#quarantine.restore(state.quarantine)
    this.#sample = this.#newSample(state.sample)
    this.places.restore(state.places)
  }
}

interface Candidate {
  readonly stratum: number
  readonly profile: Profile
  readonly trace: KeptTrace
  readonly weight: number
  slot: number
}

function nameOf(stratum: number, { id }: KeptTrace): string {
  return `${stratum}:${id.join('.')}`
}

export interface LearnerState {
  readonly learned: number
  readonly quarantined: number
  readonly quarantine: QuarantineState<Offer>
  readonly sample: StrataSampleState<Sampled>
  readonly places: PlaceReferenceState
}
