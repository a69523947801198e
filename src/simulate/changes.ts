import {
  type CompiledCall,
  type CompiledStep,
  compileCall,
  type Operation,
} from './compiled-steps.ts'
import type { Service } from './service.ts'
import { type Shop, secondVersion } from './shop.ts'

/** What changes without being a fault. Times: ms after the start of the run. */
export type Change = DeploymentChange | MixChange | LoadChange | RampChange

/**
 * A new version that stays: new instances, its own times doubled, and one of its calls replaced by
 * the callee's second version.
 */
export interface DeploymentChange {
  readonly kind: 'deployment'
  readonly service: string
  readonly fromMs: number
}

/** Other shares of the entries: each named one's weight is multiplied. */
export interface MixChange {
  readonly kind: 'mix'
  /** By entry, `service/operation`. */
  readonly factors: Readonly<Record<string, number>>
  readonly fromMs: number
  readonly toMs: number
}

/** More or less traffic and nothing else; grows over `rampMs` (0 = at once). */
export interface LoadChange {
  readonly kind: 'load'
  readonly factor: number
  readonly fromMs: number
  readonly toMs: number
  readonly rampMs?: number
}

/** The own times of a service grow in a straight line to `factor` times the normal, and stay there. */
export interface RampChange {
  readonly kind: 'ramp'
  readonly service: string
  readonly factor: number
  readonly fromMs: number
  readonly toMs: number
}

const DEPLOYED_FACTOR = 2

/** The changes of one service. */
export interface ServiceChanges {
  /** When its new version takes over; Infinity = never. */
  readonly deployedNs: number
  readonly ramps: readonly RampChange[]
  /** The calls that the new version makes instead of these. */
  readonly replaced: ReadonlyMap<CompiledStep, CompiledCall>
}

/**
 * Changes by the index of the service; null where there are none.
 * @throws Error where a service or an entry is not in the shop, or a factor makes no sense.
 */
export function serviceChanges(
  shop: Shop,
  changes: readonly Change[],
): readonly (ServiceChanges | null)[] {
  for (const change of changes) checkChange(shop, change)
  return shop.services.map((service) => {
    const { name } = service
    const deployments = changes.filter((c) => c.kind === 'deployment' && c.service === name)
    const ramps = changes.filter((c) => c.kind === 'ramp').filter((c) => c.service === name)
    if (deployments.length + ramps.length === 0) return null
    const deployedNs = Math.min(...deployments.map((c) => c.fromMs * 1e6), Infinity)
    return { deployedNs, ramps, replaced: replacements(shop, service) }
  })
}

/** The first mandatory call of each operation of the service, with the callee's second version. */
function replacements(shop: Shop, service: Service): ReadonlyMap<CompiledStep, CompiledCall> {
  const replaced = new Map<CompiledStep, CompiledCall>()
  const seconds = new Map<Operation, Operation>()
  for (const operation of shop.operations.values()) {
    const target = operation.target
    if (operation.service !== service || target?.type !== 'call') continue
    const second = seconds.get(target.callee) ?? secondVersion(target.callee)
    seconds.set(target.callee, second)
    replaced.set(target, { ...target, ...compileCall(service, second) })
  }
  return replaced
}

function checkChange(shop: Shop, change: Change): void {
  if (change.kind === 'mix') {
    for (const name of Object.keys(change.factors)) {
      if (shop.entries.some((entry) => entry.name === name)) continue
      throw new Error(`Mix of ${name}, which is no entry of the shop.`)
    }
  } else if (change.kind === 'load') {
    if (!(change.factor >= 0)) throw new Error(`Load factor ${change.factor} is below 0.`)
  } else {
    if (shop.services.some(({ name }) => name === change.service)) return
    throw new Error(`Change of ${change.service}, which is no service of the shop.`)
  }
}

/** What the own times of a service are multiplied by at this time. */
export function selfFactor(changes: ServiceChanges, timeNs: number): number {
  let factor = timeNs >= changes.deployedNs ? DEPLOYED_FACTOR : 1
  for (const { fromMs, toMs, factor: end } of changes.ramps) {
    const done = Math.min(1, Math.max(0, (timeNs / 1e6 - fromMs) / Math.max(1, toMs - fromMs)))
    factor *= 1 + (end - 1) * done
  }
  return factor
}
